import { deepEqual, equal, ok } from "node:assert/strict";
import type { Failure, Reason, Retry } from "../api/job.ts";
import { FakeClock } from "../runtime/fake_clock.ts";
import { type Call, CallGate } from "./gate.ts";
import { GateWorld, mostWithin, throttle, THROTTLED } from "./gate_world.ts";

const MINUTE = 60_000;
const CREATE = { operation: "CreateProcessingJob", region: "us-east-1", instanceType: "ml.m5.large" };
const BAD = { ...CREATE, roleArn: "arn:aws:iam::1:role/bad" };
const GOOD = { ...CREATE, roleArn: "arn:aws:iam::1:role/good" };

function failure(reason: Reason, retry: Retry, message: string = reason): Failure {
  return { reason, retry, code: `${reason}Exception`, message };
}
const DENIED = failure("AccessDenied", "person");
const NO_QUOTA = failure("QuotaExceeded", "slowly");
const NO_CREDENTIALS = failure("CredentialsUnavailable", "person");

function denyBad(_key: string, { roleArn }: Call): "ok" | Failure {
  return roleArn === BAD.roleArn ? DENIED : "ok";
}

function make(world: GateWorld, count: number, call: Omit<Call, "createdAt">, prefix = "pj-"): string[] {
  const keys = Array.from({ length: count }, (_, index) => `${prefix}${index}`);
  for (const key of keys) world.make(key, call);
  return keys;
}

/** A service that starts `free` jobs and then refuses for want of quota. */
function quota(free: number) {
  const state = { free };
  return { state, service: () => state.free-- > 0 ? "ok" as const : (state.free++, NO_QUOTA) };
}

Deno.test("gate lets 1,000 calls that succeed go, up to five round trips later than without it", () => {
  const world = new GateWorld({ service: () => "ok" });
  make(world, 1000, GOOD);
  world.advance((1000 / 16 + 5) * 20);
  equal(world.done.size, 1000);
  equal(world.waits.size, 0);
  equal(world.gate.size, 0);
});

Deno.test("gate keeps 1,000 resources with a refused role below 60 calls a minute, the first one included", () => {
  const world = new GateWorld({ service: denyBad });
  make(world, 1000, BAD);
  world.advance(MINUTE);
  ok(world.arrived.length <= 16 + 15, `${world.arrived.length} calls in the first minute`);
  const before = world.wakeUps;
  world.advance(59 * MINUTE);
  ok(mostWithin(MINUTE, world.arrived) <= 31);
  ok(world.arrived.length >= 500, "the budget is used");
  ok(world.wakeUps - before <= 59 * 300, `${world.wakeUps - before} wake-ups in 59 minutes`);
});

Deno.test("gate holds no resource up for another one's role", () => {
  const world = new GateWorld({ service: denyBad });
  make(world, 200, BAD, "bad-");
  make(world, 200, GOOD, "good-");
  world.advance(10_000);
  const late = make(world, 200, GOOD, "late-");
  world.advance(10_000);
  equal(world.done.size, 400);
  ok(late.every((key) => world.done.has(key)));
  deepEqual([...world.waits.keys()].filter((key) => !key.startsWith("bad-")), []);
});

Deno.test("gate looks at a lone refused resource again after five minutes", () => {
  const world = new GateWorld({ service: denyBad });
  world.make("pj", BAD);
  world.advance(21 * MINUTE);
  deepEqual(world.arrived.map(({ at }) => Math.round(at / 1000)), [0, 300, 600, 900, 1200]);
});

Deno.test("gate releases all with a role once one of them succeeds", () => {
  let healed = false;
  const world = new GateWorld({ service: (key, call) => healed ? "ok" : denyBad(key, call) });
  make(world, 1000, BAD);
  world.advance(30 * MINUTE);
  healed = true;
  world.advance(20_000);
  ok(world.done.size >= 999, `${world.done.size} of 1000`);
  world.advance(6 * MINUTE);
  equal(world.done.size, 1000);
  equal(world.gate.size, 0);
});

