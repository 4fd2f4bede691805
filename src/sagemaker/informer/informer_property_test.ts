import assert from "node:assert/strict";
import fc from "fast-check";
import { FINAL_JOB_STATUSES } from "../../api/job.ts";
import type { FaultRule } from "../stand_in/faults.ts";
import { LIST_MODES, type ListMode } from "../stand_in/list.ts";
import { FakeRegion, refOf, REGION } from "./fake_region.ts";

const MINUTE = 60_000;
const LIST = "ListProcessingJobs";

type Step =
  | { do: "create"; count: number; durationMs: number | undefined }
  | { do: "end" | "stop" | "delete record" | "forget"; which: number }
  | { do: "restart"; which: number }
  | { do: "foreign"; count: number; durationMs: number }
  | { do: "fault"; rule: FaultRule; forMs: number }
  | { do: "wait"; ms: number };

const which = fc.nat();
const MILD: FaultRule[] = [
  { fault: { kind: "stale", ms: 3_000 }, operation: LIST },
  { fault: { kind: "stale", ms: 10_000 }, operation: LIST },
  { fault: { kind: "latency", ms: 2_000 }, operation: LIST },
  // The client has tried such a call a second time.
  { fault: { kind: "reset" }, probability: 0.02 },
  { fault: { kind: "throttle", perSecond: 2 }, operation: LIST },
  { fault: { kind: "stale", ms: 2_000 }, operation: "DescribeProcessingJob" },
];
const SEVERE: FaultRule[] = [
  { fault: { kind: "repeat-token" }, operation: LIST },
  { fault: { kind: "hang" }, operation: LIST, page: "later" },
  { fault: { kind: "hang" }, operation: LIST },
  { fault: { kind: "error", code: "AccessDeniedException" }, operation: LIST },
  { fault: { kind: "error", code: "InternalFailure", status: 500 } },
  { fault: { kind: "throttle", perSecond: 0.2 } },
];

function steps(faults: FaultRule[]): fc.Arbitrary<Step[]> {
  const durationMs = fc.option(fc.integer({ min: 500, max: 60_000 }), { nil: undefined });
  const step: fc.Arbitrary<Step> = fc.oneof(
    fc.record({ do: fc.constant("create"), count: fc.constantFrom(1, 2, 30, 150), durationMs }),
    fc.record({ do: fc.constantFrom("end", "stop", "end", "stop", "delete record", "forget"), which }),
    fc.record({ do: fc.constant("restart"), which }),
    fc.record({ do: fc.constant("foreign"), count: fc.constantFrom(10, 400), durationMs: fc.constant(20_000) }),
    fc.record({ do: fc.constant("fault"), rule: fc.constantFrom(...faults), forMs: fc.constantFrom(5_000, 40_000) }),
    fc.record({ do: fc.constant("wait"), ms: fc.constantFrom(0, 50, 900, 5_000, 20_000) }),
  ) as fc.Arbitrary<Step>;
  return fc.array(step, { minLength: 5, maxLength: 25 });
}

/** Plays steps, and remembers what must be told. */
class Play {
  readonly it: FakeRegion;
  /** Of each job that is followed, when it was seen by us to end; on the monotonic clock. */
  readonly endedAt = new Map<string, number>();
  readonly #followed = new Set<string>();
  /** What was known of each key when it was told last. */
  readonly #told = new Map<string, string>();
  #created = 0;
  #faultUntil = 0;

  constructor(lists: ListMode) {
    this.it = new FakeRegion({ lists });
    this.it.onTold = (key) => {
      const { job, absent, failure } = this.it.informer.get(key, refOf(key))!;
      const known = JSON.stringify([job?.status, job?.startTime, job?.isSummary, absent !== undefined, failure?.code]);
      // While looks fail it is news that they have failed for long.
      if (this.#told.get(key) === known && failure === undefined) this.toldTwice.push(`${key} of ${known}`);
      this.#told.set(key, known);
      if (FINAL_JOB_STATUSES.includes(job?.status ?? "")) this.#onEndTold(key);
    };
  }

  readonly delays: number[] = [];
  readonly toldTwice: string[] = [];

  #onEndTold(key: string): void {
    const at = this.endedAt.get(key);
    if (at !== undefined) this.delays.push(this.it.clock.monotonic() - at);
    this.endedAt.delete(key);
  }

  async run(steps: Step[]): Promise<void> {
    for (const step of steps) {
      await this.#do(step);
      await this.wait(100);
    }
    this.it.faults();
  }

  /** Goes on in small strides, so as to see when a job ends. */
  async wait(ms: number): Promise<void> {
    for (let rest = ms; rest > 0; rest -= 100) {
      if (this.it.clock.monotonic() >= this.#faultUntil) this.it.faults();
      await this.it.clock.advance(Math.min(100, rest));
      this.#seeEnds();
    }
  }

  #seeEnds(): void {
    for (const name of this.#followed) {
      const job = this.it.service.table(REGION).get(name);
      if (job === undefined) this.#unfollow(name);
      else if (FINAL_JOB_STATUSES.includes(this.it.statusOf(name))) {
        this.#followed.delete(name);
        if (!FINAL_JOB_STATUSES.includes(this.it.known(name)?.status ?? "")) {
          this.endedAt.set(name, this.it.clock.monotonic());
        }
      }
    }
  }

