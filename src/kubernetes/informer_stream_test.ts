import assert from "node:assert/strict";
import { failure, INITIAL_EVENTS_END, listOf, thing } from "./fake_cluster.ts";
import { Bench, bookmark, quiet } from "./informer_fixture.ts";

function endOfInitialEvents(version: number) {
  return { metadata: { resourceVersion: String(version), annotations: INITIAL_EVENTS_END } };
}

Deno.test("run() streams the list where it can, and shows the store nothing before its end", async () => {
  await using bench = new Bench({ labelSelector: "team=a" });
  bench.cluster.canStream = true;
  await bench.start();
  bench.stream.send("ADDED", thing("b", 9));
  bench.stream.send("ADDED", thing("a", 3));
  bench.stream.send("ADDED", thing("c", 4));
  bench.stream.send("BOOKMARK", bookmark(9));
  bench.stream.send("MODIFIED", thing("a", 11, { value: "new" }));
  bench.stream.send("DELETED", thing("c", 12));
  await quiet();
  assert.equal(bench.store.size, 0);
  assert.equal(bench.informer.hasSynced(), false);
  assert.equal(bench.informer.status().state, "listing");
  bench.stream.send("BOOKMARK", endOfInitialEvents(12));
  await bench.informer.synced;
  assert.deepEqual(bench.store.keys(), ["default/b", "default/a"]);
  assert.equal(bench.store.get("default/a")?.value, "new");
  assert.equal(bench.informer.status().state, "watching");
  bench.stream.send("MODIFIED", thing("b", 13, { value: "new" }));
  await quiet();
  assert.equal(bench.store.get("default/b")?.value, "new");
  await bench.clock.advance(2000);
  bench.stream.end();
  await quiet();
  assert.deepEqual(bench.cluster.requests.map(({ url }) => Object.fromEntries(url.searchParams)), [
    {
      labelSelector: "team=a",
      watch: "true",
      allowWatchBookmarks: "true",
      timeoutSeconds: "261",
      sendInitialEvents: "true",
      resourceVersionMatch: "NotOlderThan",
    },
    {
      labelSelector: "team=a",
      watch: "true",
      allowWatchBookmarks: "true",
      timeoutSeconds: "22",
      resourceVersion: "13",
    },
  ]);
});

Deno.test("run() streams the list again when the history is lost, and tells what is gone", async () => {
  await using bench = new Bench();
  bench.cluster.canStream = true;
  await bench.start();
  for (const name of ["stays", "goes"]) bench.stream.send("ADDED", thing(name, 1));
  bench.stream.send("BOOKMARK", endOfInitialEvents(10));
  await bench.informer.synced;
  bench.changes.length = 0;
  bench.stream.send("ERROR", { kind: "Status", code: 410, reason: "Expired" });
  await quiet();
  await bench.clock.advance(800);
  await quiet();
  bench.stream.send("ADDED", thing("stays", 1));
  await quiet();
  assert.deepEqual(bench.changes, []);
  bench.stream.send("BOOKMARK", endOfInitialEvents(20));
  await quiet();
  assert.deepEqual(bench.changes, ["default/goes"]);
  assert.deepEqual(bench.starts, [null, null]);
  assert.equal(bench.cluster.lists.length, 0);
});

for (const how of ["end", "cut"] as const) {
  Deno.test(`run() believes no list whose stream ends before it is complete (${how}), and doesn't storm`, async () => {
    await using bench = new Bench();
    bench.cluster.canStream = true;
    bench.cluster.answer = () => {
      const response = bench.open();
      bench.stream.send("ADDED", thing("a", 1));
      return response;
    };
    await bench.start();
    let ended = 0;
    for (let seconds = 0; seconds < 60; seconds += 2) {
      await bench.clock.advance(2000);
      if (bench.streams.length > ended) bench.stream[how]();
      ended = bench.streams.length;
      await quiet();
    }
    const attempts = bench.cluster.watches.length;
    assert.ok(attempts >= 4 && attempts <= 8, `it asked ${attempts} times in a minute`);
    assert.deepEqual(new Set(bench.starts), new Set([null]));
    assert.equal(bench.informer.hasSynced(), false);
  });
}

Deno.test("run() asks only once for a stream that is refused, and lists in pages from then on", async () => {
  await using bench = new Bench();
  bench.cluster.canStream = true;
  bench.cluster.answer = ({ url, watch }) =>
    url.searchParams.has("sendInitialEvents") ? failure(422) : watch ? bench.open() : listOf([], 10);
  await bench.start();
  assert.equal(bench.informer.hasSynced(), true);
  bench.stream.send("ERROR", { kind: "Status", code: 410, reason: "Expired" });
  await quiet();
  await bench.clock.advance(800);
  await quiet();
  const asked = bench.cluster.requests.map(({ url, watch }) =>
    url.searchParams.has("sendInitialEvents") ? "stream" : watch ? "watch" : "list"
  );
  assert.deepEqual(asked, ["stream", "list", "watch", "list", "watch"]);
});
