import type { Context } from "./action.ts";
import { createdAt } from "./history.ts";

/** SageMaker may not show a job at once after its create; a job that is absent sooner than this may still appear. */
export const APPEARS_WITHIN_MS = 60_000;

/**
 * For how many milliseconds a job that SageMaker does not show may still appear, because a create with an unknown outcome was
 * sent a moment ago; zero or less once its absence can be believed. What an earlier process or leadership term has sent, it
 * sent before this one began.
 */
export function appearsInMs({ resource, observed, now }: Context): number {
  const { unsettledAt = -Infinity, inheritedAt = -Infinity } = observed;
  return Math.max(unsettledAt, inheritedAt, createdAt(resource.status)) + APPEARS_WITHIN_MS - now;
}