Deno.test("gate lets a resource pass whose role is refused for another one alone", () => {
  const world = new GateWorld({ service: (key) => key === "bad" ? DENIED : "ok" });
  world.make("bad", GOOD);
  world.advance(1000);
  world.make("fine", GOOD);
  world.advance(5000);
  ok(world.done.has("fine"), "the first is tried within the budget's interval");
  make(world, 100, GOOD);
  world.advance(5000);
  equal(world.done.size, 101);
  world.advance(30 * MINUTE);
  ok(world.failed.length <= 8, `${world.failed.length} calls for the one that is refused`);
});

Deno.test("gate keeps all operations together below 60 failing calls a minute", () => {
  const world = new GateWorld({ service: () => DENIED });
  for (const operation of ["CreateProcessingJob", "DescribeProcessingJob", "StopProcessingJob"]) {
    make(world, 300, { ...BAD, operation }, operation);
  }
  world.advance(30 * MINUTE);
  ok(mostWithin(MINUTE, world.failed) <= 60, `${mostWithin(MINUTE, world.failed)} calls in a minute`);
});

Deno.test("gate tries who waits for quota at least once a minute and releases in order of creation", () => {
  const { state, service } = quota(3);
  const world = new GateWorld({ service, workers: 1 });
  const keys = make(world, 50, CREATE);
  world.advance(10 * MINUTE);
  deepEqual(world.succeeded, keys.slice(0, 3));
  for (let minute = 1; minute < 10; minute++) {
    const tries = world.arrived.filter(({ at }) => at >= minute * MINUTE && at < (minute + 1) * MINUTE).length;
    ok(tries >= 1 && tries <= 4, `${tries} tries in minute ${minute}`);
  }
  state.free = 10;
  world.advance(MINUTE);
  const late = make(world, 5, CREATE, "late-");
  world.advance(MINUTE);
  deepEqual(world.succeeded, keys.slice(0, 13));
  state.free = 100;
  world.advance(MINUTE);
  deepEqual(world.succeeded, [...keys, ...late]);
  equal(world.gate.size, 0);
});

Deno.test("gate puts who waits for quota in order of creation, whoever asks first", () => {
  const { state, service } = quota(0);
  const world = new GateWorld({ service, workers: 1 });
  world.make("first", CREATE);
  world.advance(1000);
  world.make("second", CREATE);
  world.advance(1000);
  // As after a restart: the younger one comes first.
  const restarted = new GateWorld({ service, workers: 1 });
  restarted.now = 10_000;
  restarted.make("younger", CREATE);
  restarted.advance(100);
  restarted.now = 5000;
  restarted.make("older", CREATE);
  restarted.now = 10_200;
  state.free = 2;
  restarted.advance(MINUTE);
  deepEqual(restarted.succeeded, ["older", "younger"]);
});

Deno.test("gate lets no newcomer go before the only one who waits for quota", () => {
  const { state, service } = quota(0);
  const world = new GateWorld({ service });
  world.make("first", CREATE);
  world.advance(130_000);
  state.free = 1;
  world.make("newcomer", CREATE);
  world.advance(MINUTE);
  deepEqual(world.succeeded, ["first"]);
});

Deno.test("gate lets the others pass a resource that asks for more than the quota ever is", () => {
  const world = new GateWorld({ service: (key) => key.startsWith("huge") ? NO_QUOTA : "ok", workers: 1 });
  make(world, 2, CREATE, "huge-");
  const keys = make(world, 50, CREATE);
  world.advance(3 * MINUTE);
  deepEqual(world.succeeded, keys);
});

Deno.test("gate has a line for each instance type", () => {
  const world = new GateWorld({
    service: (_key, { instanceType }) => instanceType === "ml.p4d.24xlarge" ? NO_QUOTA : "ok",
  });
  make(world, 50, { ...CREATE, instanceType: "ml.p4d.24xlarge" }, "p4d-");
  world.advance(1000);
  make(world, 50, CREATE);
  world.advance(1000);
  equal(world.done.size, 50);
  deepEqual([...world.waits.keys()].filter((key) => !key.startsWith("p4d")), []);
});

