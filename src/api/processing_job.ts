import type { ProcessingJobSpec } from "./spec_generated.ts";
import type { Condition } from "./conditions.ts";
import type { DeletionPolicy } from "./policies.ts";
export type { ProcessingJobSpec };

/** The status words that people and scripts know. */
export type ProcessingJobStatusWord =
  | "SynchronizingK8sJobWithSageMaker"
  | "Reconciling"
  | "InProgress"
  | "Completed"
  | "Failed"
  | "Stopping"
  | "Stopped"
  | "Error";

/** What the operator writes. Timestamps are RFC 3339 in UTC with seconds, as Kubernetes writes them. */
export interface ProcessingJobStatus {
  processingJobStatus?: ProcessingJobStatusWord;
  additional?: string;
  lastCheckTime?: string;
  cloudWatchLogUrl?: string;
  sageMakerProcessingJobName?: string;
  processingJobArn?: string;
  /** Absent where no job is known, and in statuses of earlier versions. */
  site?: JobSite;
  processingStartTime?: string;
  processingEndTime?: string;
  /** As `kubectl` prints ages: `42s`, `3m5s`, `2h7m`. */
  duration?: string;
  /** Instances times seconds, whole ones, from the start of the containers to the end, of all attempts; absent if none has started. */
  billableInstanceSeconds?: number;
  /** Those of the attempts before this one, which are among them. */
  earlierBillableInstanceSeconds?: number;
  selectedInstanceType?: string;
  failureReason?: string;
  exitMessage?: string;
  /** What the job's namespace filled in where the spec says nothing. */
  appliedDefaults?: AppliedDefault[];
  /** -1 is the CRD's default for a resource that nobody has looked at; the controller before this one wrote none. */
  observedGeneration?: number;
  /** The value of the annotation `reconcile-at` that was last acted on. */
  observedReconcileAt?: string;
  /** Absent where nobody asked for one, which is `Stop`. */
  deletionPolicy?: DeletionPolicy;
  /** The number of the attempt that this speaks of, the suspended ones included; absent for the first. */
  attemptCount?: number;
  /** How many attempts were ended by `suspend`. */
  suspendedAttempts?: number;
  /** As in `2/3`. */
  attemptSummary?: string;
  nextAttemptTime?: string;
  /** The last of them, the latest last; that this status speaks of among them, once its job exists. */
  attempts?: Attempt[];
  conditions?: Condition[];
}

/** Where the job is, and in whose name it is asked for: what annotations and flags said when it was created. */
export interface JobSite {
  /** Its AWS account, once its ARN is known. */
  account?: string;
  /** Absent for the operator's own credentials. */
  assumedRoleArn?: string;
  externalId?: string;
  /** The operator's endpoint, where the spec names none; absent for AWS's own. */
  endpoint?: string;
}

/** One of the jobs that a resource has had. */
export interface Attempt {
  number: number;
  name: string;
  arn?: string;
  status: string;
  reason: string;
  message?: string;
  startTime?: string;
  endTime?: string;
}

/** A field of the spec, as `networkConfig.vpcConfig`, and what the request has in it. */
export interface AppliedDefault {
  field: string;
  value: string;
}

export interface ObjectMeta {
  name: string;
  namespace: string;
  uid: string;
  resourceVersion: string;
  generation: number;
  creationTimestamp: string;
  deletionTimestamp?: string;
  finalizers?: string[];
  annotations?: Record<string, string>;
  labels?: Record<string, string>;
}

export interface ProcessingJob {
  apiVersion: string;
  kind: string;
  metadata: ObjectMeta;
  spec: ProcessingJobSpec;
  status?: ProcessingJobStatus;
  /** Only in memory: `spec` has no more than decisions need, and this is what they need of the rest. Absent where `spec` is whole. */
  reduced?: { warnings: readonly string[] };
}
