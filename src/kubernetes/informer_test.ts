import assert from "node:assert/strict";
import { warningsOf } from "../../tests/support/warnings.ts";
import { failure, FakeWatch, listOf, thing } from "./fake_cluster.ts";
import { Informer } from "./informer.ts";
import { Bench, bookmark, PATH, quiet } from "./informer_fixture.ts";

Deno.test("run() lists page by page, and shows the store nothing before the last", async () => {
  await using bench = new Bench({ labelSelector: "team=a" });
  const second = Promise.withResolvers<Response>();
  bench.cluster.answer = ({ url, watch }) => {
    if (watch) return bench.open();
    return url.searchParams.get("continue") === "more" ? second.promise : listOf([thing("a", 1)], 10, "more");
  };
  await bench.start();
  assert.equal(bench.store.size, 0);
  assert.equal(bench.informer.hasSynced(), false);
  assert.equal(bench.informer.status().state, "listing");
  second.resolve(listOf([thing("b", 2)], 10));
  await bench.informer.synced;
  await quiet();
  assert.deepEqual(bench.store.keys(), ["default/a", "default/b"]);
  assert.equal(bench.informer.hasSynced(), true);
  assert.equal(bench.informer.status().state, "watching");
  for (const { url } of bench.cluster.requests) assert.equal(url.searchParams.get("labelSelector"), "team=a");
  assert.deepEqual(bench.cluster.lists.map(({ url }) => url.searchParams.get("limit")), ["250", "250"]);
  assert.deepEqual(bench.starts, ["10"]);
});

Deno.test("run() puts the watch's events into the store", async () => {
  await using bench = new Bench();
  await bench.start();
  bench.stream.send("ADDED", thing("a", 11));
  bench.stream.send("ADDED", thing("b", 12));
  bench.stream.send("MODIFIED", thing("a", 13, { value: "new" }));
  bench.stream.send("DELETED", thing("b", 14));
  await quiet();
  assert.deepEqual(bench.store.keys(), ["default/a"]);
  assert.equal(bench.store.get("default/a")?.value, "new");
  assert.deepEqual(bench.changes, ["default/a", "default/b", "default/a", "default/b"]);
});

Deno.test("run() resumes where a watch ended, at once and without a list", async () => {
  await using bench = new Bench();
  await bench.start();
  bench.stream.send("ADDED", thing("a", 11));
  await bench.clock.advance(20_000);
  bench.stream.send("BOOKMARK", bookmark(40));
  await bench.clock.advance(20_000);
  bench.stream.end();
  await quiet();
  bench.stream.send("MODIFIED", thing("a", 41));
  await bench.clock.advance(20_000);
  bench.stream.cut();
  await quiet();
  assert.deepEqual(bench.starts, ["10", "40", "41"]);
  assert.equal(bench.cluster.lists.length, 1);
  assert.equal(bench.informer.status().state, "watching");
});

Deno.test("run() asks for a server-side end between 22 and 26 s", async () => {
  for (const random of [0, 0.5, 0.999]) {
    await using bench = new Bench();
    const { client, store, clock } = bench;
    const informer = new Informer({ client, path: PATH, store, clock, random: () => random });
    const running = informer.run(bench.controller.signal);
    await quiet();
    const seconds = Number(bench.cluster.watches[0]!.url.searchParams.get("timeoutSeconds"));
    assert.equal(seconds, Math.round(24 * (0.9 + 0.2 * random)));
    await bench.stop();
    await running;
  }
});

const LOST_HISTORY: [how: string, lose: (bench: Bench) => void | Promise<void>][] = [
  [
    "the watch says 410 in an event",
    (bench) => bench.stream.send("ERROR", { kind: "Status", code: 410, reason: "Expired" }),
  ],
  ["a new watch is answered with 410", (bench) => {
    answerOnce(bench, failure(410, { reason: "Expired" }));
    bench.stream.end();
  }],
  ["the watch is silent and the API server does not answer a new one", async (bench) => {
    answerOnce(bench, new Promise(() => {}));
    await bench.clock.advance(43_000);
  }],
  ["a bookmark is older than what came before", (bench) => bench.stream.send("BOOKMARK", bookmark(3))],
  ["a new watch is answered with a 5xx", (bench) => {
    answerOnce(bench, failure(503));
    bench.stream.cut();
  }],
  ["a new watch is not answered", (bench) => {
    answerOnce(bench, Promise.reject(new TypeError("tcp connect error: Connection refused (os error 111)")));
    bench.stream.cut();
  }],
];

