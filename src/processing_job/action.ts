/** What `decide` is told, and what it may answer. */
import type { Failure, Sighting } from "../api/job.ts";
import { createState } from "./create_state.ts";
import type { PolicyDefaults } from "../api/policies.ts";
import type { AppliedDefault, JobSite, ProcessingJob, ProcessingJobStatus } from "../api/processing_job.ts";
import { statusOf, type View } from "./status.ts";

/** Everything that `decide` may know beyond the resource itself. */
export interface Observed {
  /** What SageMaker said of this resource's job, if anybody asked. */
  sighting?: Sighting;
  /** Which part of each heartbeat's interval passes before this resource's, from 0 to below 1. @default {0} */
  heartbeatPhase?: number;
  /** The informer follows the job already, though it may not have seen it yet. */
  isFollowed?: boolean;
  /** This reconcile has asked SageMaker for the job, with or without an answer. */
  hasLooked?: boolean;
  /** Whether the job of the sighting is this resource's, if anybody checked. */
  isOwn?: boolean;
  /** Why the create, stop or check that this reconcile just sent failed. */
  failure?: Failure;
  /** A create was decided on and not sent, and none has been since: there is no job, though the status is no longer fresh. */
  isUnsent?: boolean;
  /**
   * No create of this attempt has ever reached SageMaker, from any process: the status says so, or this process has set the
   * finalizer and sent none since.
   */
  isNeverSent?: boolean;
  /**
   * The account of the credentials with which SageMaker was just asked for the job, and said that there is none; or why it is
   * not known.
   */
  caller?: string | Failure;
  /** The account of the job's role, where calls go to AWS itself. */
  roleAccount?: string;
  /** Everything that a create needs is there: credentials, an endpoint, values from Secrets. */
  isPrepared?: boolean;
  /** The apiserver has agreed in this reconcile that the resource is as it was read, so nobody else has acted on it since. */
  isCurrent?: boolean;
  /** Where the job is asked for or was just created; absent where it can't be asked for. */
  site?: JobSite;
  /** What the namespace fills in of a job that is not known yet to have been created; absent for nothing. */
  appliedDefaults?: AppliedDefault[];
  /** A stop was sent a moment ago. */
  stopSent?: boolean;
  /**
   * When this process began to work, or its present leadership term did, if a create may have been sent before that whose
   * outcome no status tells; milliseconds since the epoch.
   */
  inheritedAt?: number;
  /** When a create was last sent that nobody knows the outcome of; milliseconds since the epoch. */
  unsettledAt?: number;
  /** When a create was last sent whose outcome was unknown then, also if a job has been seen since; it may arrive late. */
  openAt?: number;
  /** What time SageMaker says it is at least, going by its answers; milliseconds since the epoch. */
  serviceNow?: number;
  /** What policies hold where the resource asks for none. */
  defaults?: PolicyDefaults;
  /** This reconcile has asked SageMaker to delete the records of the resource's jobs; `failure` is then why it could not. */
  recordsAsked?: boolean;
  /** SageMaker has just said that it has no record of one of the resource's jobs. */
  isRecordAbsent?: boolean;
  /** The records of the resource's jobs were deleted a moment ago. */
  areRecordsDeleted?: boolean;
}

/** What a status needs that follows from the resource alone. */
export interface Names {
  jobName: string;
  /** Absent if the region can't be one. */
  cloudWatchLogUrl: string | undefined;
}

/** Lengths of time, in milliseconds. */
export interface Limits {
  /** How old `lastCheckTime` may get while nothing changes. */
  heartbeatMs: number;
  /** How long looks at SageMaker may fail before the status says so. */
  stalenessMs: number;
}

/** The one next step. Every step but `settle`, `release`, `delete` and `ignore` is followed by another decision. */
export type Action =
  | { do: "ignore" }
  /** Add the finalizer, and the mark of the UID that is acted for. */
  | { do: "add-finalizer" }
  /** Take the finalizer away from a resource that has no job and is not being deleted. */
  | { do: "drop-finalizer" }
  /** Have the apiserver agree that the resource is as it was read. */
  | { do: "confirm" }
  /** Get everything that a create needs, without sending it. */
  | { do: "prepare" }
  /** Write a status which says that a create may have been sent. */
  | { do: "announce"; status: ProcessingJobStatus }
  | { do: "look" }
  /** Find out whose account is asked and, if it is `account`, ask for the job once more. */
  | { do: "identify"; account: string }
  /** Find out whether the job that was seen is this resource's. */
  | { do: "verify" }
  | { do: "create" }
  | { do: "stop" }
  /** Have SageMaker forget the resource's jobs. */
  | { do: "delete-records" }
  /** Have the apiserver delete the resource. */
  | { do: "delete" }
  /** Take the finalizer away; `forced`: somebody asked for it, whatever becomes of the job; `retained`: a policy did. */
  | { do: "release"; forced: boolean; retained?: true }
  | Settle;

/** Write the status, follow the job or not, and then what `next` says. */
export interface Settle {
  do: "settle";
  status: ProcessingJobStatus;
  follow: boolean;
  next: Next;
  /** A record that is to be deleted with the resource can't be. */
  recordKept?: true;
}

/** What happens after the status is written: wait for a change, come back after a while, or back off from a failure. */
export type Next = { kind: "wait" } | { kind: "after"; ms: number } | { kind: "back-off"; failure: Failure };

/** What the parts of the decision share. */
export interface Context {
  resource: ProcessingJob;
  observed: Observed;
  names: Names;
  limits: Limits;
  /** Milliseconds since the epoch. */
  now: number;
}

/** Settles on `view`, with the time of the last look. */
export function settle(
  context: Context,
  view: Omit<View, keyof Names | "lookedAt" | "appliedDefaults" | "create" | "site">,
  follow: boolean,
  next: Next,
): Settle {
  const { resource, observed, names, now } = context;
  const lookedAt = observed.sighting?.seenAt;
  const { appliedDefaults, site } = observed;
  const create = createState(context);
  const whole = {
    ...view,
    ...names,
    ...(create && { create }),
    ...(appliedDefaults && { appliedDefaults }),
    ...(site && { site }),
    ...(lookedAt === undefined ? {} : { lookedAt }),
  };
  return { do: "settle", status: statusOf(resource, whole, now), follow, next };
}
