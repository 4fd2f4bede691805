import { accountIn } from "./arn.ts";

/** The five words that SageMaker has for a processing job. */
export const JOB_STATUSES = ["InProgress", "Completed", "Failed", "Stopping", "Stopped"] as const;
export type JobStatus = typeof JOB_STATUSES[number];

/** The three of them after which nothing changes any more. */
export const FINAL_JOB_STATUSES: readonly string[] = ["Completed", "Failed", "Stopped"];

/** Whose account is called: that of a role which the operator assumes. */
export interface Account {
  roleArn: string;
  externalId?: string;
  /** The namespace that the session is for; it names the session and is its tag. */
  namespace?: string;
}

/** Where calls go. */
export interface Site {
  region: string;
  /** Only where a resource or a flag names one; otherwise AWS's own. */
  endpoint?: string | undefined;
  /** Only where it isn't that of the operator's own credentials. */
  account?: Account | undefined;
}

/** One text for each site and session. */
export function siteKey({ region, endpoint = "", account }: Site): string {
  const session = account ? [account.roleArn, account.externalId ?? "", account.namespace ?? ""] : [];
  return JSON.stringify([region, endpoint, ...session]);
}

/** One text for all sessions of an AWS account at a site: AWS counts calls and quotas by it. */
export function quotaSiteKey({ region, endpoint = "", account }: Site): string {
  return JSON.stringify([region, endpoint, ...(account ? [accountIn(account.roleArn) ?? account.roleArn] : [])]);
}

/** Where a job is: SageMaker's names are unique within an account and region. */
export interface JobRef extends Site {
  name: string;
}

/** A SageMaker processing job, as far as the operator looks at it. Times are milliseconds since the epoch. */
export interface Job {
  name: string;
  arn: string;
  /** One of `JOB_STATUSES`; a word that is none of them is kept as it came. */
  status: string;
  failureReason?: string;
  exitMessage?: string;
  creationTime?: number;
  startTime?: number;
  endTime?: number;
  lastModifiedTime?: number;
  selectedInstanceType?: string;
  selectedInstanceCount?: number;
  /** It comes from a list, which names neither start time nor instance type. */
  isSummary?: true;
  /** It comes from a list, and SageMaker has more text for it than may be shown without knowing its environment. */
  hasMoreText?: true;
}

/** What the SageMaker informer knows about one job. */
export interface Sighting {
  /** The job at the last look that got an answer; absent if SageMaker said that there is none, or never answered. */
  job?: Job;
  /** When the last look that got an answer was sent (milliseconds since the epoch); absent if none did. */
  seenAt?: number;
  /** Set while SageMaker says that there is no such job: since when, and at how many looks in a row. */
  absent?: { since: number; looks: number };
  /** Why the last look failed; cleared by the next that does not. */
  failure?: Failure;
}

/** When a call that failed is tried again: soon, slowly, every five minutes until a person acts, or never. */
export type Retry = "soon" | "slowly" | "person" | "never";

/** An error of SageMaker or of the way to it, classified once where it arrives. */
export interface Failure {
  retry: Retry;
  reason: Reason;
  /** The service's own text, request id included; shown in the status as it is. */
  message: string;
  /** The service's error code, or the network's. */
  code: string;
  /** When to try again, in milliseconds, where that is known better than `retry` says. */
  retryMs?: number;
  /** Which quota refused the call, where the service says so. */
  quota?: QuotaRefusal;
  /** The namespace of the resource whose call failed, where others wait because of it. No other namespace is told the message. */
  tenant?: string;
}

/** A quota that refused a create: what the service says of it. */
export interface QuotaRefusal {
  /** As in Service Quotas: `ml.m5.xlarge for processing job usage`. */
  name: string;
  /** What `limit`, `used` and `requested` count, as the service writes it: `Instances`, `GBs`. */
  unit: string;
  limit: number;
  used: number;
  requested: number;
}

/** Reasons that say where a job stands. */
export const STANDINGS = [
  "Created",
  "NotSent",
  "OutcomeUnknown",
  "Waiting",
  "InProgress",
  "Stopping",
  "Completed",
  "JobFailed",
  "Stopped",
  "StoppedOutsideOperator",
  "Deleting",
  "Paused",
  "RetryPending",
  "Suspending",
  "Suspended",
  "Resumed",
] as const;

/** The closed set of reasons that conditions carry: where a job stands, or why a call did not succeed. */
export const REASONS = [
  ...STANDINGS,
  "Throttled",
  "QuotaExceeded",
  "AccessDenied",
  "CredentialsUnavailable",
  "InvalidSpec",
  "InvalidRegion",
  "RoleNotReady",
  "CapacityUnavailable",
  "EndpointNotAllowed",
  "EnvironmentUnavailable",
  "RegionNotAllowed",
  "RoleNotAllowed",
  "InvalidNamespaceAnnotation",
  "NamespaceUnknown",
  "ServiceUnavailable",
  "NetworkUnavailable",
  "ClockSkewed",
  "NameConflict",
  "JobLost",
  "WrongAccount",
  "AccountUnconfirmed",
  "WrongEndpoint",
  "Restored",
  "UnknownError",
] as const;
export type Reason = typeof REASONS[number];

/** Thrown by everything that talks to SageMaker; `failure` is its class. */
export class SageMakerError extends Error {
  override readonly name = "SageMakerError";
  constructor(readonly failure: Failure, options?: ErrorOptions) {
    super(failure.message, options);
  }
}
