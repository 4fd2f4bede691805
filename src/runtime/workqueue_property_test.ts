import { deepEqual, equal, ok } from "node:assert/strict";
import fc from "fast-check";
import { sleep } from "./clock.ts";
import { FakeClock, settle } from "./fake_clock.ts";
import { exponentialBackoff } from "./rate_limiter.ts";
import { WorkQueue } from "./workqueue.ts";

type Step =
  | { do: "add"; key: string }
  | { do: "addAfter"; key: string; ms: number }
  | { do: "get" }
  | { do: "done"; index: number }
  | { do: "advance"; ms: number };

const key = fc.constantFrom("a/1", "a/2", "a/3", "b/1", "b/2", "c/1");
const ms = fc.integer({ min: 0, max: 50 });
const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({ do: fc.constant("add" as const), key }),
  fc.record({ do: fc.constant("addAfter" as const), key, ms }),
  fc.record({ do: fc.constant("get" as const) }),
  fc.record({ do: fc.constant("done" as const), index: fc.nat(3) }),
  fc.record({ do: fc.constant("advance" as const), ms }),
);

type GroupOf = (key: string) => string;
const ONE_GROUP: GroupOf = () => "";
const BY_PREFIX: GroupOf = (key) => key.slice(0, 1);

function makeQueue(clock: FakeClock, groupOf: GroupOf): WorkQueue {
  const rateLimiter = exponentialBackoff({ baseMs: 10, maxMs: 100, random: () => 0.5 });
  return new WorkQueue({ clock, rateLimiter, groupOf });
}

/** What the queue is in the plainest terms: each key is idle, waiting, held, or held and wanted again. */
class Model {
  waiting: string[] = [];
  held: string[] = [];
  wantedAgain: string[] = [];
  delayed: { key: string; due: number }[] = [];
  getters = 0;
  given: string[] = [];
  now = 0;
  /** The groups of those that wait, in the order of their turns. */
  turns: string[] = [];
  readonly #groupOf: GroupOf;

  constructor(groupOf: GroupOf) {
    this.#groupOf = groupOf;
  }

  apply(step: Step): void {
    if (step.do === "add") this.#want(step.key);
    if (step.do === "addAfter") this.#wantAfter(step.key, step.ms);
    if (step.do === "get") this.getters++;
    if (step.do === "done") this.#done(step.index);
    if (step.do === "advance") this.#advance(step.ms);
    this.#serve();
  }

  #want(key: string): void {
    if (this.waiting.includes(key) || this.wantedAgain.includes(key)) return;
    if (this.held.includes(key)) return void this.wantedAgain.push(key);
    this.#wait(key);
    this.#serve();
  }

  #wait(key: string): void {
    this.waiting.push(key);
    if (!this.turns.includes(this.#groupOf(key))) this.turns.push(this.#groupOf(key));
  }

  #wantAfter(key: string, ms: number): void {
    if (ms === 0) return this.#want(key);
    const due = this.now + ms;
    if (this.delayed.some((other) => other.key === key && other.due <= due)) return;
    this.delayed = [...this.delayed.filter((other) => other.key !== key), { key, due }];
  }

  #done(index: number): void {
    const [key] = this.held.splice(index, 1);
    if (key === undefined || !this.wantedAgain.includes(key)) return;
    this.wantedAgain = this.wantedAgain.filter((other) => other !== key);
    this.#wait(key);
  }

  #advance(ms: number): void {
    this.now += ms;
    const due = this.delayed.filter((entry) => entry.due <= this.now).sort((a, b) => a.due - b.due);
    this.delayed = this.delayed.filter((entry) => entry.due > this.now);
    for (const { key } of due) this.#want(key);
  }

  #serve(): void {
    while (this.getters > 0 && this.waiting.length > 0) {
      const group = this.turns.shift()!;
      const key = this.waiting.find((key) => this.#groupOf(key) === group)!;
      this.waiting = this.waiting.filter((other) => other !== key);
      if (this.waiting.some((key) => this.#groupOf(key) === group)) this.turns.push(group);
      this.getters--;
      this.held.push(key);
      this.given.push(key);
    }
  }
}

Deno.test("the queue gives the same keys in the same order as its model, whatever happens", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(step, { maxLength: 60 }),
      fc.constantFrom(ONE_GROUP, BY_PREFIX),
      async (steps, groupOf) => {
        const clock = new FakeClock();
        const queue = makeQueue(clock, groupOf);
        const model = new Model(groupOf);
        const given: string[] = [];
        for (const step of steps) {
          const heldBefore = [...model.held];
          model.apply(step);
          if (step.do === "add") queue.add(step.key);
          if (step.do === "addAfter") queue.addAfter(step.key, step.ms);
          if (step.do === "get") queue.get().then((key) => key !== undefined && given.push(key));
          if (step.do === "done" && heldBefore[step.index] !== undefined) queue.done(heldBefore[step.index]!);
          if (step.do === "advance") await clock.advance(step.ms);
          await settle();
          deepEqual(given, model.given);
          equal(queue.length, model.waiting.length);
        }
        queue.shutDown();
        await settle();
      },
    ),
  );
});

Deno.test("no key is in two workers, and every add is followed by work that starts after it", async () => {
  const arrival = fc.record({ at: fc.nat(200), key, delay: fc.constantFrom(0, 0, 7, 30) });
  const arrivals = fc.array(arrival, { minLength: 1, maxLength: 40 });
  await fc.assert(
    fc.asyncProperty(arrivals, fc.integer({ min: 1, max: 4 }), fc.nat(25), async (adds, workers, effort) => {
      const clock = new FakeClock();
      const queue = makeQueue(clock, BY_PREFIX);
      const held = new Set<string>();
      /** For each key, the number of the latest add that the latest piece of work has seen. */
      const added = new Map<string, number>();
      const seen = new Map<string, number>();
      const work = async () => {
        for (let key = await queue.get(); key !== undefined; key = await queue.get()) {
          ok(!held.has(key), `'${key}' is in two workers`);
          held.add(key);
          seen.set(key, added.get(key)!);
          if (effort > 0) await sleep(clock, effort);
          held.delete(key);
          queue.done(key);
        }
      };
      const working = Promise.all(Array.from({ length: workers }, work));
      adds.forEach(({ at, key, delay }, number) =>
        clock.setTimer(at, () => {
          if (delay > 0) return queue.addAfter(key, delay);
          added.set(key, number);
          queue.add(key);
        })
      );
      await clock.advance(200 + 30 + 25 * (adds.length + 4));
      queue.shutDown();
      await working;
      for (const [key, number] of added) equal(seen.get(key), number, `the last add of '${key}' was lost`);
      for (const { key } of adds) ok(seen.has(key), `'${key}' was never worked on`);
    }),
  );
});