/** Answers the next request so, and all others as before. */
function answerOnce({ cluster }: Bench, response: Response | Promise<Response>): void {
  const usual = cluster.answer;
  if (response instanceof Promise) response.catch(() => {});
  cluster.answer = () => {
    cluster.answer = usual;
    return response;
  };
}

for (const [how, lose] of LOST_HISTORY) {
  Deno.test(`run() lists again when ${how}, and tells what is gone`, async () => {
    await using bench = new Bench();
    let items = [thing("stays", 1), thing("goes", 2)];
    bench.cluster.answer = ({ watch }) => watch ? bench.open() : listOf(items, 10);
    await bench.start();
    await bench.clock.advance(2000);
    bench.changes.length = 0;
    items = [thing("stays", 1), thing("comes", 3)];
    await lose(bench);
    await quiet();
    await bench.clock.advance(800);
    await quiet();
    assert.equal(bench.cluster.lists.length, 2);
    assert.deepEqual(bench.changes.sort(), ["default/comes", "default/goes"]);
    assert.deepEqual(bench.store.keys().sort(), ["default/comes", "default/stays"]);
    assert.equal(bench.informer.status().state, "watching");
    assert.equal(bench.informer.status().error, undefined);
  });
}

Deno.test("run() starts a list afresh when its continue token has expired", async () => {
  await using bench = new Bench();
  let expired = false;
  bench.cluster.answer = ({ url, watch }) => {
    if (watch) return bench.open();
    if (!url.searchParams.has("continue")) return listOf([thing(expired ? "second" : "first", 1)], 10, "token");
    if (expired) return listOf([thing("b", 2)], 10);
    expired = true;
    return failure(410, { reason: "Expired" });
  };
  await bench.start();
  assert.equal(bench.store.size, 0);
  await bench.clock.advance(800);
  await quiet();
  assert.deepEqual(bench.store.keys(), ["default/second", "default/b"]);
  assert.equal(bench.cluster.lists.length, 4);
});

Deno.test("run() waits as long as a 429 says, then goes on where it was", async () => {
  await using bench = new Bench();
  let throttled = 2;
  bench.cluster.answer = ({ url, watch }) => {
    if (throttled-- > 0 && (watch || url.searchParams.has("continue"))) return failure(429, { retryAfter: 20 });
    if (watch) return bench.open();
    return url.searchParams.has("continue") ? listOf([], 10) : listOf([thing("a", 1)], 10, "token");
  };
  await bench.start();
  assert.equal(bench.informer.status().state, "failing");
  await bench.clock.advance(19_900);
  assert.equal(bench.cluster.requests.length, 2);
  await bench.clock.advance(200);
  await quiet();
  assert.deepEqual(bench.cluster.lists.map(({ url }) => url.searchParams.get("continue")), [null, "token", "token"]);
  throttled = 1;
  await bench.clock.advance(2000);
  bench.stream.end();
  await quiet();
  await bench.clock.advance(20_100);
  await quiet();
  assert.deepEqual(bench.starts, ["10", "10", "10"]);
  assert.equal(bench.cluster.lists.length, 3);
});

for (
  const [how, answer] of [
    ["ends every watch at once", () => new Response("")],
    [
      "ends every watch after one event",
      () => new Response(JSON.stringify({ type: "BOOKMARK", object: bookmark(99) }) + "\n"),
    ],
    ["resets every watch at once", () => {
      const stream = new FakeWatch();
      stream.cut();
      return stream.response;
    }],
    ["answers every watch with 410", () => failure(410)],
    ["answers every request with 500", () => failure(500)],
  ] as const
) {
  Deno.test(`run() doesn't storm an API server that ${how}`, async () => {
    await using bench = new Bench();
    bench.cluster.answer = ({ watch }) => watch || how.includes("every request") ? answer() : listOf([], 10);
    await bench.start();
    await bench.clock.advance(60_000);
    const attempts = how.includes("every request") ? bench.cluster.lists.length : bench.cluster.watches.length;
    assert.ok(attempts >= 5 && attempts <= 8, `it asked ${attempts} times in a minute`);
    assert.equal(bench.informer.status().state, "failing");
  });
}

