import type { Account, Failure, Reason, Retry } from "../api/job.ts";
import { AnswerTooLargeError } from "../util/limited_answer.ts";
import { isOversized, readQuotaRefusal } from "./quota.ts";
import { shownText } from "./service_text.ts";

/** Which call failed: the same code means one thing for a create and another for a look. */
export interface CallSite {
  /** The API's name, as in `CreateProcessingJob`. */
  operation: string;
  /** Whose operation it is, for messages. @default {"SageMaker"} */
  service?: string;
  region: string;
  /** Only where it isn't AWS's own. */
  endpoint?: string | undefined;
}

/**
 * What the service says, by code. A code is looked up without its ending `Exception` or `Error`, which differ from service to
 * service. The first three rows are the AWS SDK's own lists (`@smithy/core`, service-error-classification), the rest are the
 * errors common to all AWS services and those of SageMaker's model.
 */
const BY_CODE: [Retry, Reason, string[]][] = [
  ["soon", "Throttled", [
    "BandwidthLimitExceeded",
    "EC2Throttled",
    "LimitExceeded",
    "PriorRequestNotComplete",
    "ProvisionedThroughputExceeded",
    "RequestLimitExceeded",
    "RequestThrottled",
    "SlowDown",
    "Throttled",
    "Throttling",
    "TooManyRequests",
    "TransactionInProgress",
  ]],
  ["soon", "ServiceUnavailable", [
    "Internal",
    "InternalFailure",
    "InternalServer",
    "RequestTimeout",
    "ServiceUnavailable",
  ]],
  ["soon", "ClockSkewed", ["RequestExpired", "RequestInTheFuture", "RequestTimeTooSkewed"]],
  ["slowly", "CredentialsUnavailable", ["CredentialsProvider", "ExpiredToken", "TokenRefreshRequired"]],
  ["person", "CredentialsUnavailable", [
    "AuthFailure",
    "IncompleteSignature",
    "InvalidAccessKeyId",
    "InvalidClientTokenId",
    "InvalidSignature",
    "InvalidToken",
    "MissingAuthenticationToken",
    "SignatureDoesNotMatch",
    "UnrecognizedClient",
  ]],
  ["person", "AccessDenied", [
    "AccessDenied",
    "NotAuthorized",
    "OptInRequired",
    "Unauthorized",
    "UnauthorizedOperation",
  ]],
  ["slowly", "QuotaExceeded", ["ResourceLimitExceeded", "ServiceQuotaExceeded"]],
  // A job of this name is there already; whose it is, a look shows.
  ["soon", "NameConflict", ["ResourceInUse"]],
];

/** Codes with which a create is refused for what is in it. */
const INVALID = ["InvalidParameter", "InvalidParameterCombination", "InvalidParameterValue", "MissingParameter"]
  .concat("Serialization", "Validation");

/** SageMaker has no one code for it; the middle text is real, the last is that of moto, a stand-in. */
const NOT_FOUND = /^(Requested resource not found|Could not find requested job|Could not find processing job)/i;
/** Of two inputs with one path the service says nothing (https://github.com/aws/sagemaker-python-sdk/issues/4939). */
const NO_REASON =
  "SageMaker gives no reason; two inputs, or an input and an output, with the same localPath are the usual cause";
/** IAM takes a while to show a new role to other services, so these may go away by themselves. */
const ROLE_NOT_READY =
  /could not assume role|(unable|failed) to assume|unable to perform: sts:AssumeRole|cannot be assumed/i;
/** How a wrong clock shows in a signature that is otherwise refused as wrong. */
const SKEWED_SIGNATURE = /signature (expired|not yet current)/i;
/** Codes of Node and of TLS, as in ECONNRESET, ERR_SSL_WRONG_VERSION_NUMBER, UNABLE_TO_VERIFY_LEAF_SIGNATURE. */
const NETWORK_CODE = /^(E[A-Z]+(_AGAIN)?|UND_ERR_.*)$/;
const TLS_CODE = /^(ERR_(SSL|TLS)_|CERT_|UNABLE_TO_|SELF_SIGNED_|DEPTH_ZERO_|HOSTNAME_MISMATCH)/;

const CODES = new Map(BY_CODE.flatMap(([retry, reason, codes]) => codes.map((code) => [code, { retry, reason }])));

/**
 * The class of an error that a call of SageMaker ended with, or `not-found` where the service says that there is no such job.
 * The old controller's three "recoverable" codes and everything that may pass are retried; what isn't known is too, slowly.
 */
