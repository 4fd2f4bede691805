/** What the condition `Created` says while no job is known: whether a create may have reached SageMaker. */
import type { Failure, Reason } from "../api/job.ts";
import type { JobSite, ProcessingJobStatus } from "../api/processing_job.ts";
import { appearsInMs } from "./absence.ts";
import type { Context } from "./action.ts";
import { saysInDoubt, saysNotSent } from "./history.ts";

/** Failures of the caller: no request is sent, or AWS refuses its signature before it reads the request. */
const OF_THE_CALLER: readonly Reason[] = [
  "CredentialsUnavailable",
  "EndpointNotAllowed",
  "EnvironmentUnavailable",
  "InvalidNamespaceAnnotation",
  "InvalidRegion",
  "NamespaceUnknown",
  "RegionNotAllowed",
  "RoleNotAllowed",
];

/** Texts of the condition `Created`. */
export const IN_DOUBT =
  "A create of the processing job was sent, or is about to be, and its outcome is not known; a look at SageMaker will tell";
export const NOT_SENT = "No create of the processing job has reached SageMaker, so it has no job of this resource";

/** `not-sent`: no create has reached SageMaker. `in-doubt`: one was sent, or is about to be, and its outcome is unknown. */
export type CreateState = "not-sent" | "in-doubt";

/**
 * What there is to say; undefined for nothing, which means that a create may have been refused, or may be under way.
 *
 * That nothing was sent is said only where the caller itself is the problem, since a status that says so costs another one
 * before the create is sent.
 */
export function createState(context: Context): CreateState | undefined {
  const { resource: { status }, observed } = context;
  if (observed.isOwn === false) return undefined;
  if (observed.isNeverSent) {
    const isWorthSaying = saysNotSent(status) || (observed.failure !== undefined && isOfCaller(observed.failure));
    return isWorthSaying ? "not-sent" : undefined;
  }
  return isInDoubt(context) ? "in-doubt" : undefined;
}

/** Whether the outcome of a create is unknown, by the status or by this process, and no look has settled it yet. */
export function isInDoubt(context: Context): boolean {
  const { resource: { status }, observed: { unsettledAt, sighting, hasLooked } } = context;
  if (unsettledAt === undefined && !saysInDoubt(status)) return false;
  const isSettled = hasLooked === true && sighting?.absent !== undefined && appearsInMs(context) <= 0;
  return !isSettled;
}

/** `status`, which says that nothing was sent, as it must be before a create is; `site` is where that will be. */
export function announced(status: ProcessingJobStatus, site: JobSite | undefined, now: string): ProcessingJobStatus {
  const conditions = status.conditions?.map((condition) =>
    condition.type === "Created"
      ? {
        ...condition,
        status: "Unknown" as const,
        reason: "OutcomeUnknown" as const,
        message: IN_DOUBT,
        lastTransitionTime: now,
      }
      : condition
  );
  return { ...status, ...(conditions && { conditions }), ...(site && { site }) };
}

/** Whether the cause of a failure is the caller's own: credentials, endpoint, region, or what the namespace allows. */
export function isOfCaller({ reason }: Failure): boolean {
  return OF_THE_CALLER.includes(reason);
}
