import { ANNOTATIONS, type NAMESPACE_ANNOTATIONS } from "../../src/api/group.ts";
import { OTHER_ACCOUNT } from "./accounts.ts";
import type { WatchFault } from "./connection.ts";
import type { Fault } from "./wire.ts";
import type { Annotating, Policies } from "./stage.ts";
import type { System, World } from "./world.ts";

/** One thing that happens to a world; plain data, so that a failing sequence can be read and shrunk. */
export type Step =
  | { do: "create"; name: string; policies: Policies; reconcileAt?: string }
  | { do: "set policies"; name: string; policies: { [Name in keyof Policies]: Policies[Name] | undefined } }
  | { do: "annotate"; name: string; annotations: Annotating<typeof ANNOTATIONS> }
  | { do: "ask again"; name: string }
  | { do: "restore"; name: string; statusAfterMs: number | null }
  | { do: "inherit"; name: string; word: "Completed" | "Failed" | "Stopped"; hasRecord: boolean }
  | { do: "annotate namespace"; annotations: Annotating<typeof NAMESPACE_ANNOTATIONS> }
  | { do: "wrong account" | "unresolved" | "contend"; seconds: number }
  | { do: "deny"; operation: string; seconds: number }
  | { do: "allow endpoint"; isAllowed: boolean }
  | { do: "take lease" }
  | { do: "delete" | "edit"; name: string }
  | { do: "suspend"; name: string; suspend: boolean }
  | { do: "skew"; aheadMs: number }
  | { do: "end job"; name: string; status: "Completed" | "Failed" | "Stopping"; failureReason: string }
  | { do: "delete record" | "take name"; name: string }
  | { do: "fault"; system: System; operation: string | undefined; fault: Fault; times: number }
  | { do: "pause"; system: System; seconds: number }
  | { do: "harm watches"; how: WatchFault }
  | { do: "compact" }
  | { do: "kill" }
  | { do: "kill at effect"; when: "before" | "after"; countdown: number }
  | { do: "roll out"; overlapMs: number }
  | { do: "wait"; ms: number };

/** Where the resources of each name are; the annotations of one of the two namespaces change. */
const ANNOTATED = "team";
const NAMESPACES: Record<string, string> = { a: "default", b: "default", c: ANNOTATED, d: ANNOTATED };

/** Lets `step` happen, and everything that follows from it at once. */
export async function run(world: World, step: Step): Promise<void> {
  world.note(describeStep(step));
  world.rules.budgets.step();
  happen(world, step);
  await world.clock.advance(step.do === "wait" ? step.ms : 0);
}

function happen(world: World, step: Step): void {
  const job = "name" in step ? world.jobs().findLast(({ name }) => name.startsWith(`${step.name}-`)) : undefined;
  switch (step.do) {
    case "create":
      return world.create(step.name, step.policies, NAMESPACES[step.name], annotationsAtCreation(step));
    case "set policies":
      return world.setPolicies(step.name, step.policies);
    case "annotate":
      return world.annotate(step.name, step.annotations);
    case "inherit":
      return world.inherit(step.name, step);
    case "restore":
      world.faultsInjected++;
      return world.restore(step.name, step.statusAfterMs ?? undefined);
    case "ask again":
      return world.annotate(step.name, { reconcileAt: `at ${world.clock.monotonic()}` });
    case "annotate namespace":
      return world.annotateNamespace(ANNOTATED, step.annotations);
    case "wrong account":
      world.faultsInjected++;
      return world.useAccountFor(OTHER_ACCOUNT, step.seconds * 1000);
    case "unresolved":
      world.faultsInjected++;
      world.unresolvedUntil = world.clock.monotonic() + step.seconds * 1000;
      return;
    case "contend":
      world.faultsInjected++;
      world.contendedUntil = world.clock.monotonic() + step.seconds * 1000;
      return;
    case "deny":
      world.faultsInjected++;
      return void world.deniedUntil.set(step.operation, world.clock.monotonic() + step.seconds * 1000);
    case "allow endpoint":
      world.isEndpointAllowed = step.isAllowed;
      return;
    case "take lease":
      world.faultsInjected++;
      return world.takeLease();
    case "suspend":
      return world.suspend(step.name, step.suspend);
    case "skew":
      return world.skew(step.aheadMs);
    case "delete":
      return world.delete(step.name);
    case "edit":
      return world.patch(step.name, { metadata: { labels: { edited: String(world.clock.now()) } } });
    case "end job":
      if (job) world.endJob(job, step.status, step.failureReason);
      return;
    case "delete record":
      if (job) world.deleteRecord(job);
      return;
    case "take name":
      return world.takeName(step.name);
    case "fault":
      for (let time = 0; time < step.times; time++) {
        world.faults.push({ system: step.system, operation: step.operation, fault: step.fault });
      }
      return;
    case "pause":
      world.faultsInjected++;
      world.pausedUntil[step.system] = world.clock.monotonic() + step.seconds * 1000;
      return;
    case "harm watches":
      world.faultsInjected++;
      return world.harmWatches(step.how);
    case "compact":
      world.faultsInjected++;
      return world.apiserver.compact();
    case "kill":
      world.faultsInjected++;
      for (const operator of world.liveOperators) world.kill(operator);
      return;
    case "kill at effect":
      return killAtEffect(world, step);
    case "roll out":
      world.faultsInjected++;
      return rollOut(world, step.overlapMs);
  }
}

function annotationsAtCreation({ reconcileAt }: { reconcileAt?: string }): Record<string, string> {
  return reconcileAt === undefined ? {} : { [ANNOTATIONS.reconcileAt]: reconcileAt };
}

function killAtEffect(world: World, { when, countdown }: { when: "before" | "after"; countdown: number }): void {
  let left = countdown;
  world.onEffect = (effect) => {
    if (effect.when !== when || --left > 0) return;
    world.onEffect = () => {};
    world.faultsInjected++;
    world.kill(effect.sender);
  };
}

/** Another operator comes, and for a while there are two. */
function rollOut(world: World, overlapMs: number): void {
  const olds = world.liveOperators.filter((operator) => !operator.isStopping);
  world.startOperator();
  world.clock.setTimer(overlapMs, () => {
    for (const old of olds) if (old.isAlive) old.stop();
  });
}

/** As in `fault sagemaker CreateProcessingJob lost 1`. */
export function describeStep({ do: verb, ...rest }: Step): string {
  const words = Object.values(rest).map((value) => typeof value === "object" ? JSON.stringify(value) : value);
  return [verb, ...words].join(" ");
}
