import assert from "node:assert/strict";
import { FakeClock } from "../runtime/fake_clock.ts";
import { KubeClient } from "./client.ts";
import { FakeCluster } from "./fake_cluster.ts";
import { Namespaces } from "./namespaces.ts";

const PREFIX = "ours.example/";

function namespace(name: string, annotations: Record<string, string> = {}) {
  return { metadata: { name, uid: name, resourceVersion: "1", annotations } };
}

/** Those namespaces of a cluster that are got by name, and an end of it. */
function getting(names: string[], answer: (name: string) => Response) {
  const clock = new FakeClock();
  const asked: string[] = [];
  const cluster = new FakeCluster(({ url }) => {
    const name = url.pathname.split("/").at(-1)!;
    asked.push(name);
    return answer(name);
  });
  const changed: string[] = [];
  const namespaces = new Namespaces({
    client: new KubeClient(cluster, { clock }),
    clock,
    names,
    prefix: PREFIX,
    onChange: (name) => changed.push(name),
  });
  const stopping = new AbortController();
  const running = namespaces.run(stopping.signal);
  return {
    namespaces,
    clock,
    asked,
    changed,
    async [Symbol.asyncDispose]() {
      stopping.abort();
      await running;
    },
  };
}

Deno.test("namespaces that are named are got again and again; changes of annotations with the prefix are told, once each", async () => {
  let annotations: Record<string, string> | undefined = { [`${PREFIX}a`]: "1", other: "x" };
  await using it = getting(
    ["team-a", "team-b"],
    (name) =>
      annotations === undefined
        ? Response.json({ kind: "Status", code: 404 }, { status: 404 })
        : Response.json(namespace(name, name === "team-a" ? annotations : { other: "y" })),
  );
  await it.namespaces.ready;
  assert.deepEqual(it.namespaces.get("team-a"), { [`${PREFIX}a`]: "1" });
  assert.equal(it.namespaces.get("team-b"), undefined);
  assert.deepEqual(it.changed, ["team-a"]);

  annotations = { [`${PREFIX}a`]: "1", other: "changed" };
  await it.clock.advance(10_000);
  assert.deepEqual(it.changed, ["team-a"]);
  annotations = { [`${PREFIX}a`]: "2" };
  await it.clock.advance(10_000);
  assert.deepEqual(it.namespaces.get("team-a"), { [`${PREFIX}a`]: "2" });
  annotations = undefined;
  await it.clock.advance(10_000);
  assert.equal(it.namespaces.get("team-a"), undefined);
  assert.deepEqual(it.changed, ["team-a", "team-a", "team-a"]);
});

Deno.test("without the permission there are no annotations, which is known at once; they are taken in as soon as they may be", async () => {
  let isAllowed = false;
  await using it = getting(
    ["team-a"],
    (name) =>
      isAllowed
        ? Response.json(namespace(name, { [`${PREFIX}a`]: "1" }))
        : Response.json({ kind: "Status", code: 403, message: "forbidden" }, { status: 403 }),
  );
  await it.namespaces.ready;
  assert.deepEqual(it.namespaces.status(), { ok: "may not be read; the operator's flags hold" });
  isAllowed = true;
  await it.clock.advance(10_000);
  assert.deepEqual(it.namespaces.get("team-a"), { [`${PREFIX}a`]: "1" });
  assert.deepEqual(it.namespaces.status(), { ok: "1 with annotations" });
});

Deno.test("while nothing is known nobody goes on, and what was known is kept while nothing can be read", async () => {
  let isUp = false;
  await using it = getting(
    ["team-a"],
    (name) => isUp ? Response.json(namespace(name, { [`${PREFIX}a`]: "1" })) : new Response("", { status: 503 }),
  );
  let isReady = false;
  void it.namespaces.ready.then(() => isReady = true);
  await it.clock.advance(1_000);
  assert.equal(isReady, false);
  assert.equal(it.namespaces.status(), "not read yet");
  isUp = true;
  await it.clock.advance(1_000);
  await it.namespaces.ready;
  isUp = false;
  await it.clock.advance(20_000);
  assert.deepEqual(it.namespaces.get("team-a"), { [`${PREFIX}a`]: "1" });
  assert.deepEqual(it.changed, ["team-a"]);
});
