/**
 * Candidates with clocks of their own, over a network that delays and loses, that freeze, crash, stop and start, and a Lease
 * that people delete: what two of them write never overlaps.
 */
import assert from "node:assert/strict";
import fc from "fast-check";
import { type Clock, sleep } from "../runtime/clock.ts";
import { FakeClock, settle } from "../runtime/fake_clock.ts";
import { KubeClient } from "./client.ts";
import { FakeLeaseServer, goodNetwork, type Network } from "./fake_lease_server.ts";
import { LeaderElector, NotLeaderError } from "./leader_elector.ts";
import { LEASE_MS } from "./lease.ts";

const RUNS = 150;
const SLOTS = 3;
/** A write takes up to this long, and may have its effect at any time until then, whatever becomes of its sender. */
const WRITE_MS = 10_000;

/** The clock of one process: its start and its wall time are its own, and nothing happens in it while it is frozen. */
class OwnClock implements Clock {
  readonly #shared: Clock;
  readonly #skewMs: number;
  #thaw: (() => void)[] | undefined;

  constructor(shared: Clock, skewMs: number) {
    this.#shared = shared;
    this.#skewMs = skewMs;
  }

  now(): number {
    return this.#shared.now() + this.#skewMs;
  }

  monotonic(): number {
    return this.#shared.monotonic() + Math.abs(this.#skewMs);
  }

  setTimer(ms: number, callback: () => void): () => void {
    let cancelled = false;
    const cancel = this.#shared.setTimer(ms, () => {
      if (this.#thaw === undefined) return callback();
      this.#thaw.push(() => cancelled || callback());
    });
    return () => {
      cancelled = true;
      cancel();
    };
  }

  /** Resolves as soon as the process runs. */
  thawed(): Promise<void> {
    return this.#thaw === undefined
      ? Promise.resolve()
      : new Promise((resolve) => void this.#thaw!.push(() => resolve()));
  }

  freeze(ms: number): void {
    if (this.#thaw !== undefined) return;
    this.#thaw = [];
    this.#shared.setTimer(ms, () => {
      const late = this.#thaw!;
      this.#thaw = undefined;
      for (const callback of late) callback();
    });
  }
}

/** Who has written when, and what may not be. */
class Journal {
  readonly #clock: Clock;
  readonly electors: { elector: LeaderElector; busyUntil: number }[] = [];
  writes = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  begin(writer: { elector: LeaderElector; busyUntil: number }): void {
    const now = this.#clock.monotonic();
    for (const other of this.electors) {
      if (other === writer) continue;
      assert.ok(!other.elector.isLeader(), "two lead");
      assert.ok(other.busyUntil <= now, `a write begins ${other.busyUntil - now} ms before another's end`);
    }
    writer.busyUntil = Math.max(writer.busyUntil, now + WRITE_MS);
    this.writes++;
  }
}

/** One process at a time; a new one with a new identity when it is started again. */
class Slot {
  readonly network: Network = goodNetwork();
  readonly #world: World;
  readonly #skewMs: number;
  #clock: OwnClock;
  #stopping = new AbortController();
  #cut: (() => void) | undefined;
  #elector: LeaderElector | undefined;
  failure: unknown;

  constructor(world: World, skewMs: number) {
    this.#world = world;
    this.#skewMs = skewMs;
    this.#clock = new OwnClock(world.clock, skewMs);
  }

