import assert from "node:assert/strict";
import { warningsOf } from "../../tests/support/warnings.ts";
import { FakeClock, settle } from "../runtime/fake_clock.ts";
import { KubeClient } from "./client.ts";
import { EventRecorder, type EventText, type ObjectReference } from "./events.ts";
import { failure, FakeCluster } from "./fake_cluster.ts";

const POD: ObjectReference = {
  apiVersion: "v1",
  kind: "Pod",
  namespace: "team-a",
  name: "web",
  uid: "uid-1",
  resourceVersion: "7",
};
const TEXT: EventText = { type: "Warning", reason: "Retrying", action: "Retry", note: "Slow down" };
const PATH = "/apis/events.k8s.io/v1/namespaces/team-a/events";
const OK = () => Response.json({});

function setUp(answer: FakeCluster["answer"] = OK, isBusy = () => false) {
  const clock = new FakeClock(Date.parse("2026-01-01T00:00:00.123Z"));
  const cluster = new FakeCluster(answer);
  const client = new KubeClient(cluster, { clock });
  const recorder = new EventRecorder({ client, clock, component: "sagemaker-operator", instance: "pod-1", isBusy });
  const say = (more: Partial<EventText> = {}, regarding: Partial<ObjectReference> = {}) =>
    recorder.record({ regarding: { ...POD, ...regarding }, ...TEXT, ...more });
  const sent = () =>
    cluster.requests.map(({ method, url, body }) => ({ method, path: url.pathname, ...JSON.parse(body) }));
  return { clock, cluster, recorder, say, sent };
}

Deno.test("record() creates an Event of events.k8s.io/v1", async () => {
  const { clock, recorder, say, sent } = setUp();
  say();
  await recorder.close();
  const name = `web.${(BigInt(clock.now()) * 1_000_000n).toString(16)}`;
  assert.deepEqual(sent(), [{
    method: "POST",
    path: PATH,
    apiVersion: "events.k8s.io/v1",
    kind: "Event",
    metadata: { name, namespace: "team-a" },
    eventTime: "2026-01-01T00:00:00.123000Z",
    reportingController: "sagemaker-operator",
    reportingInstance: "pod-1",
    regarding: POD,
    type: "Warning",
    reason: "Retrying",
    action: "Retry",
    note: "Slow down",
  }]);
});

Deno.test("record() sends one request at a time, in order", async () => {
  const { recorder, say, sent, cluster } = setUp();
  for (const note of ["a", "b", "c"]) say({ note });
  assert.equal(cluster.requests.length, 1);
  await recorder.close();
  assert.deepEqual(sent().map(({ note }) => note), ["a", "b", "c"]);
  assert.deepEqual(sent().map(({ eventTime }) => eventTime.slice(-7)), ["123000Z", "123001Z", "123002Z"]);
});

Deno.test("record() raises the count of an Event that is said again", async () => {
  const { clock, recorder, say, sent } = setUp();
  say();
  await settle();
  await clock.advance(60_000);
  say();
  await settle();
  say();
  await recorder.close();
  const [created, ...patches] = sent();
  assert.equal(created.series, undefined);
  const path = `${PATH}/${created.metadata.name}`;
  assert.deepEqual(patches, [
    { method: "PATCH", path, series: { count: 2, lastObservedTime: "2026-01-01T00:01:00.123000Z" } },
    { method: "PATCH", path, series: { count: 3, lastObservedTime: "2026-01-01T00:01:00.123001Z" } },
  ]);
});

Deno.test("record() sends what is said again before its turn as one Event with a count", async () => {
  const { recorder, say, sent } = setUp();
  say({ note: "first" });
  for (let i = 0; i < 4; i++) say();
  await recorder.close();
  assert.deepEqual(sent().map(({ method, note, series }) => [method, note, series?.count]), [
    ["POST", "first", undefined],
    ["POST", "Slow down", 4],
  ]);
});

Deno.test("record() creates an Event anew that the apiserver has dropped meanwhile", async () => {
  const { clock, cluster, recorder, say, sent } = setUp();
  say();
  await clock.advance(60_000);
  cluster.answer = ({ method }) => method === "PATCH" ? failure(404, { reason: "NotFound" }) : OK();
  say();
  await recorder.close();
  const [first, , again] = sent();
  assert.deepEqual(sent().map(({ method }) => method), ["POST", "PATCH", "POST"]);
  assert.deepEqual(again.metadata, first.metadata);
  assert.equal(again.series.count, 2);
});

Deno.test("record() tries again what the apiserver could not answer, and takes a lost answer for what it is", async () => {
  const answers = [failure(429, { retryAfter: 7 }), failure(503), failure(409, { reason: "AlreadyExists" })];
  const { clock, cluster, recorder, say } = setUp(() => answers.shift() ?? OK());
  const warnings = await warningsOf(async () => {
    say();
    await clock.advance(6_999);
    assert.equal(cluster.requests.length, 1, "Retry-After is honoured");
    await clock.advance(1);
    assert.equal(cluster.requests.length, 2);
    await clock.advance(800);
    assert.equal(cluster.requests.length, 3);
    say();
    await recorder.close();
  });
  assert.deepEqual(cluster.requests.map(({ method }) => method), ["POST", "POST", "POST", "PATCH"]);
  assert.deepEqual(warnings, []);
});

