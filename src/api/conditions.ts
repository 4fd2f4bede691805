import type { Reason } from "./job.ts";

/** Those that later come true (`Complete`, `Failed`, …) are absent until then, as in a `batch/v1` Job; `Ready` is always there. */
export type ConditionType =
  | "Created"
  | "Complete"
  | "Failed"
  | "Stopped"
  | "Suspended"
  | "Paused"
  | "Ready"
  | "Stalled";

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

/**
 * `wanted` with the transition times of `current` kept wherever the status did not change
 * (KEP-1623, standard conditions). `now` is RFC 3339.
 */
export function mergeConditions(
  current: readonly Condition[] | undefined,
  wanted: readonly Omit<Condition, "lastTransitionTime">[],
  now: string,
): Condition[] {
  return wanted.map((condition) => {
    const before = findCondition(current, condition.type);
    const unchanged = before !== undefined && before.status === condition.status;
    return { ...condition, lastTransitionTime: unchanged ? before.lastTransitionTime : now };
  });
}
