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

/** SageMaker takes at most this many characters for a processing job's name. */
export const MAX_JOB_NAME_LENGTH = 63;
