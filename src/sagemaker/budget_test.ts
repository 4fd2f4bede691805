import { deepEqual, equal, notEqual, ok } from "node:assert/strict";
import fc from "fast-check";
import { sleep } from "../runtime/clock.ts";
import { FakeClock } from "../runtime/fake_clock.ts";
import { CallBudget, CallBudgets } from "./budget.ts";
import { FaultPlan } from "./stand_in/faults.ts";

const CONTEXT = { region: "us-east-1", apply: () => ({ status: 200, body: "" }), signal: AbortSignal.any([]) };

/** A service, and one who calls it as fast as a budget allows. */
class Service {
  readonly clock = new FakeClock();
  readonly budget: CallBudget;
  done = 0;
  throttled = 0;
  underWay = 0;
  #left = 0;
  #plan = new FaultPlan({ rules: [] });
  #isOut = false;
  #cancel = () => {};
  readonly #latencyMs: number;
  readonly #most: number;

  constructor(
    { perSecond, published, latencyMs = 20, most = 12 }: {
      perSecond?: number;
      published?: number;
      latencyMs?: number;
      most?: number;
    },
  ) {
    this.budget = new CallBudget(() => 0.5, published);
    this.#latencyMs = latencyMs;
    this.#most = most;
    this.limitTo(perSecond);
  }

  /** Sets what the service allows from now on: no number for no limit, 0 for no call at all. */
  limitTo(perSecond: number | undefined): void {
    this.#isOut = perSecond === 0;
    const rules = perSecond ? [{ fault: { kind: "throttle" as const, perSecond } }] : [];
    this.#plan = new FaultPlan({ rules, clock: this.clock });
  }

  /** Asks for so many calls, as time goes on. */
  want(calls: number): void {
    this.#left += calls;
    this.#go();
  }

  /** Has so many more calls succeed, and gives the seconds that takes. */
  async send(calls: number, atMostSeconds = 10_000): Promise<number> {
    const start = this.clock.monotonic();
    const wanted = this.done + calls;
    this.want(calls);
    while (this.done < wanted && this.clock.monotonic() - start < atMostSeconds * 1000) await this.clock.advance(20);
    return (this.clock.monotonic() - start) / 1000;
  }

  #go(): void {
    this.#cancel();
    while (this.#left > 0 && this.underWay < this.#most) {
      const waitMs = this.budget.waitMs(this.clock.monotonic());
      if (waitMs > 0) return void (this.#cancel = this.clock.setTimer(waitMs, () => this.#go()));
      void this.#call();
    }
  }

