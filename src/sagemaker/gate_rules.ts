import { type Failure, quotaSiteKey, type Reason, type Site, siteKey } from "../api/job.ts";
import { isOversized, type QuotaKey } from "./quota.ts";
import type { RetryBudget } from "./retry_budget.ts";
import type { LineRule } from "./waiting_line.ts";

/** What is known of a call before it is sent, as far as it tells which calls would fail together with it. */
export interface Call extends Site {
  /** The API's name, as in `CreateProcessingJob`. */
  operation: string;
  /** The role that the job is to run with; for creates. */
  roleArn?: string | undefined;
  /** What quotas are counted by; for creates. */
  instanceType?: string | undefined;
  /** How many instances a create asks for. @default {1} */
  instances?: number | undefined;
  /** The size of the volume of each instance, in GB; for creates. */
  volumeGB?: number | undefined;
  /** With whom it takes turns together where others wait too: in the operator, the namespace. @default {""} */
  tenant?: string;
  /** When the resource was made, in milliseconds since the epoch: its place among those of its tenant who wait. */
  createdAt: number;
}

/** Whose calls a failure says something about, from the fewest to the most. */
export const SCOPES = ["resource", "oversized", "quota", "role", "operation"] as const;
export type Scope = typeof SCOPES[number];

const AGAIN_MS = { soon: 0, slowly: 60_000, person: 5 * 60_000, never: 0 };
/** Short enough that a try comes at least once a minute, the time of the calls included. */
const QUOTA_REST_MS = 50_000;
const FIRST_PAUSE_MS = 500;
const LONGEST_PAUSE_MS = 30_000;
const SCOPE_OF: Partial<Record<Reason, Scope | "budget">> = {
  Throttled: "budget",
  CredentialsUnavailable: "operation",
  InvalidRegion: "operation",
  AccessDenied: "role",
  RoleNotReady: "role",
  QuotaExceeded: "quota",
  CapacityUnavailable: "quota",
};
/** The service did not say a thing about the call itself. */
const UNANSWERED: Reason[] = ["ServiceUnavailable", "NetworkUnavailable", "ClockSkewed"];
/** What SageMaker only says once it has accepted the role. */
const ROLE_ACCEPTED: Reason[] = ["QuotaExceeded", "CapacityUnavailable", "NameConflict"];

/** Whether the service may be out, rather than the call be refused. */
export function isUnanswered({ reason }: Failure): boolean {
  return UNANSWERED.includes(reason);
}

/** What `outcome` says to the budget of its operation. */
export function effortOf(outcome: "ok" | Failure): "ok" | "throttled" | "unknown" {
  if (outcome === "ok") return "ok";
  if (outcome.reason === "Throttled") return "throttled";
  return isAnswered(outcome) ? "ok" : "unknown";
}

/** The line to wait in after `failure`; none where only the resource's own backoff matters. */
export function scopeOf(failure: Failure, isOutage: boolean): Scope | "budget" | undefined {
  if (failure.retry === "never") return undefined;
  if (isOutage) return "operation";
  if (isOversized(failure)) return "oversized";
  return SCOPE_OF[failure.reason] ?? (failure.retry === "soon" ? undefined : "resource");
}

/** What a call's end means for a line other than the one whose failure it is. */
export function verdictOn(scope: Scope, outcome: "ok" | Failure): "passed" | "undecided" | "leave" {
  if (outcome === "ok") return "passed";
  const { reason, retry } = outcome;
  const isDecided = isAnswered(outcome) && reason !== "Throttled";
  if (scope === "operation") return isAnswered(outcome) ? "passed" : "leave";
  if (scope === "role" && ROLE_ACCEPTED.includes(reason)) return "passed";
  return isDecided || retry === "never" ? "leave" : "undecided";
}

/** Whether the service has spoken. */
function isAnswered({ reason }: Failure): boolean {
  return SCOPE_OF[reason] !== "operation" && !UNANSWERED.includes(reason) && reason !== "EndpointNotAllowed";
}