Deno.test("record() gives an Event up after ten tries and goes on with the next", async () => {
  const { clock, cluster, recorder, say, sent } = setUp(({ body }) => body.includes("bad") ? failure(500) : OK());
  const warnings = await warningsOf(async () => {
    say({ note: "bad" });
    say({ note: "good" });
    await clock.advance(5 * 60_000);
  });
  assert.deepEqual(sent().map(({ note }) => note), [...Array(10).fill("bad"), "good"]);
  assert.equal(warnings.length, 1);
  cluster.requests.length = 0;
  await recorder.close();
});

Deno.test("record() gives a request up that hangs", async () => {
  const { clock, cluster, recorder, say } = setUp(() => new Promise<never>(() => {}));
  say();
  await clock.advance(5_000);
  cluster.answer = OK;
  await clock.advance(800);
  assert.equal(cluster.requests.length, 2);
  await recorder.close();
  assert.equal(clock.pendingTimers, 0);
});

Deno.test("record() says once which permission is missing", async () => {
  const { recorder, say, cluster } = setUp(() => failure(403, { reason: "Forbidden", message: "no" }));
  const warnings = await warningsOf(async () => {
    for (const note of ["a", "b", "c"]) say({ note });
    await recorder.close();
  });
  assert.equal(cluster.requests.length, 3);
  assert.deepEqual(warnings.map(({ properties }) => properties.permission), ["create events.events.k8s.io"]);
});

Deno.test("record() says once that the permission to patch is missing", async () => {
  const { recorder, say } = setUp(({ method }) => method === "PATCH" ? failure(403, { reason: "Forbidden" }) : OK());
  const warnings = await warningsOf(async () => {
    for (let i = 0; i < 3; i++) {
      say();
      await settle();
    }
    await recorder.close();
  });
  assert.deepEqual(warnings.map(({ properties }) => properties.permission), ["patch events.events.k8s.io"]);
});

Deno.test("record() is silent where the namespace goes away, and says once what else is refused", async () => {
  const ending = "unable to create new content in namespace team-a because it is being terminated";
  const answers = [
    failure(403, { reason: "Forbidden", message: ending }),
    failure(404, { reason: "NotFound" }),
    failure(422, { reason: "Invalid", message: "note too long" }),
    failure(422, { reason: "Invalid", message: "note too long" }),
  ];
  const { recorder, say } = setUp(() => answers.shift()!);
  const warnings = await warningsOf(async () => {
    for (const note of ["a", "b", "c", "d"]) say({ note });
    await recorder.close();
  });
  assert.equal(answers.length, 0);
  assert.deepEqual(warnings.map(({ message }) => message.join("")), [
    "Dropped an Event that the API server did not take",
  ]);
});

Deno.test("record() sends a hundred at once and then fifty a second", async () => {
  const { clock, cluster, recorder, say } = setUp();
  for (let i = 0; i < 200; i++) say({}, { uid: `uid-${i}` });
  for (let i = 0; i < 1_000; i++) await settle();
  assert.equal(cluster.requests.length, 100);
  await clock.advance(1_000);
  assert.equal(cluster.requests.length, 150);
  const closed = recorder.close();
  await clock.advance(1_000);
  await closed;
  assert.equal(cluster.requests.length, 200);
});

Deno.test("record() drops what comes when five thousand wait, and says so once", async () => {
  const { clock, recorder, say } = setUp(() => new Promise<never>(() => {}));
  const warnings = await warningsOf(async () => {
    for (let i = 0; i < 5_005; i++) say({}, { uid: `uid-${i}` });
    const closed = recorder.close();
    await clock.advance(2_000);
    await closed;
  });
  assert.deepEqual(warnings.map(({ properties }) => properties), [{ waiting: 5_000 }]);
});

Deno.test("close() waits for two seconds at most and leaves no timer behind", async () => {
  const { clock, recorder, say } = setUp(() => failure(503));
  for (const note of ["a", "b"]) say({ note });
  let closed = false;
  const closing = recorder.close().then(() => closed = true);
  await clock.advance(1_999);
  assert.equal(closed, false);
  await clock.advance(1);
  await closing;
  assert.equal(clock.pendingTimers, 0);
});

Deno.test("close() returns at once where nothing waits, and record() says nothing after it", async () => {
  const { clock, cluster, recorder, say } = setUp();
  await recorder.close();
  say();
  await clock.advance(10_000);
  assert.deepEqual([cluster.requests.length, clock.pendingTimers], [0, 0]);
});

Deno.test("an Event waits while there is more urgent work, but for no longer than a second", async () => {
  let busy = true;
  const { clock, recorder, say, sent } = setUp(OK, () => busy);
  say();
  await clock.advance(900);
  assert.equal(sent().length, 0);
  await clock.advance(100);
  assert.equal(sent().length, 1);
  say({ reason: "Another" });
  busy = false;
  await clock.advance(100);
  assert.equal(sent().length, 2);
  await recorder.close();
});
