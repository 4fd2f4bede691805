import type { AnswerTooLargeError } from "../util/limited_answer.ts";

/** Whom an error is about; part of every message, so that a wrong context is seen at once. */
interface Server {
  server: string;
  source: string;
}

/** `metav1.Status`, as far as it is used. */
export interface KubeStatus {
  kind: "Status";
  message?: string;
  reason?: string;
  code?: number;
  details?: { retryAfterSeconds?: number };
}

/** A cluster can't be found, or its configuration or credentials can't be used; the message says what to do. */
export class ConfigError extends Error {
  override readonly name = "ConfigError";
}

/** A request that the API server refused or never answered. */
export class KubeError extends Error {
  override readonly name = "KubeError";
  /** The HTTP status, or 0 if there was no answer. */
  readonly status: number;
  /** The API server's reason, as `NotFound` or `Conflict`; without an answer, one of `NetworkReason`. */
  readonly reason: string;
  /** How long the API server wants to be left alone, in milliseconds. */
  readonly retryAfterMs?: number;

  constructor(
    message: string,
    { status, reason, retryAfterMs, cause }: { status: number; reason: string; retryAfterMs?: number; cause?: unknown },
  ) {
    super(message, cause === undefined ? undefined : { cause });
    this.status = status;
    this.reason = reason;
    if (retryAfterMs !== undefined) this.retryAfterMs = retryAfterMs;
  }
}

export type NetworkReason =
  | "Timeout"
  | "ConnectionRefused"
  | "ConnectionLost"
  | "HostUnknown"
  | "CertificateUntrusted"
  | "NotPermitted"
  | "CredentialsUnavailable"
  | "InvalidAnswer"
  | "AnswerTooLarge";

/** The error for an answer that isn't a success. */
export function answerError(what: string, server: Server, response: Response, body: string): KubeError {
  const status = parseStatus(body);
  return statusError(what, server, {
    code: response.status,
    ...(status ?? { message: excerpt(body) || response.statusText || "no explanation" }),
  }, response.headers.get("retry-after"));
}

/** The error for a `Status`, which also comes as an event of a watch. */
export function statusError(
  what: string,
  server: Server,
  status: Omit<KubeStatus, "kind">,
  retryAfter: string | null = null,
): KubeError {
  const code = status.code ?? 500;
  const seconds = Number(retryAfter ?? status.details?.retryAfterSeconds ?? NaN);
  const message = code === 401
    ? `the API server does not accept the credentials of ${server.source}; log in again or renew them`
    : status.message ?? "no explanation";
  return new KubeError(`Cannot ${what}: ${message} (${code})`, {
    status: code,
    reason: status.reason ?? `HTTP ${code}`,
    ...(seconds >= 0 ? { retryAfterMs: seconds * 1000 } : {}),
  });
}

/** The error for a request that got no answer, or only a part of one. */
export function networkError(server: Server, cause: unknown): KubeError {
  if (cause instanceof KubeError) return cause;
  if (cause instanceof ConfigError) {
    return new KubeError(cause.message, { status: 0, reason: "CredentialsUnavailable", cause });
  }
  const [reason, text] = explain(cause);
  const where = `'${server.server}' (${server.source})`;
  return new KubeError(`Cannot reach the API server at ${where}: ${text}`, { status: 0, reason, cause });
}

/** The error for an answer that was not read to its end. */
export function answerTooLarge(what: string, { server, source }: Server, cause: AnswerTooLargeError): KubeError {
  const message =
    `Cannot ${what}: the API server at '${server}' (${source}) is not read further, because ${cause.message}`;
  return new KubeError(message, { status: 0, reason: "AnswerTooLarge", cause });
}

/** Whether an answer was not read to its end because it is too large. A smaller page of a list may be read. */
export function isTooLarge(error: unknown): boolean {
  return error instanceof KubeError && error.reason === "AnswerTooLarge";
}

/** Deno gives every network fault as a TypeError; 2.4 has the details in its message, later ones in its cause's. */
function explain(error: unknown): [NetworkReason, string] {
  if (!(error instanceof Error)) return ["ConnectionLost", String(error)];
  const inner = error.cause instanceof Error ? error.cause.message : "";
  const text = `${error.message}: ${inner}`;
  if (error.name === "TimeoutError") return ["Timeout", lowerFirst(error.message)];
  if (error.name === "NotCapable") return ["NotPermitted", lowerFirst(error.message)];
  if (text.includes("Connection refused")) {
    return [
      "ConnectionRefused",
      "the connection was refused; check that the address is right and that the server runs",
    ];
  }
  if (text.includes("dns error")) return ["HostUnknown", "the name of its host cannot be resolved"];
  if (text.includes("UnknownIssuer")) {
    return ["CertificateUntrusted", "an unknown authority signed its certificate; check 'certificate-authority-data'"];
  }
  const certificate = /invalid peer certificate: (.*?)(?:;|: *$|$)/.exec(text)?.[1];
  if (certificate) return ["CertificateUntrusted", `its certificate is refused: ${lowerFirst(certificate)}`];
  return ["ConnectionLost", `the connection was lost: ${innermost(text)}`];
}

/** `error sending request for url (…): client error (Connect): why` → `why`. */
function innermost(text: string): string {
  return text.replace(/^fetch failed: /, "").replace(/^error sending request.*?: client error \(\w+\): /, "")
    .replace(/:\s*$/, "");
}

function parseStatus(body: string): KubeStatus | undefined {
  try {
    const value = JSON.parse(body);
    return value?.kind === "Status" ? value : undefined;
  } catch {
    return undefined;
  }
}

/** The first line of something that may be a page of HTML. */
export function excerpt(text: string): string {
  return text.trim().split("\n", 1)[0]!.slice(0, 200);
}

function lowerFirst(text: string): string {
  return text.charAt(0).toLowerCase() + text.slice(1);
}