  start(): void {
    const { clock: shared, server, journal, random, deletedAt } = this.#world;
    // Who is new can't know that a Lease that was just deleted had a holder.
    const wasHeld = server.lease === undefined && shared.monotonic() < deletedAt + LEASE_MS;
    if (this.#cut !== undefined || wasHeld) return;
    const clock = new OwnClock(shared, this.#skewMs);
    // A process that has crashed keeps its dead network while another is started in its place.
    const link = { isCut: false };
    const network: Network = {
      delay: () => this.network.delay(),
      fate: () => link.isCut ? "lost" : this.network.fate(),
      get deaf() {
        return link.isCut;
      },
    };
    const cluster = server.connect(network);
    const fetch = async (path: string, init: RequestInit) => {
      const response = await cluster.fetch(path, init);
      await clock.thawed();
      return response;
    };
    const client = new KubeClient({ ...cluster, fetch }, { clock });
    const identity = `candidate-${journal.electors.length}`;
    const elector = new LeaderElector({ client, namespace: "team-a", name: "op", identity, clock, random });
    const entry = { elector, busyUntil: 0 };
    journal.electors.push(entry);
    const stopping = new AbortController();
    this.#clock = clock;
    this.#elector = elector;
    this.#stopping = stopping;
    this.#cut = () => void (link.isCut = true);
    const work = async (signal: AbortSignal) => {
      while (!signal.aborted) {
        try {
          elector.guard(WRITE_MS);
          journal.begin(entry);
          await sleep(clock, random() * WRITE_MS);
          // It has ended; a crash would have left it on its way.
          if (!link.isCut) entry.busyUntil = shared.monotonic();
        } catch (error) {
          if (!(error instanceof NotLeaderError)) throw error;
        }
        await sleep(clock, 500);
      }
    };
    elector.run({ signal: stopping.signal, onLeading: work }).catch((error) => this.failure ??= error);
  }

  /** Whether it runs and may not have seen a Lease yet. */
  mayBeNew(): boolean {
    return this.#cut !== undefined && this.#elector?.problem() !== undefined;
  }

  stop(): void {
    this.#stopping.abort();
    this.#cut = undefined;
  }

  crash(): void {
    this.#cut?.();
    this.stop();
  }

  freeze(ms: number): void {
    this.#clock.freeze(ms);
  }
}

class World {
  readonly clock = new FakeClock();
  readonly server = new FakeLeaseServer(this.clock);
  readonly journal = new Journal(this.clock);
  readonly random: () => number;
  readonly slots: Slot[];
  deletedAt = 0;

  constructor(seed: number) {
    this.random = randomFrom(seed);
    const metadata = { name: "op", namespace: "team-a", uid: "uid-1", resourceVersion: "1" };
    this.server.lease = { metadata, spec: { holderIdentity: "", leaseDurationSeconds: 1 } };
    this.slots = Array.from({ length: SLOTS }, () => new Slot(this, Math.floor((this.random() - 0.5) * 7_200_000)));
  }

  delete(): void {
    if (this.slots.some((slot) => slot.mayBeNew())) return;
    this.deletedAt = this.clock.monotonic();
    this.server.delete();
  }

  /** Time goes on in steps, so that streams keep up. */
  async pass(ms: number): Promise<void> {
    for (let left = ms; left > 0; left -= 250) {
      await this.clock.advance(Math.min(left, 250));
      await settle();
      for (const { failure } of this.slots) if (failure !== undefined) throw failure;
    }
  }
}

/** Repeatable numbers from 0 to below 1 (mulberry32). */
function randomFrom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6D2B79F5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

const slot = fc.nat(SLOTS - 1);
const step = fc.oneof(
  { weight: 3, arbitrary: fc.record({ do: fc.constant("start" as const), slot }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant("stop" as const), slot }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant("crash" as const), slot }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant("freeze" as const), slot, ms: fc.nat(30_000) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("delete" as const) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("pause" as const), ms: fc.nat(20_000) }) },
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constant("network" as const),
      slot,
      delayMs: fc.constantFrom(1, 50, 1_000, 4_000),
      loss: fc.constantFrom(0, 0.2, 0.8, 1),
      deaf: fc.boolean(),
    }),
  },
);
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;

function carryOut(world: World, step: Step): void {
  switch (step.do) {
    case "start":
    case "stop":
    case "crash":
      return world.slots[step.slot]![step.do]();
    case "freeze":
      return world.slots[step.slot]!.freeze(step.ms);
    case "delete":
      return world.delete();
    case "pause": {
      if (world.server.paused !== undefined) return;
      const { promise, resolve } = Promise.withResolvers<void>();
      world.server.paused = promise;
      world.clock.setTimer(step.ms, () => {
        world.server.paused = undefined;
        resolve();
      });
      return;
    }
    case "network": {
      const { network } = world.slots[step.slot]!;
      network.delay = () => world.random() * step.delayMs;
      network.deaf = step.deaf;
      network.fate = () => {
        if (world.random() >= step.loss) return "arrives";
        return world.random() < 0.4 ? "unanswered" : world.random() < 0.5 ? "lost" : "refused";
      };
    }
  }
}

Deno.test("writes of two candidates never overlap, whatever happens, and one of them leads once all is well", async () => {
  let writes = 0;
  const property = fc.asyncProperty(
    fc.integer(),
    fc.array(fc.tuple(step, fc.nat(12_000)), { minLength: 5, maxLength: 25 }),
    async (seed, script) => {
      const world = new World(seed);
      world.slots[0]!.start();
      world.slots[1]!.start();
      for (const [step, ms] of script) {
        carryOut(world, step);
        await world.pass(ms);
      }
      for (const { network } of world.slots) Object.assign(network, goodNetwork());
      await world.pass(LEASE_MS);
      for (const slot of world.slots) slot.start();
      // What is frozen thaws, a lease runs out, an informer that has failed often tries again.
      await world.pass(100_000);
      assert.equal(world.journal.electors.filter(({ elector }) => elector.isLeader()).length, 1);
      writes += world.journal.writes;
      for (const slot of world.slots) slot.stop();
      await world.pass(30_000);
    },
  );
  await fc.assert(property, { numRuns: RUNS });
  assert.ok(writes > RUNS * 10, `only ${writes} writes were tried`);
});