Deno.test("run() says that the resource type is missing, and goes on when it is installed", async () => {
  await using bench = new Bench();
  const usual = bench.cluster.answer;
  bench.cluster.answer = () => failure(404, { message: "the server could not find the requested resource" });
  await bench.start();
  assert.equal(bench.informer.status().state, "missing");
  assert.match(bench.informer.status().error!, /could not find the requested resource/);
  await bench.clock.advance(60_000);
  assert.equal(bench.cluster.requests.length, 13, "once every 5 s");
  bench.cluster.answer = usual;
  await bench.clock.advance(5000);
  await quiet();
  assert.equal(bench.informer.hasSynced(), true);
  assert.deepEqual([bench.informer.status().state, bench.informer.status().error], ["watching", undefined]);
});

Deno.test("run() keeps what it knows while the resource type is removed and installed again", async () => {
  await using bench = new Bench();
  const usual = bench.cluster.answer;
  await bench.start();
  bench.stream.send("ADDED", thing("a", 11));
  await bench.clock.advance(2000);
  bench.cluster.answer = () => failure(404);
  bench.stream.end();
  await bench.clock.advance(10_000);
  assert.equal(bench.informer.status().state, "missing");
  assert.equal(bench.store.size, 1);
  bench.cluster.answer = usual;
  await bench.clock.advance(5000);
  await quiet();
  assert.equal(bench.store.size, 0);
});

for (const code of [401, 403]) {
  Deno.test(`run() says that it was refused with ${code}, and goes on when it is let in`, async () => {
    await using bench = new Bench();
    const usual = bench.cluster.answer;
    bench.cluster.answer = () => failure(code, { message: "things is forbidden" });
    await bench.start();
    assert.equal(bench.informer.status().state, "denied");
    bench.cluster.answer = usual;
    await bench.clock.advance(800);
    await quiet();
    assert.equal(bench.informer.status().state, "watching");
  });
}

Deno.test("run() opens nothing after it was stopped during a wait", async () => {
  const bench = new Bench();
  bench.cluster.answer = () => failure(500);
  await bench.start();
  await bench.stop();
  const before = bench.cluster.requests.length;
  bench.cluster.answer = () => listOf([], 10);
  await bench.clock.advance(120_000);
  assert.equal(bench.cluster.requests.length, before);
  assert.equal(bench.clock.pendingTimers, 0);
});

Deno.test("run() opens nothing if it is stopped before it starts, or during a list", async () => {
  const early = new Bench();
  early.controller.abort();
  await early.start();
  await early.stop();
  assert.equal(early.cluster.requests.length, 0);

  const bench = new Bench();
  bench.cluster.answer = () => new Promise<never>(() => {});
  await bench.start();
  await bench.stop();
  await bench.clock.advance(120_000);
  assert.equal(bench.cluster.requests.length, 1);
  assert.equal(bench.informer.hasSynced(), false);
});

Deno.test("run() throws what a listener throws: that is no fault of the API server's", async () => {
  const bench = new Bench();
  const mistake = new TypeError("listener is broken");
  bench.store.onChange(() => {
    throw mistake;
  });
  bench.cluster.answer = () => listOf([thing("a", 1)], 10);
  await assert.rejects(bench.informer.run(bench.controller.signal), mistake);
});

Deno.test("status() tells when the API server was last heard of", async () => {
  await using bench = new Bench();
  await bench.start();
  await bench.clock.advance(30_000);
  bench.stream.send("BOOKMARK", bookmark(12));
  await quiet();
  assert.equal(bench.informer.status().lastContact, 30_000);
  bench.cluster.answer = () => failure(500);
  bench.stream.cut();
  await quiet();
  await bench.clock.advance(20_000);
  const { state, error, lastContact } = bench.informer.status();
  assert.deepEqual([state, lastContact], ["failing", 30_000]);
  assert.match(error!, /500/);
});