  async #call(): Promise<void> {
    const sentAt = this.clock.monotonic();
    this.#left--;
    this.underWay++;
    this.budget.take(sentAt);
    await sleep(this.clock, this.#latencyMs / 2);
    const isThrottled = this.#isOut || await this.#plan.intercept("CreateProcessingJob", {}, CONTEXT) !== undefined;
    await sleep(this.clock, this.#latencyMs / 2);
    this.budget.report(isThrottled ? "throttled" : "ok", sentAt, this.clock.monotonic());
    this.underWay--;
    if (isThrottled) [this.throttled, this.#left] = [this.throttled + 1, this.#left + 1];
    else this.done++;
    this.#go();
  }
}

Deno.test("a budget starts slowly, and then lets everything go", async () => {
  const service = new Service({ most: 16 });
  service.want(1000);
  const underWay: number[] = [];
  for (let trip = 0; trip < 6; trip++) {
    await service.clock.advance(trip === 0 ? 10 : 20);
    underWay.push(service.underWay);
  }
  deepEqual(underWay, [1, 2, 4, 8, 16, 16]);
  await service.clock.advance((1000 / 16) * 20);
  equal(service.done, 1000);
  equal(service.budget.perSecond, Infinity);
});

Deno.test("a budget finds what a throttled service allows, at the cost of few calls", async () => {
  for (const [perSecond, latencyMs] of [[0.5, 20], [5, 20], [5, 300], [50, 20]] as const) {
    const service = new Service({ perSecond, latencyMs });
    const seconds = await service.send(1000);
    const what = `${seconds} s and ${service.throttled} throttled at ${perSecond}/s with ${latencyMs} ms`;
    ok(seconds <= 1150 / perSecond, what);
    ok(service.throttled < 30, what);
    ok(Math.abs(service.budget.perSecond / perSecond - 1) < 0.25, `${service.budget.perSecond}/s for ${perSecond}/s`);
  }
});

Deno.test("a budget finds within a minute that the limit has gone, and soon that it has become less", async () => {
  const lifted = new Service({ perSecond: 5 });
  await lifted.send(300);
  lifted.limitTo(undefined);
  await lifted.send(100_000, 60);
  ok(lifted.budget.perSecond > 50, `${lifted.budget.perSecond}/s`);

  const lowered = new Service({ perSecond: 50 });
  await lowered.send(500);
  const before = lowered.throttled;
  lowered.limitTo(5);
  const seconds = await lowered.send(100);
  ok(lowered.throttled - before <= 15 && seconds <= 25, `${lowered.throttled - before} throttled in ${seconds} s`);
});

Deno.test("a budget tries a service that throttles everything ever less often, and reopens within a minute", async () => {
  const service = new Service({ perSecond: 0 });
  await service.send(1000, 600);
  equal(service.done, 0);
  ok(service.throttled <= 30, `${service.throttled} calls`);
  service.limitTo(undefined);
  ok(await service.send(999) <= 65);
});

Deno.test("a budget is not slowed down for long by one throttled call", async () => {
  const service = new Service({ perSecond: 0 });
  service.want(1000);
  await service.clock.advance(20);
  service.limitTo(undefined);
  await service.clock.advance(10_000);
  deepEqual([service.done, service.throttled], [1000, 1]);
});

Deno.test("a budget holds the rate that AWS publishes, and loses next to none of it", async () => {
  const service = new Service({ perSecond: 1, published: 1 });
  const seconds = await service.send(120);
  ok(seconds <= 123 && service.throttled <= 4, `${seconds} s and ${service.throttled} throttled`);
});

Deno.test("a budget goes by what it measures where that is more than AWS publishes", async () => {
  const service = new Service({ perSecond: 5, published: 1 });
  const seconds = await service.send(300);
  ok(seconds <= 70, `${seconds} s and ${service.throttled} throttled`);
});

Deno.test("a budget returns to the published rate after others in the account have used it up", async () => {
  const service = new Service({ perSecond: 1, published: 1 });
  await service.send(30);
  service.limitTo(0);
  await service.clock.advance(120_000);
  service.limitTo(1);
  const seconds = await service.send(60);
  ok(seconds <= 85, `${seconds} s and ${service.throttled} throttled`);
});

Deno.test("a budget tries more than the published rate only after five minutes without a throttle", async () => {
  const service = new Service({ perSecond: 1, published: 1 });
  await service.send(30);
  service.limitTo(undefined);
  await service.send(100_000, 240);
  ok(service.budget.perSecond <= 1, `${service.budget.perSecond}/s`);
  await service.send(100_000, 240);
  ok(service.budget.perSecond > 2, `${service.budget.perSecond}/s`);
});

Deno.test("time in which nobody calls raises no rate", async () => {
  const service = new Service({ perSecond: 5 });
  await service.send(100);
  const rate = service.budget.perSecond;
  await service.clock.advance(3_600_000);
  const before = service.throttled;
  await service.send(50);
  ok(
    service.budget.perSecond < 1.5 * rate && service.throttled - before <= 5,
    `${service.throttled - before} throttled`,
  );
});

Deno.test("calls that were under way together when throttled count once", () => {
  const budget = new CallBudget(() => 0.5);
  for (let call = 0; call < 8; call++) budget.take(0);
  for (let call = 0; call < 5; call++) budget.report("ok", 0, 20);
  budget.report("throttled", 0, 20);
  const rate = budget.perSecond;
  budget.report("throttled", 0, 21);
  budget.report("throttled", 0, 22);
  equal(budget.perSecond, rate);
});

Deno.test("a background call leaves a quarter of the bucket, and goes behind all who wait", () => {
  const budget = new CallBudget(() => 0.5);
  for (let call = 0; call < 40; call++) budget.take(0);
  for (let call = 0; call < 39; call++) budget.report("ok", 0, 20);
  budget.report("throttled", 0, 20);
  const background = { background: true };
  const token = budget.waitMs(20);
  ok(token > 0 && budget.waitMs(20, background) > token);
  // Nobody comes for it.
  equal(budget.waitMs(20 + token), 0);
  ok(budget.waitMs(20 + token, background) > 0);
  equal(budget.waitMs(1000, background), 0);
  while (budget.waitMs(1000) === 0) budget.take(1000);
  const waitMs = budget.waitMs(1000, background);
  ok(waitMs > budget.waitMs(1000), `${waitMs} ms`);

  // Where the bucket holds but one token, that one is for whoever waits.
  const slow = new CallBudget(() => 0.5);
  slow.take(0);
  slow.report("throttled", 0, 20);
  equal(slow.waitMs(20), 1000);
  ok(slow.waitMs(1020, background) > 0);
  equal(slow.waitMs(1020), 0);
});

Deno.test("a call that hangs holds up the slow start for half a second", () => {
  const budget = new CallBudget();
  budget.take(0);
  deepEqual([budget.waitMs(0), budget.waitMs(100), budget.waitMs(500)], [500, 400, 0]);
});

Deno.test("each operation, region and endpoint has a budget, the same for all who ask", () => {
  const budgets = new CallBudgets();
  const create = { operation: "CreateProcessingJob", region: "us-east-1" };
  equal(budgets.of(create), budgets.of({ ...create, endpoint: undefined }));
  for (
    const other of [{ operation: "StopProcessingJob" }, { region: "eu-west-1" }, { endpoint: "http://127.0.0.1" }]
  ) notEqual(budgets.of(create), budgets.of({ ...create, ...other }));
});

Deno.test("whatever happens, a budget lets a call go within its slowest interval", () => {
  const outcome = fc.constantFrom("ok" as const, "ok" as const, "throttled" as const, "unknown" as const);
  const step = fc.record({ pauseMs: fc.integer({ min: 0, max: 100_000 }), latencyMs: fc.nat(20_000), outcome });
  fc.assert(fc.property(fc.array(step, { maxLength: 300, size: "max" }), fc.boolean(), (steps, background) => {
    const budget = new CallBudget(() => 0.5);
    let now = 0;
    let number = 0;
    for (const { pauseMs, latencyMs, outcome } of steps) {
      now += pauseMs;
      const waitMs = budget.waitMs(now, { background: background && number++ % 2 === 0 });
      ok(waitMs >= 0 && waitMs <= 90_000, `${waitMs} ms`);
      now += waitMs;
      budget.take(now);
      budget.report(outcome, now, now + latencyMs);
      ok(budget.perSecond >= 1 / 30, `${budget.perSecond}/s`);
    }
  }));
});

Deno.test("CallBudgets.dropIdle() drops the budgets of 15,000 invented regions and endpoints, and none with a call under way", async () => {
  const clock = new FakeClock();
  const budgets = new CallBudgets({ clock });
  const busy = { operation: "DescribeProcessingJob", region: "us-west-2" };
  budgets.of(busy).take(clock.monotonic());
  for (let i = 0; i < 15_000; i++) {
    budgets.of({ operation: "DescribeProcessingJob", region: `invented-${i}`, endpoint: `https://${i}.example.com` });
  }
  await clock.advance(10 * 60_000);
  budgets.dropIdle();
  equal(budgets.size, 1);
  budgets.of(busy).report("ok", 0, clock.monotonic());
  await clock.advance(10 * 60_000);
  budgets.dropIdle();
  equal(budgets.size, 0);
});

Deno.test("the sessions of namespaces in one AWS account share its budgets, and those of another account don't", () => {
  const budgets = new CallBudgets({ clock: new FakeClock() });
  const of = (account: string, role: string, namespace: string) =>
    budgets.of({
      operation: "CreateProcessingJob",
      region: "us-west-2",
      account: { roleArn: `arn:aws:iam::${account}:role/${role}`, externalId: `uid/${namespace}`, namespace },
    });
  equal(of("111111111111", "a", "team-a") === of("111111111111", "b", "team-b"), true);
  equal(of("111111111111", "a", "team-a") === of("222222222222", "a", "team-a"), false);
});
