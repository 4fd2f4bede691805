import { deepEqual, equal, match } from "node:assert/strict";
import { sleep } from "./clock.ts";
import { type Outcome, type ReconcileContext, type Result, runController, TerminalError } from "./controller.ts";
import { FakeClock, settle } from "./fake_clock.ts";
import { exponentialBackoff } from "./rate_limiter.ts";
import { WorkQueue } from "./workqueue.ts";

type Reconcile = (key: string, context: ReconcileContext) => Promise<Result>;

/** A running controller on a fake clock; `await stop()` ends it. */
function start(reconcile: Reconcile, workers = 1) {
  const clock = new FakeClock();
  const rateLimiter = exponentialBackoff({ baseMs: 500, maxMs: 300_000, random: () => 0 });
  const queue = new WorkQueue({ clock, rateLimiter });
  const controller = new AbortController();
  const results: [Outcome, number][] = [];
  let ended = false;
  const running = runController({
    queue,
    workers,
    reconcile,
    clock,
    signal: controller.signal,
    onResult: (outcome, seconds) => results.push([outcome, seconds]),
  }).then(() => ended = true);
  const stop = () => {
    controller.abort();
    return running;
  };
  return { clock, queue, results, stop, signal: controller.signal, hasEnded: () => ended };
}

/** A reconcile that gives or throws the listed things in turn, and says it is done from then on. */
function scripted(...turns: (Result | Error)[]): Reconcile {
  return () => {
    const turn = turns.shift() ?? { kind: "done" };
    return turn instanceof Error ? Promise.reject(turn) : Promise.resolve(turn);
  };
}

Deno.test("an error is retried with backoff, and success forgets the count", async () => {
  const { clock, queue, results, stop } = start(scripted(new Error("one"), new Error("two")));
  queue.add("a");
  await settle();
  equal(queue.retries("a"), 1);
  await clock.advance(249);
  deepEqual(results, [["error", 0]]);
  await clock.advance(1);
  equal(queue.retries("a"), 2);
  await clock.advance(500);
  deepEqual(results, [["error", 0], ["error", 0], ["success", 0]]);
  equal(queue.retries("a"), 0);
  await stop();
});

Deno.test("an error that names its own wait is retried after that", async () => {
  const throttled = Object.assign(new Error("Slow down"), { retryAfterMs: 7000 });
  const { clock, queue, results, stop } = start(scripted(throttled));
  queue.add("a");
  await clock.advance(6999);
  deepEqual(results, [["error", 0]]);
  await clock.advance(1);
  deepEqual(results, [["error", 0], ["success", 0]]);
  await stop();
});

Deno.test("an error whose own wait is no wait falls back on the backoff", async () => {
  for (const retryAfterMs of [0, -1, NaN, "5"]) {
    const { clock, queue, results, stop } = start(scripted(Object.assign(new Error("x"), { retryAfterMs })));
    queue.add("a");
    await clock.advance(249);
    equal(results.length, 1);
    await clock.advance(1);
    equal(results.length, 2);
    await stop();
  }
});

Deno.test("a TerminalError is not retried and forgets the count", async () => {
  const { clock, queue, results, stop } = start(scripted(new Error("one"), new TerminalError("The name is taken")));
  queue.add("a");
  await clock.advance(3_600_000);
  deepEqual(results, [["error", 0], ["terminal", 0]]);
  equal(queue.retries("a"), 0);
  await stop();
});

Deno.test("a reconcile that only waits for its turn leaves the backoff of its key as it is", async () => {
  const waits: Result = { kind: "after", ms: 100, isWaiting: true };
  const { queue, stop, clock } = start(scripted({ kind: "back-off" }, waits, { kind: "back-off" }));
  queue.add("a");
  await clock.advance(250 + 100);
  equal(queue.retries("a"), 2);
  await stop();
});

