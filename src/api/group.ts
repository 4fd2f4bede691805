/** Names that users, manifests and the controller before this one rely on. */

export const GROUP = "sagemaker.aws.amazon.com";
export const VERSION = "v1";
export const API_VERSION = `${GROUP}/${VERSION}`;
export const KIND = "ProcessingJob";
export const PLURAL = "processingjobs";
export const CRD_NAME = `${PLURAL}.${GROUP}`;

/** Holds a resource back until its job has ended; the same word as the controller before this one. */
export const FINALIZER = "sagemaker-operator-finalizer";

/** Annotations on a resource by which people ask for something. */
export const ANNOTATIONS = {
  /** A new value asks for another look at once, also where the operator has given up. */
  reconcileAt: `${GROUP}/reconcile-at`,
  /** `"true"` leaves the resource alone until that is taken away; a deletion goes on. */
  paused: `${GROUP}/paused`,
  /** `"true"` releases a deleted resource whatever becomes of its job. */
  forceDelete: `${GROUP}/force-delete`,
} as const;

/** Values of annotations that are longer, in UTF-16 code units, ask for nothing, and the condition `Ready` says so. */
export const MAX_ANNOTATION_LENGTH = 64;

/**
 * The operator's own annotation on a resource: the UID of the resource that it was acted for, written together with the finalizer.
 * Backups carry it along, so a resource with another UID than its mark was restored or copied.
 */
export const MARK = `${GROUP}/acted-for-uid`;

/** Annotations on a Namespace, by which whoever owns it says what its ProcessingJobs may do and what they get. */
export const NAMESPACE_ANNOTATIONS = {
  /** Globs that a job's role must match one of, in a comma list. */
  allowedRoleArns: `${GROUP}/allowed-role-arns`,
  /** The same for `spec.region`. */
  allowedRegions: `${GROUP}/allowed-regions`,
  /** The role that SageMaker is called with for this namespace. */
  assumeRoleArn: `${GROUP}/assume-role-arn`,
  /** Shown to STS with it. */
  externalId: `${GROUP}/external-id`,
  /** What fills in what a spec leaves out, in the request alone. */
  defaultRoleArn: `${GROUP}/default-role-arn`,
  defaultVpcConfig: `${GROUP}/default-vpc-config`,
  defaultKmsKeyId: `${GROUP}/default-kms-key-id`,
  defaultTags: `${GROUP}/default-tags`,
  /** Tags that every job gets, whatever its spec says of their keys. */
  requiredTags: `${GROUP}/required-tags`,
  /** What becomes of the job of a deleted resource whose spec doesn't say. */
  defaultDeletionPolicy: `${GROUP}/default-deletion-policy`,
} as const;

/** SageMaker takes at most this many characters for a processing job's name. */
export const MAX_JOB_NAME_LENGTH = 63;