Deno.test("gate tries a throttled operation ever less often, and reopens it", () => {
  let throttled = true;
  const world = new GateWorld({ service: () => throttled ? THROTTLED : "ok" });
  // An operation of which AWS publishes no rate.
  const stop = { ...CREATE, operation: "StopProcessingJob" };
  const keys = make(world, 300, stop);
  world.advance(10 * MINUTE);
  ok(world.arrived.length <= 40, `${world.arrived.length} calls`);
  const elsewhere = make(world, 1, { ...stop, region: "eu-west-1" }, "elsewhere-");
  deepEqual([world.waits.get(elsewhere[0]!)], [undefined]);
  throttled = false;
  world.advance(70_000);
  deepEqual(world.succeeded.length, 301);
  ok(keys.every((key) => world.done.has(key)));
});

Deno.test("gate sends 1,000 creates as fast as a throttled service takes them, in order, and nobody polls", () => {
  for (const perSecond of [0.5, 5, 50]) {
    const world: GateWorld = new GateWorld({ service: throttle(perSecond, () => world.now), mostUnderWay: 12 });
    const keys = make(world, 1000, CREATE);
    while (world.done.size < 1000) world.advance(1000 / perSecond);
    const seconds = world.now / 1000;
    ok(seconds <= 1150 / perSecond, `${seconds} s at ${perSecond}/s`);
    ok(world.failed.length < 30, `${world.failed.length} throttled at ${perSecond}/s`);
    ok(world.wakeUps < 8 * 1000, `${world.wakeUps} wake-ups at ${perSecond}/s`);
    const rank = new Map(keys.map((key, index) => [key, index]));
    const late = world.succeeded.map((key, index) => Math.abs(index - rank.get(key)!));
    ok(Math.max(...late) <= 70, `one went ${Math.max(...late)} out of turn at ${perSecond}/s`);
    equal(world.gate.size, 0);
  }
});

Deno.test("gate keeps room for the stops while creates hang, and for their rate while those are throttled", () => {
  let createMs = 20;
  const slow = new GateWorld({
    service: () => "ok",
    mostUnderWay: 12,
    latencyMs: ({ operation }) => operation === "CreateProcessingJob" ? createMs : 20,
  });
  make(slow, 100, CREATE, "quick-");
  slow.advance(1_000);
  createMs = 9_000;
  make(slow, 100, CREATE);
  slow.advance(5_000);
  make(slow, 100, { ...CREATE, operation: "StopProcessingJob" }, "stop-");
  slow.advance(2_000);
  equal(slow.succeeded.filter((key) => key.startsWith("stop-")).length, 100);

  const world: GateWorld = new GateWorld({
    service: (key, call, now) => call.operation === "CreateProcessingJob" ? limited(key, call, now) : "ok",
    mostUnderWay: 12,
  });
  const limited = throttle(5, () => world.now);
  make(world, 1000, CREATE);
  world.advance(5_000);
  const stops = make(world, 500, { ...CREATE, operation: "StopProcessingJob" }, "stop-");
  world.advance(3_000);
  ok(stops.every((key) => world.done.has(key)));
  deepEqual(stops.filter((key) => world.waits.has(key)), []);
});

Deno.test("gate holds a call that was asked for to the rate of its operation, and to its tenant's turn", () => {
  const world = new GateWorld({ service: () => "ok" });
  const call = { ...CREATE, createdAt: 0 };
  world.gate.admit("first", call);
  world.gate.report("first", call, THROTTLED);
  equal(world.gate.admit("second", call).go, false);
  equal(world.gate.admit("second", call, { isAskedFor: true }).go, false);
});

Deno.test("gate lets a call that was asked for pass a role that was refused, at no cost to the retries of others", () => {
  const world = new GateWorld({ service: denyBad });
  make(world, 5, BAD);
  world.advance(1_000);
  const call = { ...BAD, createdAt: 0 };
  for (let count = 0; count < 100; count++) {
    ok(world.gate.admit("pj-0", call, { isAskedFor: true }).go);
    ok(world.gate.report("pj-0", call, DENIED)! > 0);
  }
  const before = world.arrived.length;
  world.advance(5 * MINUTE);
  ok(world.arrived.length - before >= 5, `${world.arrived.length - before} retries of the others`);
});

