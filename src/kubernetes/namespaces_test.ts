import assert from "node:assert/strict";
import { FakeClock } from "../runtime/fake_clock.ts";
import { KubeClient } from "./client.ts";
import { FakeCluster } from "./fake_cluster.ts";
import { Namespaces } from "./namespaces.ts";

const PREFIX = "ours.example/";
const never = new AbortController().signal;

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
  assert.deepEqual(it.changed, ["team-a", "team-b"], "both are known now");

  annotations = { [`${PREFIX}a`]: "1", other: "changed" };
  await it.clock.advance(10_000);
  assert.deepEqual(it.changed, ["team-a", "team-b"]);
  annotations = { [`${PREFIX}a`]: "2" };
  await it.clock.advance(10_000);
  assert.deepEqual(it.namespaces.get("team-a"), { [`${PREFIX}a`]: "2" });
  annotations = undefined;
  await it.clock.advance(10_000);
  assert.equal(it.namespaces.get("team-a"), undefined);
  assert.deepEqual(it.changed, ["team-a", "team-b", "team-a", "team-a", "team-b"]);
  assert.equal(it.namespaces.unknown("team-a"), "it has not been read yet");
});

Deno.test("without the permission a Namespace is unknown, which /readyz tells; it is taken in as soon as it may be read", async () => {
  let isAllowed = false;
  await using it = getting(
    ["team-a"],
    (name) =>
      isAllowed
        ? Response.json(namespace(name, { [`${PREFIX}a`]: "1" }))
        : Response.json({ kind: "Status", code: 403, message: "forbidden" }, { status: 403 }),
  );
  await it.namespaces.ready;
  assert.match(
    String(it.namespaces.status()),
    /^namespace 'team-a': the operator may not read it .*--no-namespace-annotations$/,
  );
  assert.match(it.namespaces.unknown("team-a")!, /^the operator may not read it/);
  assert.match((await it.namespaces.confirm("team-a", never))!, /^the operator may not read it/);
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

Deno.test("a Namespace that is got by name is read anew by each confirm, and is uncertain where that fails", async () => {
  let isUp = true;
  await using it = getting(
    ["team-a"],
    (name) => isUp ? Response.json(namespace(name)) : new Response("out", { status: 503 }),
  );
  await it.namespaces.ready;
  const before = it.asked.length;
  assert.equal(await it.namespaces.confirm("team-a", never), undefined);
  assert.equal(it.asked.length, before + 1);
  isUp = false;
  assert.match((await it.namespaces.confirm("team-a", never))!, /503/);
  assert.equal(it.namespaces.unknown("team-a"), undefined, "what was read is kept for what runs");
  assert.deepEqual(it.namespaces.status(), { ok: "0 with annotations" });
  await it.clock.advance(3 * 60_000);
  assert.match(String(it.namespaces.status()), /^namespace 'team-a': .*503/);
});

Deno.test("in a watch of all, a Namespace that it has not brought is unknown, and is read by itself; one that it has is not", async () => {
  const clock = new FakeClock();
  const lists: string[] = [];
  const encoder = new TextEncoder();
  let send: (event: object) => void = () => {};
  const cluster = new FakeCluster(({ url }) => {
    if (!url.searchParams.has("watch")) {
      const name = url.searchParams.get("fieldSelector")!.replace("metadata.name=", "");
      lists.push(name);
      return Response.json({ metadata: { resourceVersion: "5" }, items: [namespace(name, { [`${PREFIX}a`]: "1" })] });
    }
    const body = new ReadableStream<Uint8Array>({
      start(controller) {
        send = (event) => controller.enqueue(encoder.encode(JSON.stringify(event) + "\n"));
      },
    });
    return new Response(body);
  });
  cluster.canStream = true;
  const changed: string[] = [];
  const namespaces = new Namespaces({
    client: new KubeClient(cluster, { clock }),
    clock,
    names: [],
    prefix: PREFIX,
    onChange: (name) => changed.push(name),
  });
  const stopping = new AbortController();
  const running = namespaces.run(stopping.signal);
  await clock.advance(0);
  send({ type: "ADDED", object: namespace("seen") });
  send({
    type: "BOOKMARK",
    object: { metadata: { resourceVersion: "3", annotations: { "k8s.io/initial-events-end": "true" } } },
  });
  await clock.advance(100);
  await namespaces.ready;
  assert.equal(namespaces.unknown("seen"), undefined);
  assert.equal(namespaces.unknown("fresh"), "it has not been read yet");
  assert.equal(await namespaces.confirm("seen", never), undefined);
  assert.deepEqual(lists, []);
  assert.equal(await namespaces.confirm("fresh", never), undefined);
  assert.deepEqual(lists, ["fresh"]);
  assert.deepEqual(namespaces.get("fresh"), { [`${PREFIX}a`]: "1" });
  assert.deepEqual(changed, ["seen", "fresh"]);
  stopping.abort();
  await running;
});
