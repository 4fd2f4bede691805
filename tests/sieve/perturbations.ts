/**
 * The three perturbations of Sieve (Sun and others, "Automatic Reliability Testing for Cluster Management Controllers", OSDI
 * 2022): at every point of a run that was recorded, never at points that somebody thought of.
 */
import type { Effect, World } from "../model/world.ts";

/** How a run differs from the recorded one. */
export interface Perturbation {
  name: string;
  /** @param strike is called when it happens, so that one that never does is noticed */
  apply(world: World, strike: () => void): void;
}

/** What a run without perturbations went through. */
export interface Recording {
  /** Both sides of each effect. */
  effects: Pick<Effect, "what" | "when">[];
  /** How many changes of resources there were at each effect. */
  versions: number[][];
  /** How many lines of watches came. */
  lines: number;
  /** How many times SageMaker was asked what is. */
  looks: number;
}

/** How long a restarted operator sees what is behind. */
const BEHIND_MS = 4_000;

/** Listens to a run from now on. */
export function record(world: World): Recording {
  const recording: Recording = { effects: [], versions: [], lines: 0, looks: 0 };
  world.onEffect = ({ what, when }) => {
    recording.effects.push({ what, when });
    recording.versions.push([...world.versions]);
  };
  world.onLine = () => void recording.lines++;
  world.fate = ({ what }) => {
    if (what.startsWith("Describe")) recording.looks++;
    return undefined;
  };
  return recording;
}

/** The operator is killed before, or after, an effect: what it was about to do next never happens. */
export function intermediateStates({ effects }: Recording): Perturbation[] {
  return effects.map(({ what, when }, index) => ({
    name: `killed ${when} effect ${Math.floor(index / 2) + 1}, ${what}`,
    apply: (world, strike) =>
      atEffect(world, index, ({ sender }) => {
        strike();
        world.kill(sender);
      }),
  }));
}

/** After a restart the operator first sees an apiserver, or a SageMaker, as it was before. */
export function staleStates({ effects, versions }: Recording): Perturbation[] {
  return effects.flatMap(({ what, when }, index) => {
    const restart = (behind: (world: World) => void) => (world: World, strike: () => void) =>
      atEffect(world, index, ({ sender }) => {
        strike();
        world.kill(sender);
        behind(world);
        world.clock.setTimer(world.restartMs! + BEHIND_MS, () => {
          world.listedVersion = undefined;
          world.staleMs = 0;
        });
      });
    const at = `killed ${when} effect ${Math.floor(index / 2) + 1}, ${what}, and then`;
    return [
      ...versions[index]!.slice(0, -1).map((version, back) => ({
        name: `${at} the apiserver is at change ${back + 1}`,
        apply: restart((world) => {
          world.listedVersion = version;
          world.pausedUntil.events = world.clock.monotonic() + world.restartMs! + BEHIND_MS;
        }),
      })),
      {
        name: `${at} SageMaker is behind`,
        apply: restart((world) => void (world.staleMs = BEHIND_MS)),
      },
    ];
  });
}

/** A change is never heard of but through what came of it: the watch breaks, and the next list shows what follows. */
export function unobservedStates({ lines, looks }: Recording): Perturbation[] {
  return [
    ...Array.from({ length: lines }, (_, index) => ({
      name: `line ${index + 1} of the watch never comes`,
      apply: (world: World, strike: () => void) => hideLine(world, index, strike),
    })),
    ...Array.from({ length: looks }, (_, index) => ({
      name: `look ${index + 1} is never answered`,
      apply: (world: World, strike: () => void) => hideLook(world, index, strike),
    })),
  ];
}

function atEffect(world: World, index: number, then: (effect: Effect) => void): void {
  let left = index;
  world.onEffect = (effect) => {
    if (left-- === 0) then(effect);
  };
}

function hideLine(world: World, index: number, strike: () => void): void {
  let left = index;
  world.onLine = () => {
    if (left-- !== 0) return;
    strike();
    world.harmWatches("cut");
    world.apiserver.compact();
    const until = world.clock.monotonic() + BEHIND_MS;
    world.fate = ({ what }) => {
      const isRead = what.startsWith("GET") || what.startsWith("WATCH");
      return isRead && world.clock.monotonic() < until ? "error" : undefined;
    };
  };
}

function hideLook(world: World, index: number, strike: () => void): void {
  let left = index;
  world.fate = ({ what }) => {
    if (!what.startsWith("Describe") || left-- !== 0) return undefined;
    strike();
    return "hang";
  };
}