Deno.test("run() takes silence for no failure: it asks again from where it was", async () => {
  const warnings = await warningsOf(async () => {
    await using bench = new Bench();
    await bench.start();
    for (let seconds = 0; seconds < 600; seconds++) {
      await bench.clock.advance(1000);
      await quiet();
      const { state, error, lastContact } = bench.informer.status();
      assert.deepEqual([state, error], ["watching", undefined]);
      assert.ok(bench.clock.monotonic() - lastContact! <= 28_000);
    }
    assert.equal(bench.cluster.lists.length, 1);
    assert.deepEqual(new Set(bench.starts), new Set(["10"]));
    assert.equal(bench.starts.length, 1 + Math.floor(600 / 28));
    // The watch that is read is the newest one.
    bench.stream.send("ADDED", thing("a", 11));
    await quiet();
    assert.deepEqual(bench.store.keys(), ["default/a"]);
  });
  assert.deepEqual(warnings, []);
});

Deno.test("run() says within 45 s that the API server is frozen, whenever in a watch that happens", async () => {
  for (let frozenAt = 0; frozenAt <= 60_000; frozenAt += 1_500) {
    await using bench = new Bench();
    await bench.start();
    await bench.clock.advance(frozenAt);
    await quiet();
    bench.cluster.answer = () => new Promise(() => {});
    await bench.clock.advance(45_000);
    const { state, error } = bench.informer.status();
    assert.equal(state, "failing", `frozen after ${frozenAt} ms`);
    assert.match(error!, /not a byte came in 15 s/);
  }
});

Deno.test("run() finds a list that comes no further within 45 s", async () => {
  await using bench = new Bench();
  bench.cluster.canStream = true;
  await bench.start();
  bench.stream.send("ADDED", thing("a", 1));
  await quiet();
  await bench.clock.advance(28_000);
  await quiet();
  assert.equal(bench.informer.status().state, "failing");
  assert.match(bench.informer.status().error!, /not a byte came in 28 s/);
});

Deno.test("run() warns of a 429 only once it lasts for half a minute", async () => {
  const message = "storage is (re)initializing";
  const brief = await warningsOf(async () => {
    await using bench = new Bench();
    const usual = bench.cluster.answer;
    bench.cluster.answer = () => failure(429, { message, retryAfter: 1 });
    await bench.start();
    await bench.clock.advance(20_000);
    assert.equal(bench.informer.status().state, "failing");
    bench.cluster.answer = usual;
    await bench.clock.advance(30_000);
    await quiet();
    assert.equal(bench.informer.status().state, "watching");
  });
  assert.deepEqual(brief, []);
  const lasting = await warningsOf(async () => {
    await using bench = new Bench();
    bench.cluster.answer = () => failure(429, { message, retryAfter: 1 });
    await bench.start();
    await bench.clock.advance(120_000);
  });
  assert.equal(lasting.length, 1);
  assert.match(String(lasting[0]!.properties.error), /storage is \(re\)initializing/);
});

Deno.test("two informers share a store without dropping each other's objects", async () => {
  await using bench = new Bench();
  const { client, store, clock, controller } = bench;
  const other = new Informer({ client, path: "/other", store, clock, random: () => 0 });
  bench.cluster.answer = ({ url, watch }) =>
    watch ? bench.open() : listOf([thing(url.pathname === "/other" ? "other" : "mine", 1)], 10);
  await bench.start();
  const running = other.run(controller.signal);
  await quiet();
  assert.deepEqual(store.keys(), ["default/mine", "default/other"]);
  bench.streams[0]!.send("ERROR", { kind: "Status", code: 410 });
  await quiet();
  await clock.advance(800);
  await quiet();
  assert.equal(bench.cluster.lists.length, 3);
  assert.deepEqual(store.keys(), ["default/mine", "default/other"]);
  controller.abort();
  await running;
});
