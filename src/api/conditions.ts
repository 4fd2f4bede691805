import type { Reason } from "./job.ts";

/** The types that this operator writes. `Ready` is always present; the others are absent until they hold, as in a `batch/v1` Job. `Finished` holds after every end. */
export const CONDITION_TYPES = [
  "Created",
  "Complete",
  "Failed",
  "Stopped",
  "Finished",
  "Suspended",
  "Paused",
  "Ready",
  "Stalled",
] as const;
export type ConditionType = typeof CONDITION_TYPES[number];

/** The most conditions that the CRD accepts in one status. */
export const MAX_CONDITIONS = 16;

/** `metav1.Condition`. */
export interface Condition {
  type: ConditionType;
  status: "True" | "False" | "Unknown";
  reason: Reason;
  message: string;
  /** RFC 3339; moves only when `status` does. */
  lastTransitionTime: string;
  observedGeneration: number;
}

/** The condition of that type, if there is one. */
export function findCondition(
  conditions: readonly Condition[] | undefined,
  type: ConditionType,
): Condition | undefined {
  return conditions?.find((condition) => condition.type === type);
}

/** Whether `condition` is one that this operator writes. The type says otherwise of all conditions, but the list is shared. */
export function isOwnCondition({ type }: Pick<Condition, "type">): boolean {
  return CONDITION_TYPES.includes(type);
}

/**
 * The operator's conditions as `wanted`, then those that other controllers have written, unchanged. A merge patch replaces the list
 * as a whole, so a condition that is left out is deleted. Transition times of `current` are kept where the status did not change
 * (KEP-1623, standard conditions). `now` is RFC 3339.
 */
export function mergeConditions(
  current: readonly Condition[] = [],
  wanted: readonly Omit<Condition, "lastTransitionTime">[],
  now: string,
): Condition[] {
  const own = wanted.map((condition) => {
    const before = findCondition(current, condition.type);
    const unchanged = before !== undefined && before.status === condition.status;
    return { ...condition, lastTransitionTime: unchanged ? before.lastTransitionTime : now };
  });
  const foreign = current.filter((condition) => !isOwnCondition(condition));
  // The apiserver refuses a status with more. Then the operator's own state comes first.
  return [...own, ...foreign].slice(0, MAX_CONDITIONS);
}