Deno.test("a reconcile that asks for it runs again after its wait", async () => {
  const { clock, queue, results, stop } = start(scripted(new Error("one"), { kind: "after", ms: 5000 }));
  queue.add("a");
  await clock.advance(250);
  equal(queue.retries("a"), 0);
  await clock.advance(4999);
  equal(results.length, 2);
  await clock.advance(1);
  deepEqual(results.map(([outcome]) => outcome), ["error", "requeue_after", "success"]);
  await stop();
});

Deno.test("even a reconcile that throws no Error is retried", async () => {
  for (const thrown of [undefined, null, "text"]) {
    const { queue, results, stop } = start(() => Promise.reject(thrown));
    queue.add("a");
    await settle();
    deepEqual(results, [["error", 0]]);
    await stop();
  }
});

Deno.test("as many reconciles run at once as there are workers, each with an id of its own", async () => {
  const ids: string[] = [];
  let clock: FakeClock | undefined = undefined;
  const controller = start(async (_key, { reconcileId }) => {
    ids.push(reconcileId);
    await sleep(clock!, 1000);
    return { kind: "done" };
  }, 3);
  clock = controller.clock;
  for (const key of ["a", "b", "c", "d", "e"]) controller.queue.add(key);
  await settle();
  equal(ids.length, 3);
  await clock.advance(1000);
  equal(ids.length, 5);
  await clock.advance(1000);
  equal(new Set(ids).size, 5);
  ids.forEach((id) => match(id, /^[0-9a-f]{8}$/));
  deepEqual(controller.results, Array(5).fill(["success", 1]));
  await controller.stop();
});

Deno.test("a stop lets work in flight end and starts no more", async () => {
  const started: string[] = [];
  const work = Promise.withResolvers<Result>();
  const { queue, stop, hasEnded } = start((key) => {
    started.push(key);
    return work.promise;
  });
  queue.add("a");
  queue.add("b");
  await settle();
  const stopped = stop();
  await settle();
  equal(hasEnded(), false);
  work.resolve({ kind: "after", ms: 1 });
  await stopped;
  deepEqual(started, ["a"]);
});

Deno.test("a stop aborts work that takes longer than nine seconds", async () => {
  const reasons: string[] = [];
  const { clock, queue, stop, results } = start((_key, { signal }) =>
    new Promise((_resolve, reject) => {
      signal.addEventListener("abort", () => {
        reasons.push(signal.reason.name);
        reject(signal.reason);
      });
    })
  );
  queue.add("a");
  await settle();
  const stopped = stop();
  await clock.advance(8_999);
  deepEqual(reasons, []);
  await clock.advance(1);
  deepEqual(reasons, ["AbortError"]);
  await stopped;
  deepEqual(results, [["error", 9]]);
  equal(clock.pendingTimers, 0);
});

Deno.test("a stop waits no longer than ten seconds for work that ignores its signal", async () => {
  const { clock, queue, stop, hasEnded } = start(() => new Promise(() => {}));
  queue.add("a");
  await settle();
  const stopped = stop();
  await clock.advance(9_999);
  equal(hasEnded(), false);
  await clock.advance(1);
  await stopped;
});

Deno.test("a stop before the start runs nothing", async () => {
  const clock = new FakeClock();
  const queue = new WorkQueue({ clock, rateLimiter: exponentialBackoff({ baseMs: 1, maxMs: 1 }) });
  await runController({
    queue,
    workers: 2,
    clock,
    signal: AbortSignal.abort(),
    reconcile: () => Promise.resolve({ kind: "done" }),
  });
  equal(await queue.get(), undefined);
});

Deno.test("the delay of a key whose resource is gone is cancelled, however long it is", async () => {
  const years: Result = { kind: "after", ms: 10 * 365 * 24 * 3_600_000 };
  const { queue, clock, stop } = start(scripted(years, { kind: "done" }, { kind: "gone" }));
  queue.add("a");
  await settle();
  equal(queue.size, 1);
  queue.add("a");
  await settle();
  equal(queue.size, 1, "the resource is there, so what was asked for stands");
  queue.add("a");
  await settle();
  equal(queue.size, 0);
  equal(clock.pendingTimers, 0);
  await stop();
});