Deno.test("gate lets one call in ten seconds of all that are asked for find out whether an outage is over, which releases all", () => {
  let isOut = true;
  const world = new GateWorld({ service: () => isOut ? NO_CREDENTIALS : "ok" });
  make(world, 50, GOOD);
  world.advance(MINUTE);
  const call = { ...GOOD, createdAt: 0 };
  const asked = (key: string) => world.gate.admit(key, call, { isAskedFor: true }).go;
  deepEqual([asked("pj-1"), asked("pj-2"), asked("pj-3")], [true, false, false]);
  world.gate.report("pj-1", call, NO_CREDENTIALS);
  equal(asked("pj-2"), false);
  world.advance(10_000);
  equal(asked("pj-2"), true);
  isOut = false;
  world.gate.report("pj-2", call, "ok");
  world.advance(1_000);
  ok(world.done.size >= 48, `${world.done.size} of the others are done`);
});

Deno.test("gate holds back no namespace because another's session of the same role is refused", () => {
  const roleArn = "arn:aws:iam::111111111111:role/shared";
  const call = (namespace: string) => ({ ...GOOD, tenant: namespace, account: { roleArn, namespace } });
  const refused = ({ tenant }: Call) => tenant === "team-a";
  for (const outcome of [NO_CREDENTIALS, DENIED]) {
    const world = new GateWorld({ service: (_key, call) => refused(call) ? outcome : "ok" });
    make(world, 50, call("team-a"), "a-");
    world.advance(MINUTE);
    make(world, 50, call("team-b"), "b-");
    world.advance(1_000);
    equal(world.done.size, 50, outcome.reason);
  }
});

Deno.test("gate takes five failures without an answer for an outage, fewer for blips", () => {
  for (const [failures, waits] of [[4, false], [5, true]] as const) {
    const world = new GateWorld({ service: () => "ok" });
    const call = { ...CREATE, createdAt: 0 };
    for (let index = 0; index < failures; index++) {
      equal(world.gate.admit(`pj-${index}`, call).go, true);
      world.gate.report(`pj-${index}`, call, failure("ServiceUnavailable", "soon"));
    }
    equal(world.gate.admit("other", call).go, !waits, `after ${failures}`);
  }
});

Deno.test("gate says why a resource waits: its own failure, or what it waits behind", () => {
  const world = new GateWorld({ service: () => "ok" });
  const call = { ...BAD, createdAt: 0 };
  world.gate.report("tried", call, { ...DENIED, message: "Not yours" });
  const own = world.gate.admit("tried", call);
  const other = world.gate.admit("other", { ...call, createdAt: 1 });
  ok(!own.go && !other.go);
  equal(own.failure.message, "Not yours");
  equal(other.failure.message, `Waiting because others with the role '${BAD.roleArn}' were refused: Not yours`);
  equal(other.failure.reason, "AccessDenied");
});

Deno.test("gate.leave() passes the turn on and leaves nothing behind", () => {
  const { state, service } = quota(0);
  const world = new GateWorld({ service, workers: 1 });
  const keys = make(world, 10, CREATE);
  world.advance(100);
  for (const key of keys.slice(0, 8)) world.remove(key);
  state.free = 1;
  world.advance(MINUTE);
  deepEqual(world.succeeded, [keys[8]]);
  world.remove(keys[9]!);
  equal(world.gate.size, 0);
});

Deno.test("gate passes over who does not come for its turn", () => {
  const { state, service } = quota(0);
  const world = new GateWorld({ service, workers: 1 });
  const call = { ...CREATE, createdAt: -1 };
  // Its process of waiting ends with this: it was refused and never asks again.
  world.gate.report("silent", call, NO_QUOTA);
  const keys = make(world, 3, CREATE);
  world.advance(100);
  state.free = 10;
  world.advance(12 * MINUTE);
  deepEqual(world.succeeded, keys);
});