/** How the line of `scope` is served. `random` gives numbers from 0 to below 1. */
export function ruleOf(scope: Scope, budget: RetryBudget, random: () => number): LineRule {
  const againMs = ({ retry }: Failure) => AGAIN_MS[retry];
  switch (scope) {
    case "resource":
    case "oversized":
      return { width: 1, strikes: 1, inOrder: true, isFair: false, budget, restMs: () => 0, againMs };
    case "role":
      return { width: 64, strikes: 2, inOrder: false, isFair: true, budget, restMs: () => 0, againMs };
    case "quota":
      return {
        width: 1,
        strikes: 2,
        inOrder: true,
        isFair: true,
        restMs: () => QUOTA_REST_MS,
        againMs: () => QUOTA_REST_MS,
      };
    case "operation": {
      const restMs = ({ retry }: Failure, closings: number) => AGAIN_MS[retry] || pauseMs(closings, random);
      return { width: 8, strikes: 1, inOrder: true, isFair: true, restMs, againMs: () => 0 };
    }
  }
}

function pauseMs(closings: number, random: () => number): number {
  const longest = Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** closings);
  return longest / 2 + random() * longest / 2;
}

/** What those wait for who wait although nothing has failed. */
export const BUSY: Failure = {
  retry: "soon",
  reason: "Waiting",
  code: "Busy",
  message: "as many calls are under way as may be",
};

/**
 * The failure of others as it is shown for a call that waits because of it. The message is shown to the same namespace only, since
 * it may name the job, the role or the resource of the namespace whose call failed; others are shown the code.
 */
export function waiting(failure: Failure, scope: Scope | "budget", call: Call): Failure {
  const { operation, roleArn } = call;
  if (scope === "quota" || scope === "oversized") return waitingForQuota(failure, scope, call);
  const why = {
    resource: "Waiting",
    role: `Waiting because others ${roleArn === undefined ? "" : `with the role '${roleArn}' `}were refused`,
    operation: `Waiting because ${operation} fails for others`,
    budget: `Waiting for ${operation}`,
  }[scope];
  return { ...failure, message: isOfTenant(failure, call) ? `${why}: ${failure.message}` : `${why} (${failure.code})` };
}

function isOfTenant({ tenant }: Failure, call: Call): boolean {
  return tenant === undefined || tenant === (call.tenant ?? "");
}

/**
 * What a call waits for that goes at the rate which SageMaker accepts, be it that it was throttled itself or that others were.
 *
 * @param perSecond how many such calls a second are believed to be accepted
 */
export function waitingForTurn(failure: Failure, call: Call, perSecond: number): Failure {
  const { operation } = call;
  const rate = Number(perSecond.toPrecision(1));
  const said = isOfTenant(failure, call) ? failure.message.replace(/ \(request id [^)]*\)/g, "") : failure.code;
  const message =
    `Waiting for its turn: SageMaker accepts about ${rate} ${operation} call${rate === 1 ? "" : "s"} a second ` +
    `for this account and region (${said})`;
  return { ...failure, message };
}

/**
 * What a create waits for that was not sent because a quota refused others. It names the quota, not the request that was refused,
 * which may be another namespace's.
 */
function waitingForQuota(failure: Failure, scope: "quota" | "oversized", { instanceType }: Call): Failure {
  const { quota, ...rest } = failure;
  if (quota === undefined) {
    const of = instanceType ? ` of ${instanceType}` : "";
    const message = `Waiting for quota${of} behind others, which were refused with ${failure.code}`;
    return { ...rest, message };
  }
  const { name, limit, unit } = quota;
  const which = `the quota '${name}', which is ${limit} ${unit}`;
  const message = scope === "quota"
    ? `Waiting for ${which}: requests that came earlier go first`
    : `Waiting for a higher quota: others were refused because they ask for more than ${which}`;
  return { ...rest, message };
}

/** One operation in one account at one site, as AWS's rates and quotas count it. */
export function placeOf(call: Call): string {
  return `${call.operation} ${quotaSiteKey(call)}`;
}

/** The line that `call` of `key` waits in; `quota` only for lines that are those of a quota. */
export function nameOf(scope: Scope, key: string, call: Call, quota?: QuotaKey): string {
  const { type, name, unit } = quota ?? {};
  const of = {
    resource: key,
    oversized: [type, name, unit],
    quota: [type, name, unit],
    role: call.roleArn ?? "",
    operation: "",
  }[scope];
  // What a role is refused says nothing of another namespace's session of it.
  const isOfSession = scope === "role" || scope === "operation";
  return JSON.stringify([scope, of, isOfSession ? `${call.operation} ${siteKey(call)}` : placeOf(call)]);
}
