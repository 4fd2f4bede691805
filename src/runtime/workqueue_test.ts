import { deepEqual, equal, rejects } from "node:assert/strict";
import { FakeClock, settle } from "./fake_clock.ts";
import { exponentialBackoff } from "./rate_limiter.ts";
import { WorkQueue } from "./workqueue.ts";

function makeQueue(): { queue: WorkQueue; clock: FakeClock } {
  const clock = new FakeClock();
  const rateLimiter = exponentialBackoff({ baseMs: 500, maxMs: 300_000, random: () => 0 });
  return { queue: new WorkQueue({ clock, rateLimiter }), clock };
}

/** Starts a `get` and gives a function that tells what it has given so far: a one-element list, or none while it waits. */
function watchGet(queue: WorkQueue): () => (string | undefined)[] {
  const given: (string | undefined)[] = [];
  queue.get().then((key) => given.push(key));
  return () => given;
}

Deno.test("get() gives keys in the order in which they were added, each once", async () => {
  const { queue } = makeQueue();
  for (const key of ["b", "a", "b", "c", "a"]) queue.add(key);
  equal(queue.length, 3);
  deepEqual([await queue.get(), await queue.get(), await queue.get()], ["b", "a", "c"]);
  equal(queue.length, 0);
});

Deno.test("get() waits for a key, and those who wait are served in turn", async () => {
  const { queue } = makeQueue();
  const [first, second] = [watchGet(queue), watchGet(queue)];
  await settle();
  deepEqual([first(), second()], [[], []]);
  queue.add("a");
  await settle();
  deepEqual([first(), second()], [["a"], []]);
  queue.add("b");
  await settle();
  deepEqual([first(), second()], [["a"], ["b"]]);
});

Deno.test("add() during processing requeues once, after done()", async () => {
  const { queue } = makeQueue();
  queue.add("a");
  await queue.get();
  queue.add("a");
  queue.add("a");
  equal(queue.length, 0);
  queue.done("a");
  equal(queue.length, 1);
  equal(await queue.get(), "a");
  queue.done("a");
  equal(queue.length, 0);
});

Deno.test("done() without a new add leaves the queue empty", async () => {
  const { queue } = makeQueue();
  queue.add("a");
  await queue.get();
  queue.done("a");
  equal(queue.length, 0);
});

Deno.test("addAfter() adds the key when its time has come, not before", async () => {
  const { queue, clock } = makeQueue();
  queue.addAfter("a", 1000);
  await clock.advance(999);
  equal(queue.length, 0);
  await clock.advance(1);
  equal(queue.length, 1);
});

Deno.test("addAfter() keeps the earliest of several delays and fires once", async () => {
  for (const delays of [[1000, 300], [300, 1000], [1000, 300, 600]]) {
    const { queue, clock } = makeQueue();
    for (const ms of delays) queue.addAfter("a", ms);
    equal(clock.pendingTimers, 1);
    await clock.advance(299);
    equal(queue.length, 0);
    await clock.advance(1);
    equal(await queue.get(), "a");
    queue.done("a");
    await clock.advance(5000);
    equal(queue.length, 0);
  }
});

Deno.test("addAfter() with no delay adds at once", () => {
  for (const ms of [0, -5]) {
    const { queue } = makeQueue();
    queue.addAfter("a", ms);
    equal(queue.length, 1);
  }
});

Deno.test("addAfter() doesn't ask for more than a system timer can wait", () => {
  const { queue, clock } = makeQueue();
  let asked = 0;
  clock.setTimer = (ms) => {
    asked = ms;
    return () => {};
  };
  queue.addAfter("a", 100 * 24 * 3600 * 1000);
  equal(asked, 2 ** 31 - 1);
});

Deno.test("addAfter() comes on time where the delay is longer than a system timer can wait", async () => {
  const { queue, clock } = makeQueue();
  const ms = 2 ** 31 + 1000;
  queue.addAfter("a", ms);
  await clock.advance(ms - 1);
  equal(queue.length, 0);
  await clock.advance(1);
  equal(queue.length, 1);
});

Deno.test("addAfter() of any number of keys needs one timer, and a system timer that comes early loses nothing", async () => {
  const { queue, clock } = makeQueue();
  const { setTimer } = clock;
  clock.setTimer = (ms, callback) => setTimer.call(clock, Math.max(ms - 1, 0.5), callback);
  for (let index = 0; index < 100; index++) queue.addAfter(`key-${index}`, 1000 - index);
  equal(clock.pendingTimers, 1);
  await clock.advance(900);
  equal(queue.length, 0);
  await clock.advance(51);
  equal(queue.length, 51);
  equal(clock.pendingTimers, 1);
  await clock.advance(50);
  equal(queue.length, 100);
  equal(clock.pendingTimers, 0);
});