Deno.test("gate ends a line when its failures turn out to be final", () => {
  let answer: "ok" | Failure = DENIED;
  const world = new GateWorld({ service: () => answer });
  make(world, 20, BAD);
  world.advance(1000);
  answer = failure("InvalidSpec", "never");
  world.advance(10 * MINUTE);
  equal(world.done.size, 20);
  equal(world.gate.size, 0);
});

Deno.test("gate keeps who is next for quota next when its try is throttled", () => {
  const answers: ("ok" | Failure)[] = [NO_QUOTA, THROTTLED];
  const world = new GateWorld({ service: () => answers.shift() ?? "ok", workers: 1 });
  const keys = make(world, 5, CREATE);
  world.advance(2 * MINUTE);
  deepEqual(world.succeeded, keys);
});

Deno.test("gate keeps the words for who waits for a throttled operation", () => {
  const world = new GateWorld({ service: () => "ok" });
  const call = (createdAt: number) => ({ ...CREATE, createdAt });
  const id = (number: number) => ({ ...THROTTLED, message: `Rate exceeded (request id ${number})` });
  const messageOf = (key: string, createdAt: number) => {
    const admission = world.gate.admit(key, call(createdAt));
    return !admission.go && admission.failure.message;
  };
  world.gate.admit("a", call(0));
  world.gate.report("a", call(0), id(1));
  const texts = [messageOf("a", 0), messageOf("b", 1)];
  const text =
    "Waiting for its turn: SageMaker accepts about 1 CreateProcessingJob call a second for this account and region " +
    "(Rate exceeded)";
  deepEqual(texts, [text, text]);
  world.now = 1020;
  equal(world.gate.admit("a", call(0)).go, true);
  world.gate.report("a", call(0), id(2));
  equal(messageOf("b", 1), texts[1]);
});

Deno.test("gate lets those go whose role was refused and whose quota was used up at once", () => {
  let role: "ok" | Failure = "ok";
  const full = new Set(["ml.m5.large"]);
  const service = (_key: string, call: Call) =>
    role !== "ok" && call.roleArn === BAD.roleArn ? role : full.has(call.instanceType ?? "") ? NO_QUOTA : "ok";
  const world = new GateWorld({ service, workers: 4 });
  for (let index = 0; index < 300; index++) {
    const { roleArn } = index < 200 ? BAD : GOOD;
    world.after(index * 100, () => world.make(`pj-${index}`, { ...CREATE, roleArn }));
  }
  for (let minute = 0; minute < 20; minute++) {
    role = minute % 3 === 1 ? DENIED : "ok";
    world.advance(MINUTE);
  }
  ok(mostWithin(MINUTE, world.failed) <= 60, `${mostWithin(MINUTE, world.failed)} calls in a minute`);
  ok(world.wakeUps < 20 * 300 * 3, `${world.wakeUps} wake-ups`);
  role = "ok";
  full.clear();
  world.advance(15 * MINUTE);
  equal(world.done.size, 300);
});

Deno.test("dropIdle() forgets the places of 15,000 invented regions that no key calls, and keeps those where one waits", async () => {
  const clock = new FakeClock();
  const gate = new CallGate({ clock, mostUnderWay: 1, onRelease: () => {} });
  const callOf = (region: string) => ({ operation: "CreateProcessingJob", region, createdAt: 0 });
  for (let i = 0; i < 15_000; i++) {
    const call = callOf(`invented-${i}`);
    equal(gate.admit(`ns/${i}`, call).go, true);
    gate.report(`ns/${i}`, call, "ok");
  }
  equal(gate.admit("ns/under-way", callOf("us-west-2")).go, true);
  equal(gate.admit("ns/waiting", callOf("us-west-2")).go, false);
  equal(gate.places, 15_001);
  await clock.advance(10 * 60_000);
  gate.dropIdle();
  equal(gate.places, 1);
  for (const key of ["ns/under-way", "ns/waiting"]) gate.leave(key);
  await clock.advance(10 * 60_000);
  gate.dropIdle();
  deepEqual([gate.places, gate.size], [0, 0]);
});
