/** The annotations by which people ask something of the operator, and what of them is remembered. */
import { ANNOTATIONS, MARK, MAX_ANNOTATION_LENGTH } from "../api/group.ts";
import type { ProcessingJob, ProcessingJobStatus } from "../api/processing_job.ts";
import { findCondition } from "../api/conditions.ts";

const KNOWN: readonly string[] = [...Object.values(ANNOTATIONS), MARK];
/** Stands for every value that is too long, and is too long itself. */
const TOO_LONG = "…".repeat(MAX_ANNOTATION_LENGTH + 1);

/** The annotations that are known, with `TOO_LONG` for values that are; `undefined` for none. */
export function ownAnnotations(annotations: Record<string, string> = {}): Record<string, string> | undefined {
  const own = KNOWN.flatMap((key) => {
    const value = annotations[key];
    return value === undefined ? [] : [[key, boundedValue(value)]];
  });
  return own.length === 0 ? undefined : Object.fromEntries(own);
}

/** `value`, or a text that is too long as well where it is too long. */
export function boundedValue(value: string): string {
  return isTooLong(value) ? TOO_LONG : value;
}

function isTooLong(value: string): boolean {
  return value.length > MAX_ANNOTATION_LENGTH;
}

/** The value of `reconcile-at`; `undefined` if there is none, or none that is short enough to count. */
export function reconcileAt({ metadata }: ProcessingJob): string | undefined {
  const value = metadata.annotations?.[ANNOTATIONS.reconcileAt];
  return value === undefined || isTooLong(value) ? undefined : value;
}

/**
 * `status` with a sentence at the end of `Ready` for each annotation of `resource` whose value is too long, and without the sentences that
 * are no longer true.
 */
export function withAnnotationWarnings(resource: ProcessingJob, status: ProcessingJobStatus): ProcessingJobStatus {
  const ready = findCondition(status.conditions, "Ready");
  if (ready === undefined) return status;
  const known = Object.entries(resource.metadata.annotations ?? {}).filter(([key]) => KNOWN.includes(key));
  const wanted = known.filter(([, value]) => isTooLong(value)).map(([key]) => warningOf(key));
  const text = KNOWN.reduce((text, key) => text.replaceAll(warningOf(key), ""), ready.message);
  const message = [text, ...wanted].join("");
  if (message === ready.message) return status;
  const conditions = status.conditions!.map((each) => each === ready ? { ...ready, message } : each);
  return { ...status, conditions };
}

function warningOf(key: string): string {
  return `. Warning: the annotation '${key}' is ignored, because its value has more than ${MAX_ANNOTATION_LENGTH} characters`;
}
