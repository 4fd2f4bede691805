import { type Condition, MAX_CONDITIONS } from "../../src/api/conditions.ts";
import type { Attempt, JobSite, ProcessingJobStatus } from "../../src/api/processing_job.ts";
import { STATUS_LIMITS } from "../../src/api/status_limits.ts";
import type { Schema } from "./schema.ts";

const time = (description: string): Schema => ({ description, type: "string", format: "date-time" });
const text = (description: string): Schema => ({ description, type: "string" });

/** `metav1.Condition`, with its own limits. */
const CONDITION: Record<keyof Condition, Schema> = {
  type: {
    description:
      "What the condition is about. The operator writes Created, Complete, Failed, Stopped, Finished, Suspended, Paused, Ready and Stalled, and keeps those of other controllers.",
    type: "string",
    maxLength: STATUS_LIMITS.conditionType,
    pattern:
      "^([a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*/)?(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])$",
  },
  status: {
    description: "Whether it holds: True, False or Unknown.",
    type: "string",
    enum: ["True", "False", "Unknown"],
  },
  reason: {
    description: "Why, as one word that scripts can rely on.",
    type: "string",
    minLength: 1,
    maxLength: STATUS_LIMITS.conditionReason,
    pattern: "^[A-Za-z]([A-Za-z0-9_,:]*[A-Za-z0-9_])?$",
  },
  message: {
    description: "Why, as a sentence for people; may be empty.",
    type: "string",
    maxLength: STATUS_LIMITS.conditionMessage,
  },
  lastTransitionTime: time("When status last changed."),
  observedGeneration: {
    description: "metadata.generation that the condition was worked out from.",
    type: "integer",
    format: "int64",
    minimum: 0,
  },
};

/** What is told of each attempt. */
const ATTEMPT: Record<keyof Attempt, Schema> = {
  number: { description: "1 is the first.", type: "integer", format: "int64" },
  name: text("Name of its job in SageMaker."),
  arn: text("Amazon Resource Name of its job."),
  status: text("What SageMaker says of its job: InProgress, Completed, Failed, Stopping or Stopped."),
  reason: text("Why it ended, as one word: a cause of retryOn, Suspended, or a reason of the condition Ready."),
  message: text("Why it ended, in SageMaker's words."),
  startTime: time("When its containers started."),
  endTime: time("When it ended."),
};

const SITE: Record<keyof JobSite, Schema> = {
  account: text("AWS account that the job is in, once that is known."),
  assumedRoleArn: text("Role that the operator assumes for it; absent for the operator's own credentials."),
  externalId: text("External id that STS is shown with that role."),
  endpoint: text("Endpoint of the operator where the spec names none; absent for AWS's own."),
};

/** Every field of the status; the type checker sees that none is missing. */
const FIELDS: Record<keyof ProcessingJobStatus, Schema> = {
  processingJobStatus: text(
    "Where the job stands: SynchronizingK8sJobWithSageMaker (not looked at yet, or suspended), InProgress, Completed, Failed, Stopping or " +
      "Stopped as SageMaker says; Reconciling if something went wrong, or an attempt failed, and is tried again; Error if it is not, see additional.",
  ),
  additional: text("Why the job failed, or what went wrong with the last call to AWS; empty if nothing did."),
  lastCheckTime: time("When SageMaker was last asked about the job."),
  cloudWatchLogUrl: text("Page of the AWS console that lists the job's log streams."),
  sageMakerProcessingJobName: text(
    "Name of the job in SageMaker: the resource's name and UID, and -rN for attempt N after the first; at most 63 characters.",
  ),
  processingJobArn: text("Amazon Resource Name of the job."),
  site: {
    description:
      "Where the job is and in whose name it is asked for, as the Namespace's annotations and the operator's flags said when it " +
      "was created. Kept because they may change, or be unknown, while the job runs.",
    type: "object",
    properties: SITE,
  },
  processingStartTime: time("When the containers started."),
  processingEndTime: time("When the job ended."),
  duration: text("How long the containers ran, as in 42s, 3m5s or 2h7m."),
  earlierBillableInstanceSeconds: {
    description: "How many of billableInstanceSeconds are those of earlier attempts.",
    type: "integer",
    format: "int64",
  },
  billableInstanceSeconds: {
    description:
      "Instances times the seconds that the containers ran, rounded up, of all attempts; absent until a job has ended, and if none started.",
    type: "integer",
    format: "int64",
  },
  selectedInstanceType: text("Instance type that the job runs on; of interest with instancePreferences."),
  failureReason: text("Why the job failed, in SageMaker's words."),
  exitMessage: text("What the container wrote to /opt/ml/output/message when it ended."),
  appliedDefaults: {
    description:
      "What the annotations of the job's Namespace filled in where the spec says nothing, and the tags that they require.",
    type: "array",
    "x-kubernetes-list-type": "map",
    "x-kubernetes-list-map-keys": ["field"],
    items: {
      type: "object",
      required: ["field", "value"],
      properties: {
        field: text("Field of the spec, as in networkConfig.vpcConfig."),
        value: text("What the job was created with."),
      },
    },
  },
  observedGeneration: {
    description:
      "metadata.generation that this status was worked out from; -1 until the operator has looked at the resource.",
    type: "integer",
    format: "int64",
  },
  observedReconcileAt: text(
    "Value of the annotation sagemaker.aws.amazon.com/reconcile-at that was last acted on; another value asks for a new try.",
  ),
  deletionPolicy: text(
    "What becomes of the job when the resource is deleted, wherever that was asked for; absent if nowhere, which is Stop.",
  ),
  attemptCount: {
    description:
      "How many attempts there have been, the one that this status speaks of included; absent while it is the first.",
    type: "integer",
    format: "int64",
  },
  suspendedAttempts: {
    description: "How many of the attempts were ended by suspend, which don't count against maxAttempts.",
    type: "integer",
    format: "int64",
  },
  attemptSummary: text("Attempts begun that count, and how many there may be, as in 2/3."),
  nextAttemptTime: time("When the next attempt begins, at the soonest."),
  attempts: {
    description: "The last 20 attempts, the latest last; only with retryPolicy or after suspend.",
    type: "array",
    items: { type: "object", properties: ATTEMPT },
  },
  conditions: {
    description: "The same as conditions, for kubectl wait and for tools: at most one of each type.",
    type: "array",
    // More than there are types; a rule that looks at each has a cost because of it.
    maxItems: MAX_CONDITIONS,
    "x-kubernetes-list-type": "map",
    "x-kubernetes-list-map-keys": ["type"],
    items: {
      type: "object",
      required: ["lastTransitionTime", "message", "reason", "status", "type"],
      properties: CONDITION,
    },
  },
};

/**
 * The schema of `.status`. Its default is the first status, which so costs no write. It has no limits on what an earlier
 * controller may have stored.
 */
export const STATUS: Schema = {
  description: "What the operator last saw of the job. Only the operator writes it.",
  type: "object",
  default: { processingJobStatus: "SynchronizingK8sJobWithSageMaker", observedGeneration: -1 },
  properties: FIELDS,
};
