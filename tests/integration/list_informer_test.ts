/** The SageMaker informer with the real SDK over HTTP, where lists do everything wrong that they may. */
import assert from "node:assert/strict";
import type { Clock } from "../../src/runtime/clock.ts";
import { CallBudgets } from "../../src/sagemaker/budget.ts";
import { sageMakerFactory } from "../../src/sagemaker/client.ts";
import { endpoints } from "../../src/sagemaker/endpoints.ts";
import { JobInformer } from "../../src/sagemaker/informer/informer.ts";
import { FaultPlan } from "../../src/sagemaker/stand_in/faults.ts";
import { LIST_MODES } from "../../src/sagemaker/stand_in/list.ts";
import { type StandIn, startStandIn } from "../../src/sagemaker/stand_in/server.ts";
import { request } from "../../src/sagemaker/stand_in/fixture.ts";
import { eventually } from "../support/eventually.ts";
import { fastClock } from "../support/fast_clock.ts";
import { FAKE_CREDENTIALS } from "../support/operator.ts";

const REGION = "us-west-2";
const LIST = "ListProcessingJobs";
const HOUR_MS = 3_600_000;
const LAG_MS = 10_000;
const CLOCK_OFF_MS = 120_000;
const FOREIGN = 5_000;
const OWN = 240;
/** A minute takes six seconds. */
const SPEED = 10;

/** An informer that follows jobs which it has created, each under its name as the key. */
class Follower implements AsyncDisposable {
  readonly informer: JobInformer;
  readonly told = new Set<string>();
  readonly #factory;
  readonly #clock: Clock;
  readonly #stop = new AbortController();
  readonly #running: Promise<void>;

  constructor(standIn: StandIn, clock: Clock) {
    for (const [name, value] of Object.entries(FAKE_CREDENTIALS)) Deno.env.set(name, value);
    this.#clock = clock;
    this.#factory = sageMakerFactory({
      endpoints: endpoints({ endpointUrl: standIn.url }),
      clock,
      version: "0.0.0-test",
      // Ten seconds of ours, however fast the clock is.
      callTimeoutMs: 10_000 * SPEED,
    });
    this.informer = new JobInformer({
      sageMakerFor: this.#factory.sageMakerFor,
      clock,
      pollIntervalMs: 1_000,
      stalenessMs: 30_000,
      budgets: new CallBudgets(),
      onChange: (key) => this.told.add(key),
    });
    this.#running = this.informer.run(this.#stop.signal);
  }

  async create(name: string): Promise<void> {
    const sentAt = this.#clock.now();
    const arn = await this.#factory.sageMakerFor({ region: REGION }).create(request(name));
    const ref = { region: REGION, name };
    this.informer.record(name, ref, { name, arn, status: "InProgress" }, sentAt);
    this.informer.watch(name, ref, { details: true, createdAfter: sentAt });
  }

  async untilSeen(names: string[], status: string): Promise<void> {
    const isSeen = (name: string) => {
      const job = this.informer.get(name, { region: REGION, name })?.job;
      return job?.status === status && job.startTime !== undefined && this.told.has(name);
    };
    await eventually(`${names.length} jobs are seen to be ${status}`, () => {
      const missing = names.filter((name) => !isSeen(name));
      assert.equal(missing.length, 0, `${missing.length} are not, as ${missing[0]}`);
    }, { timeoutMs: 40_000 });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort(new DOMException("The test has ended", "AbortError"));
    await this.#running;
    this.#factory.close();
  }
}

Deno.test("lists that lag and page in circles, 5,000 foreign jobs, a clock 2 minutes off: every end is seen", async () => {
  const clock = fastClock(SPEED);
  const standIn = await startStandIn({ clock, jobDuration: HOUR_MS });
  try {
    standIn.clockOffsetMs = CLOCK_OFF_MS;
    standIn.createForeign(REGION, FOREIGN, HOUR_MS);
    const repeat = { fault: { kind: "repeat-token" }, operation: LIST } as const;
    const lag = { fault: { kind: "stale", ms: LAG_MS }, operation: LIST } as const;
    standIn.intercept = new FaultPlan({ rules: [repeat, lag], clock }).intercept;

    await using follower = new Follower(standIn, clock);
    const names = Array.from({ length: OWN }, (_, index) => `job-${index}`);
    for (const name of names) await follower.create(name);
    const end = async (jobs: string[]) => {
      for (const name of jobs) standIn.finish(name, "Completed");
      await follower.untilSeen(jobs, "Completed");
    };
    await end(names.slice(0, 20));
    // More at once than a page holds.
    await end(names.slice(20, 200));
    await end(names.slice(200));
    assert.equal(follower.informer.oldestLookMs(), undefined);
  } finally {
    await standIn.close();
  }
});

for (const lists of LIST_MODES) {
  Deno.test(`lists ${lists} that lag by 10 s: the age of the oldest look tells the delay`, async () => {
    const clock = fastClock(SPEED);
    const standIn = await startStandIn({ clock, jobDuration: HOUR_MS, lists });
    try {
      standIn.intercept = new FaultPlan({
        rules: [{ fault: { kind: "stale", ms: LAG_MS }, operation: LIST }],
        clock,
      }).intercept;
      await using follower = new Follower(standIn, clock);
      for (let index = 0; index < 20; index++) await follower.create(`job-${index}`);
      await eventually("the lag is known", () => {
        const ms = follower.informer.oldestLookMs()!;
        assert.ok(ms > 0.8 * LAG_MS && ms < 3 * LAG_MS, `${ms}`);
      });
    } finally {
      await standIn.close();
    }
  });
}
