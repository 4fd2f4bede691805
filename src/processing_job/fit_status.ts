import { isOwnCondition } from "../api/conditions.ts";
import type { ProcessingJobStatus } from "../api/processing_job.ts";
import { STATUS_LIMITS } from "../api/status_limits.ts";
import { cutText } from "../api/text.ts";

/**
 * `status` with every text cut to what the apiserver takes in its field, with an ellipsis. Without that a text which is too long would be
 * refused each time that the status is written. Conditions of other controllers stay as they are. The limits count characters and the
 * cut counts bytes, which are never fewer.
 */
export function fitStatus(status: ProcessingJobStatus): ProcessingJobStatus {
  const { conditions, attempts, ...rest } = status;
  const fit: ProcessingJobStatus = cutTexts(rest, STATUS_LIMITS.text);
  if (attempts) fit.attempts = attempts.map((attempt) => cutTexts(attempt, STATUS_LIMITS.attemptMessage));
  if (conditions) {
    fit.conditions = conditions.map((each) =>
      isOwnCondition(each) ? { ...each, message: cutText(each.message, STATUS_LIMITS.conditionMessage) } : each
    );
  }
  return fit;
}

/** `value` with every text in it cut to `most` bytes. */
function cutTexts<T>(value: T, most: number): T {
  if (typeof value === "string") return cutText(value, most) as T;
  if (Array.isArray(value)) return value.map((element) => cutTexts(element, most)) as T;
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, member]) => [key, cutTexts(member, most)])) as T;
}