export function classify(error: unknown, call: CallSite): Failure | "not-found" {
  const { code, text: said, status, requestId } = read(error);
  const text = said === "" && bare(code) === "Validation" && call.operation === "CreateProcessingJob"
    ? NO_REASON
    : said;
  if (NETWORK_CODE.test(code) || TLS_CODE.test(code) || isTlsText(text)) return networkFailure(code, text, call);
  if (code === "AbortError" || code === "TimeoutError") {
    return {
      retry: "soon",
      reason: "NetworkUnavailable",
      code: "TimeoutError",
      message: `No answer from ${target(call)}`,
    };
  }
  if (error instanceof AnswerTooLargeError) {
    const message = `Did not read the answer of ${target(call)} to its end: ${text}`;
    return { retry: "slowly", reason: "ServiceUnavailable", code: error.name, message };
  }
  if (status === undefined && text.startsWith("Region not accepted")) return invalidRegion("never", code, text, call);

  const shown = code === "" ? `HTTP ${status}` : code;
  const found = byCode(code, text, call) ?? byStatus(status);
  if (found === "not-found") return found;
  const message = `${[shown, text].filter((part) => part !== "").join(": ")}${
    requestId && ` (request id ${requestId})`
  }`;
  return found.reason === "QuotaExceeded"
    ? quotaFailure({ ...found, code: shown, message })
    : { ...found, code: shown, message };
}

/** A request that is larger than the whole quota waits for a person: for a higher quota, or for a smaller request. */
function quotaFailure(failure: Failure): Failure {
  const quota = readQuotaRefusal(failure.message);
  if (quota === undefined) return failure;
  if (!isOversized({ ...failure, quota })) return { ...failure, quota };
  const { name, limit, requested, unit } = quota;
  const message =
    `${failure.message}. The request needs ${requested} ${unit} and the whole quota '${name}' is ${limit}: ` +
    "request a higher quota from AWS, or delete the resource and apply one that asks for less";
  return { ...failure, retry: "person", quota, message };
}

/** No credentials: what went wrong with the source that was meant to give them. */
export class CredentialsError extends Error {
  override readonly name = "CredentialsError";
  /** @param source what the environment asks for; `undefined` where it asks for nothing */
  constructor(readonly source: string | undefined, cause: unknown) {
    super(cause instanceof Error ? cause.message : String(cause), { cause });
  }
}

/** Why there are no credentials to sign with. The chain's own words say little, so this adds where it looks. */
export function credentialsFailure(error: unknown): Failure {
  const { source, cause } = error instanceof CredentialsError ? error : { source: undefined, cause: error };
  const { code } = read(cause);
  const reason = "CredentialsUnavailable";
  if (source !== undefined) {
    return { retry: "slowly", reason, code, message: `Cannot get AWS credentials from ${source}: ${whyNot(cause)}` };
  }
  const ways =
    "a role for its service account (EKS Pod Identity or IRSA), AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, " +
    "a profile (AWS_PROFILE), or the instance's role";
  const message = `Cannot get AWS credentials: ${whyNot(cause)}; give the operator one of ${ways}`;
  return { retry: "slowly", reason, code, message };
}

/** What a source of credentials said, or how it failed to. */
function whyNot(error: unknown): string {
  const { code, text } = read(error);
  if (code === "AbortError" || code === "TimeoutError" || /TimeoutError|timed? ?out/i.test(text)) {
    return "their source does not answer";
  }
  if (code === "ENOENT") return `the file is not there (${text})`;
  if (isNetworkCode(code) || /ECONNREFUSED|EHOSTUNREACH|ENETUNREACH|Unable to connect/.test(text)) {
    return `it cannot be reached: ${text}`;
  }
  if (/Requires read access/.test(text)) return `the file is not where this program may read (${text.split(",")[0]})`;
  if ((error as { $fault?: string } | undefined)?.$fault !== undefined) return `${code}: ${text}`;
  // The container's credentials and the instance's metadata answer with a status, and perhaps with words of their own.
  const { Code, Message, statusCode } = (error ?? {}) as { Code?: string; Message?: string; statusCode?: number };
  const said = [Code, Message].filter(Boolean).join(": ") || (statusCode && `status ${statusCode}`);
  if (said) return `${text} (${said})`;
  return text || code;
}

/** Why the operator did not get a session of the role that a Namespace names. */
export function assumeRoleFailure(error: unknown, { roleArn, externalId }: Account): Failure {
  const { code, text, status, requestId } = read(error);
  const said = code === "AbortError" || code === "TimeoutError"
    ? "STS does not answer"
    : `${[code, text].filter((part) => part !== "").join(": ")}${requestId && ` (request id ${requestId})`}`;
  if (isRefusalOfCredentials(error)) {
    const { retry } = CODES.get(bare(code))!;
    const message =
      `Cannot assume the role '${roleArn}' of the resource's namespace: STS does not accept the operator's own ` +
      `credentials: ${said}`;
    return { retry, reason: "CredentialsUnavailable", code, message };
  }
  const isDenied = status === 403 || bare(code) === "AccessDenied";
  const external = externalId === undefined ? "" : ` with the external id '${externalId}'`;
  // EKS Pod Identity gives the operator's own session a tag of the same key, which can't be set once more.
  const mend = /transitive/i.test(text)
    ? "; turn off the session tags of the operator's EKS Pod Identity association (--disable-session-tags)"
    : isDenied
    ? "; the operator's own identity must be allowed 'sts:AssumeRole' and 'sts:TagSession' on it, and its trust policy must " +
      `let both in${external}`
    : "";
  const message = `Cannot assume the role '${roleArn}' of the resource's namespace: ${said}${mend}`;
  const retry = mend === "" ? "slowly" : "person";
  return { retry, reason: "CredentialsUnavailable", code, message };
}

