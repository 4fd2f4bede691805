import type { Context } from "./action.ts";
import { createdAt } from "./history.ts";

/** SageMaker may not show a job at once after its create; a job that is absent sooner than this may still appear. */
const APPEARS_WITHIN_MS = 60_000;
/** Who worked before us sent its last create before we began, so SageMaker has had that time already. */
const INHERITED_WITHIN_MS = 10_000;

/**
 * For how many milliseconds a job that SageMaker does not show may still appear, because its create was sent a moment ago and
 * nobody knows what became of it; none or less once its absence can be believed.
 */
export function appearsInMs({ resource, observed, now }: Context): number {
  const { unsettledAt = -Infinity, inheritedAt = -Infinity } = observed;
  const ownMs = Math.max(unsettledAt, createdAt(resource.status)) + APPEARS_WITHIN_MS - now;
  return Math.max(ownMs, inheritedAt + INHERITED_WITHIN_MS - now);
}