  #unfollow(name: string): void {
    this.#followed.delete(name);
    this.endedAt.delete(name);
  }

  async #do(step: Step): Promise<void> {
    const { it } = this;
    switch (step.do) {
      case "create":
        for (let index = 0; index < step.count; index++) {
          const name = `job-${this.#created++}`;
          it.createAndFollow(name, step.durationMs);
          this.#followed.add(name);
        }
        return;
      case "foreign":
        return it.service.createForeign(REGION, step.count, step.durationMs);
      case "fault":
        this.#faultUntil = it.clock.monotonic() + step.forMs;
        return it.faults(step.rule);
      case "wait":
        return await this.wait(step.ms);
    }
    const name = [...this.#followed][step.which % Math.max(1, this.#followed.size)];
    if (name === undefined) return;
    switch (step.do) {
      case "end":
        return it.end(name);
      case "stop":
        return it.stop(name);
      case "delete record":
        this.#unfollow(name);
        return it.delete(name);
      case "forget":
        this.#unfollow(name);
        return it.informer.forget(name);
      case "restart":
        // As another process would: it follows what it has never seen.
        it.informer.forget(name);
        this.#told.delete(name);
        return it.follow(name);
    }
  }
}

/** Calls that are allowed for one minute: what polls, sweeps and turns cost at the most, and for each job what its end costs. */
const MOST_CALLS = 800;
const MOST_CALLS_A_JOB = 3;
/** How long a page of a list takes, at half of two lists a second. */
const PAGE_MS = 1_000;

function jobsIn(script: readonly Step[]): number {
  return script.reduce((sum, step) => sum + (step.do === "create" || step.do === "foreign" ? step.count : 0), 0);
}

/** Beside polls a scan takes a minute or more where much changes; only it finds what a list was late with then. */
const NARROW_SCANS_MS = 2 * MINUTE;

async function play(
  script: Step[],
  { lists, offsetMs, boundMs, patienceMs }: {
    lists: ListMode;
    offsetMs: number;
    boundMs: number;
    patienceMs: number;
  },
): Promise<void> {
  const play = new Play(lists);
  await using it = play.it;
  it.service.clockOffsetMs = offsetMs;
  await play.run(script);
  await play.wait(patienceMs);
  const mostMs = boundMs + (lists === "narrow" ? NARROW_SCANS_MS : 0);
  const late = [...play.endedAt].filter(([, at]) => it.clock.monotonic() - at > Math.min(mostMs, 10 * MINUTE));
  assert.deepEqual(late, [], "every end is told");
  assert.deepEqual(play.toldTwice, [], "nothing is told twice");
  // At one list a second, each page of a scan takes a second, and an end may come right after its page.
  const scansMs = lists === "late" ? 2 * PAGE_MS * Math.ceil(jobsIn(script) / 100) : NARROW_SCANS_MS;
  assert.ok(Math.max(0, ...play.delays) <= boundMs + scansMs, `an end was told after ${Math.max(...play.delays)} ms`);
  const minutes = Map.groupBy(it.calls, ({ at }) => Math.floor(at / MINUTE));
  const most = MOST_CALLS + MOST_CALLS_A_JOB * it.service.created.length;
  for (const calls of minutes.values()) assert.ok(calls.length <= most, `${calls.length} calls within a minute`);
}

/** Of SageMaker's clock to ours. */
const offsets = fc.integer({ min: -10 * MINUTE, max: 60 * MINUTE });

for (const lists of LIST_MODES) {
  Deno.test(`lists ${lists}: whatever mild trouble there is, every end is told once, within its lag, 20 s and two scans`, async () => {
    const property = fc.asyncProperty(offsets, steps(MILD), async (offsetMs, script) => {
      await play(script, { lists, offsetMs, boundMs: 30_000, patienceMs: lists === "late" ? 40_000 : 3 * MINUTE });
    });
    await fc.assert(property, { numRuns: lists === "late" ? 100 : 50 });
  });

  Deno.test(`lists ${lists}: whatever severe trouble there is, every end is told once, within ten minutes after it`, async () => {
    const property = fc.asyncProperty(offsets, steps(SEVERE), async (offsetMs, script) => {
      await play(script, { lists, offsetMs, boundMs: Infinity, patienceMs: 12 * MINUTE });
    });
    await fc.assert(property, { numRuns: lists === "late" ? 40 : 20 });
  });
}

Deno.test("lists narrow: many new jobs that a lagging list does not show yet are listed again, not described one by one", async () => {
  const stale = (ms: number) => ({ fault: { kind: "stale" as const, ms }, operation: "ListProcessingJobs" as const });
  const script: Step[] = [
    { do: "foreign", count: 400, durationMs: 20_000 },
    { do: "wait", ms: 20_000 },
    { do: "fault", rule: stale(10_000), forMs: 40_000 },
    { do: "create", count: 2, durationMs: undefined },
    { do: "create", count: 150, durationMs: undefined },
    { do: "wait", ms: 20_000 },
    { do: "end", which: 0 },
    { do: "fault", rule: stale(3_000), forMs: 5_000 },
    { do: "restart", which: 0 },
    { do: "end", which: 0 },
  ];
  await play(script, { lists: "narrow", offsetMs: 0, boundMs: 30_000, patienceMs: 40_000 });
});

Deno.test("lists late: scans go on at once where polls, which a lagging list made look narrow, turn out to be late", async () => {
  const stale = { fault: { kind: "stale" as const, ms: 10_000 }, operation: "ListProcessingJobs" as const };
  const script: Step[] = [
    { do: "create", count: 150, durationMs: 2_011 },
    { do: "fault", rule: stale, forMs: 40_000 },
    { do: "wait", ms: 20_000 },
    { do: "foreign", count: 10, durationMs: 20_000 },
    { do: "create", count: 1, durationMs: undefined },
  ];
  await play(script, { lists: "late", offsetMs: 0, boundMs: 30_000, patienceMs: 40_000 });
});