Deno.test("get() keeps the order while keys come and go", async () => {
  const { queue } = makeQueue();
  const taken: (string | undefined)[] = [];
  for (let index = 0; index < 50; index++) {
    queue.add(`${index * 2}`);
    queue.add(`${index * 2 + 1}`);
    taken.push(await queue.get());
  }
  equal(queue.length, 50);
  while (queue.length > 0) taken.push(await queue.get());
  deepEqual(taken, Array.from({ length: 100 }, (_, index) => `${index}`));
});

Deno.test("get() gives the groups their turns, and keeps the order in each", async () => {
  const clock = new FakeClock();
  const rateLimiter = exponentialBackoff({ baseMs: 500, maxMs: 500 });
  const queue = new WorkQueue({ clock, rateLimiter, groupOf: (key) => key.split("/")[0]! });
  for (let index = 0; index < 5_000; index++) queue.add(`crowd/${index}`);
  const taken = [await queue.get(), await queue.get()];
  for (const key of ["b/1", "b/2", "c/1"]) queue.add(key);
  for (let index = 0; index < 7; index++) taken.push(await queue.get());
  deepEqual(taken, ["crowd/0", "crowd/1", "crowd/2", "b/1", "c/1", "crowd/3", "b/2", "crowd/4", "crowd/5"]);
  equal(queue.length, 4_994);
});

Deno.test("addRateLimited() waits longer each time until forget()", async () => {
  const { queue, clock } = makeQueue();
  for (const wait of [250, 500, 1000]) {
    equal(queue.addRateLimited("a"), wait);
    await clock.advance(wait - 1);
    equal(queue.length, 0);
    await clock.advance(1);
    queue.done(await queue.get() ?? "nothing");
  }
  equal(queue.retries("a"), 3);
  queue.forget("a");
  equal(queue.retries("a"), 0);
  equal(queue.addRateLimited("a"), 250);
});

Deno.test("shutDown() ends waits, drops what waits and takes no more", async () => {
  const { queue, clock } = makeQueue();
  const waiting = watchGet(queue);
  queue.addAfter("later", 10);
  queue.shutDown();
  equal(clock.pendingTimers, 0);
  queue.add("a");
  queue.addAfter("b", 0);
  queue.addAfter("c", 10);
  queue.addRateLimited("d");
  await clock.advance(10_000);
  deepEqual(waiting(), [undefined]);
  equal(queue.length, 0);
  equal(clock.pendingTimers, 0);
  equal(await queue.get(), undefined);
});

Deno.test("shutDown() drops queued keys", async () => {
  const { queue } = makeQueue();
  queue.add("a");
  queue.shutDown();
  equal(queue.length, 0);
  equal(await queue.get(), undefined);
});

Deno.test("shutDownWithDrain() waits for every key in processing, and a key added meanwhile doesn't hold it", async () => {
  const { queue } = makeQueue();
  queue.add("a");
  queue.add("b");
  await queue.get();
  await queue.get();
  queue.add("a");
  let drained = false;
  const draining = queue.shutDownWithDrain().then(() => drained = true);
  queue.done("a");
  await settle();
  equal(drained, false);
  queue.done("b");
  await draining;
  equal(queue.length, 0);
  equal(await queue.get(), undefined);
});

Deno.test("shutDownWithDrain() returns at once when nothing is in processing", async () => {
  const { queue } = makeQueue();
  queue.add("a");
  await queue.shutDownWithDrain();
});

Deno.test("shutDownWithDrain() gives up when its signal is aborted, before or during the wait", async () => {
  const { queue } = makeQueue();
  queue.add("a");
  await queue.get();
  const controller = new AbortController();
  const draining = queue.shutDownWithDrain(controller.signal);
  controller.abort(new Error("Time is up"));
  await rejects(draining, /Time is up/);
  await rejects(queue.shutDownWithDrain(controller.signal), /Time is up/);
});

Deno.test("an observer is told of each key that comes to need work, is taken, is done and is put back with backoff", async () => {
  const told: string[] = [];
  const teller = (what: string) => (key: string) => void told.push(`${what} ${key}`);
  const observer = { add: teller("add"), get: teller("get"), done: teller("done"), retry: teller("retry") };
  const clock = new FakeClock();
  const queue = new WorkQueue({ clock, rateLimiter: exponentialBackoff({ baseMs: 500, maxMs: 500 }), observer });
  queue.add("a");
  queue.add("a");
  await queue.get();
  queue.add("a");
  queue.done("a");
  await queue.get();
  queue.addRateLimited("a");
  queue.done("a");
  await clock.advance(500);
  queue.shutDown();
  deepEqual(told, ["add a", "get a", "add a", "done a", "get a", "retry a", "done a", "add a"]);
});