/** Whether AWS refused the credentials that a request was signed with, rather than what they may do. */
export function isRefusalOfCredentials(error: unknown): boolean {
  return CODES.get(bare(read(error).code))?.reason === "CredentialsUnavailable";
}

type Class = Pick<Failure, "retry" | "reason">;

function byCode(code: string, text: string, { operation }: CallSite): Class | "not-found" | undefined {
  const name = bare(code);
  if (name === "ResourceNotFound") {
    // What a create doesn't find is something that its spec names, as a trial or a feature group.
    return operation === "CreateProcessingJob" ? { retry: "person", reason: "InvalidSpec" } : "not-found";
  }
  if (INVALID.includes(name)) return invalid(text, operation);
  if (SKEWED_SIGNATURE.test(text)) return { retry: "soon", reason: "ClockSkewed" };
  return CODES.get(name);
}

function invalid(text: string, operation: string): Class | "not-found" {
  if (operation === "CreateProcessingJob") {
    return ROLE_NOT_READY.test(text)
      ? { retry: "slowly", reason: "RoleNotReady" }
      : { retry: "never", reason: "InvalidSpec" };
  }
  if (NOT_FOUND.test(text)) return "not-found";
  // Which texts a stop of an ended job is refused with is documented nowhere: another look tells.
  return { retry: operation === "StopProcessingJob" ? "soon" : "slowly", reason: "UnknownError" };
}

function byStatus(status: number | undefined): Class {
  if (status === 429) return { retry: "soon", reason: "Throttled" };
  if (status !== undefined && status >= 500) return { retry: "soon", reason: "ServiceUnavailable" };
  return { retry: "slowly", reason: "UnknownError" };
}

function networkFailure(code: string, text: string, call: CallSite): Failure {
  if (code === "ENOTFOUND" && /sagemaker/.test(text) && text.includes(`.${call.region}.`)) {
    return invalidRegion("person", code, text, call);
  }
  const retry = TLS_CODE.test(code) || isTlsText(text) ? "slowly" : "soon";
  return { retry, reason: "NetworkUnavailable", code, message: `Cannot reach ${target(call)}: ${text || code}` };
}

function invalidRegion(retry: Retry, code: string, text: string, { region }: CallSite): Failure {
  const message = `Cannot find SageMaker in region '${region}': it must be an AWS region that has SageMaker (${text})`;
  return { retry, reason: "InvalidRegion", code, message };
}

function target({ service = "SageMaker", region, endpoint }: CallSite): string {
  return endpoint === undefined ? `${service} in region '${region}'` : `${service} at '${endpoint}'`;
}

function isTlsText(text: string): boolean {
  return /invalid peer certificate|self.signed certificate|certificate (has expired|verify failed)/i.test(text);
}

interface Reading {
  /** The service's code or the network's; empty where the answer carried none. */
  code: string;
  text: string;
  status: number | undefined;
  requestId: string;
}

/** The SDK's errors have the service's code as their name; Node's have a code beside it, sometimes on their cause. */
function read(error: unknown): Reading {
  const fields = error as {
    name?: string;
    message?: string;
    $metadata?: { httpStatusCode?: number; requestId?: string };
  } | undefined;
  const status = fields?.$metadata?.httpStatusCode;
  const requestId = fields?.$metadata?.requestId ?? "";
  const text = shownText(fields?.message ?? String(error));
  const system = systemCode(error);
  if (system !== undefined) return { code: system, text, status, requestId };
  const name = fields?.name ?? "Error";
  // An answer that isn't the service's (a proxy's page, say), or one without a code: only the HTTP status says something.
  const anonymous = status !== undefined && (name === "Unknown" || name === "SyntaxError" || name === "Error");
  return { code: anonymous ? "" : name, text: text === "UnknownError" ? "" : text, status, requestId };
}

/** The network's code for an error, which may be that of its cause; `undefined` if it has none. */
export function systemCode(error: unknown, depth = 0): string | undefined {
  if (!(error instanceof Error) || depth > 4) return undefined;
  const code = (error as { code?: unknown }).code;
  if (typeof code === "string" && isNetworkCode(code)) return code;
  return systemCode(error.cause, depth + 1);
}

/** Whether AWS has such a code. What an endpoint may answer is without end. */
export function isServiceCode(code: string): boolean {
  const name = bare(code);
  return CODES.has(name) || INVALID.includes(name) || name === "ResourceNotFound";
}

/** Whether a code is the network's, as ECONNRESET, or that of TLS. */
export function isNetworkCode(code: string): boolean {
  return NETWORK_CODE.test(code) || TLS_CODE.test(code);
}

function bare(code: string): string {
  return code.replace(/(Exception|Error)$/, "");
}
