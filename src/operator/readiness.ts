/** When the operator may begin its work, and what `/readyz` says of the resources that it observes. */
import { getLogger } from "@logtape/logtape";
import type { InformerStatus } from "../kubernetes/informer.ts";
import type { Clock } from "../runtime/clock.ts";
import type { Checks } from "../telemetry/health.ts";

const log = getLogger(["operator"]);

/** A watch hears of the apiserver every 28 s at least (`kubernetes/watch.ts`); after this silence the operator is blind. */
const BLIND_MS = 2 * 60_000;

/** The informer of one namespace's resources. */
export interface Observed {
  /** `undefined` for all namespaces. */
  namespace: string | undefined;
  informer: {
    readonly synced: Promise<void>;
    readonly settled: Promise<void>;
    hasSynced(): boolean;
    status(): InformerStatus;
  };
}

/**
 * Waits until work can begin: the first list of one namespace is complete, and that of each other namespace is complete or has
 * failed. A namespace that can't be listed, as for lack of permission, does not hold up the others: no decision about a resource
 * depends on another one. Returns early once `signal` is aborted.
 */
export async function untilWorkable(observed: Observed[], signal: AbortSignal): Promise<void> {
  const informers = observed.map(({ informer }) => informer);
  const first = Promise.race(informers.map(({ synced }) => synced));
  await Promise.race([aborted(signal), Promise.all([first, ...informers.map(({ settled }) => settled)])]);
  const missing = observed.filter(({ informer }) => !informer.hasSynced()).map(({ namespace }) => namespace);
  if (missing.length === 0 || signal.aborted) return;
  log.warn("Cannot observe some of the namespaces, working on the others", { namespaces: missing });
}

/** Resolves as soon as `signal` is aborted. */
export function aborted(signal: AbortSignal): Promise<void> {
  return new Promise<void>((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener("abort", () => resolve(), { once: true });
  });
}

/** The checks of `/readyz` about the resources; each names every namespace that it fails for. */
export function readiness(observed: Observed[], resources: () => number, clock: Clock): Checks {
  const syncProblem = (informer: Observed["informer"]): string | undefined => {
    const { state, error } = informer.status();
    return informer.hasSynced() ? undefined : error ?? `not synced yet (${state})`;
  };
  const watchProblem = (informer: Observed["informer"]): string | undefined => {
    const { error, lastContact } = informer.status();
    const silence = lastContact === undefined ? Infinity : clock.monotonic() - lastContact;
    if (silence <= BLIND_MS) return undefined;
    return error ??
      (lastContact === undefined ? "nothing heard yet" : `nothing heard for ${Math.round(silence / 1000)} s`);
  };
  const problems = (problemOf: typeof syncProblem): string | undefined => {
    const texts = observed.flatMap(({ namespace, informer }) => {
      const problem = problemOf(informer);
      if (problem === undefined) return [];
      return [namespace === undefined ? problem : `namespace '${namespace}': ${problem}`];
    });
    return texts.length === 0 ? undefined : texts.join("; ");
  };
  return {
    informers: () => problems(syncProblem) ?? { ok: `${resources()} resources` },
    watch: () => problems(watchProblem),
  };
}
