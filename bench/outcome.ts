import type { Cost } from "./cost.ts";
import type { ValueName } from "./rows.ts";
import type { Setting } from "./world.ts";

/** What one scenario, or a step of one, measured. */
export interface Outcome {
  scenario: string;
  /** How many resources there were. */
  n: number;
  values: Partial<Record<ValueName, number>>;
  /** What tells it from other steps with as many resources, as in `late, 2,000 old jobs`. */
  setting?: string;
  /** Bounds in the place of those that hold for the values in general. */
  wanted?: Partial<Record<ValueName, number>>;
  /** What all processes used and did for it. */
  cost?: Cost;
  /** More numbers, for those who want to know why. */
  details?: Record<string, unknown>;
}

export interface ScenarioOptions extends Setting {
  /** How many resources, where the command line says so. */
  n: number | undefined;
  /** How long what doesn't change is looked at, in milliseconds. */
  windowMs: number;
}

export type Scenario = (options: ScenarioOptions) => Promise<Outcome[]>;

/** Names of resources, counted from `first`. */
export function names(count: number, first = 0): string[] {
  return Array.from({ length: count }, (_, index) => `bench-${String(first + index).padStart(6, "0")}`);
}

/** How long something may take that so many resources have to do, before it counts as stuck; in milliseconds. */
export function patience(n: number): number {
  return 120_000 + n * 200;
}

/** From a first look to a second: the milliseconds for each name that both have. */
export function spans(from: ReadonlyMap<string, number>, to: ReadonlyMap<string, number>): number[] {
  return [...from].flatMap(([name, start]) => to.has(name) ? [to.get(name)! - start] : []);
}
