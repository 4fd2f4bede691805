import assert from "node:assert/strict";
import { FakeClock, settle } from "../runtime/fake_clock.ts";
import { KubeClient } from "./client.ts";
import { FakeLeaseServer, goodNetwork, type Network } from "./fake_lease_server.ts";
import { LeaderElector, NotLeaderError, RENEW_DEADLINE_MS } from "./leader_elector.ts";
import { LEASE_MS } from "./lease.ts";

/** Lets streams hand on what is on its way, and time pass by `ms` milliseconds. */
async function pass(clock: FakeClock, ms = 0): Promise<void> {
  for (let turn = 0; turn < 5; turn++) await settle();
  for (let left = ms; left > 0; left -= 100) {
    await clock.advance(Math.min(left, 100));
    for (let turn = 0; turn < 3; turn++) await settle();
  }
}

/** A process that wants to lead, and its work, which goes on until it is told to end. */
class Candidate {
  readonly identity: string;
  readonly network: Network = goodNetwork();
  readonly elector: LeaderElector;
  readonly #stopping = new AbortController();
  /** Of each time that it has led, the signal that its work was given. */
  readonly terms: AbortSignal[] = [];
  /** What the work does once it is told to end. */
  unwind: () => Promise<void> = () => Promise.resolve();
  ended: Promise<void> = Promise.resolve();

  constructor(server: FakeLeaseServer, clock: FakeClock, identity: string) {
    this.identity = identity;
    const client = new KubeClient(server.connect(this.network), { clock });
    this.elector = new LeaderElector({ client, namespace: "team-a", name: "op", identity, clock, random: () => 0.5 });
  }

  start(): void {
    this.ended = this.elector.run({
      signal: this.#stopping.signal,
      onLeading: async (signal) => {
        this.terms.push(signal);
        await new Promise((resolve) => signal.addEventListener("abort", resolve, { once: true }));
        await this.unwind();
      },
    });
  }

  stop(): void {
    this.#stopping.abort();
  }
}

class Bench implements AsyncDisposable {
  readonly clock = new FakeClock();
  readonly server = new FakeLeaseServer(this.clock);
  readonly a = new Candidate(this.server, this.clock, "a");
  readonly b = new Candidate(this.server, this.clock, "b");

  pass(ms: number): Promise<void> {
    return pass(this.clock, ms);
  }

  /** `a` leads and `b` stands by. */
  async start(): Promise<void> {
    this.a.start();
    await this.pass(200);
    this.b.start();
    await this.pass(200);
    assert.deepEqual(this.leaders(), ["a"]);
  }

  leaders(): string[] {
    return [this.a, this.b].filter(({ elector }) => elector.isLeader()).map(({ identity }) => identity);
  }

  /** Lets nothing through to anybody. */
  pause(): () => Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.server.paused = promise;
    return () => {
      this.server.paused = undefined;
      resolve();
      return this.pass(0);
    };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.a.stop();
    this.b.stop();
    await this.pass(20_000);
    await Promise.all([this.a.ended, this.b.ended]);
    assert.equal(this.clock.pendingTimers, 0, "timers are left");
  }
}

Deno.test("run() makes the Lease where there is none, and leads", async () => {
  await using bench = new Bench();
  bench.a.start();
  await bench.pass(200);
  assert.equal(bench.a.elector.isLeader(), true);
  const { metadata, spec } = bench.server.lease!;
  assert.equal(metadata.name, "op");
  assert.match(spec.renewTime!, /^2024-01-01T00:00:00\.\d{6}Z$/);
  assert.deepEqual(spec, {
    holderIdentity: "a",
    leaseDurationSeconds: 15,
    acquireTime: spec.renewTime,
    renewTime: spec.renewTime,
    leaseTransitions: 0,
  });
});

Deno.test("run() renews every two seconds, changing the renewal time alone", async () => {
  await using bench = new Bench();
  await bench.start();
  const before = bench.server.lease!.spec;
  const writes = bench.server.writes.length;
  await bench.pass(20_000);
  assert.equal(bench.server.writes.length, writes + 10);
  const { renewTime, ...after } = bench.server.lease!.spec;
  assert.deepEqual({ ...after, renewTime: before.renewTime }, before);
  assert.ok(renewTime! > before.renewTime!);
});

Deno.test("a standby neither leads nor writes while the leader renews", async () => {
  await using bench = new Bench();
  await bench.start();
  await bench.pass(60_000);
  assert.deepEqual(bench.leaders(), ["a"]);
  assert.equal(bench.b.terms.length, 0);
  assert.deepEqual(new Set(bench.server.writes.map(({ spec }) => spec.holderIdentity)), new Set(["a"]));
  assert.throws(() => bench.b.elector.guard(0), NotLeaderError);
});

Deno.test("a clean end gives the lease back as client-go does, and the standby leads at once", async () => {
  await using bench = new Bench();
  await bench.start();
  bench.a.stop();
  await bench.pass(300);
  const released = bench.server.writes.find(({ spec }) => spec.holderIdentity === "")!.spec;
  assert.equal(released.leaseDurationSeconds, 1);
  assert.equal(released.renewTime, released.acquireTime);
  assert.deepEqual(bench.leaders(), ["b"]);
  assert.equal(bench.server.lease!.spec.leaseTransitions, 1);
  assert.equal(bench.server.lease!.spec.leaseDurationSeconds, 15);
});

Deno.test("the lease is renewed, and not given back, until the work has ended", async () => {
  await using bench = new Bench();
  await bench.start();
  const { promise, resolve } = Promise.withResolvers<void>();
  bench.a.unwind = () => promise;
  bench.a.stop();
  await bench.pass(30_000);
  assert.deepEqual(bench.leaders(), ["a"]);
  assert.doesNotThrow(() => bench.a.elector.guard(10_000));
  resolve();
  await bench.pass(300);
  assert.deepEqual(bench.leaders(), ["b"]);
});

Deno.test("a leader that vanishes is followed when its lease has run out for the standby", async () => {
  await using bench = new Bench();
  await bench.start();
  bench.a.network.fate = () => "lost";
  await bench.pass(12_500);
  assert.deepEqual(bench.leaders(), []);
  await bench.pass(3_000);
  assert.deepEqual(bench.leaders(), ["b"]);
});

Deno.test("a leader that can't renew writes nothing that might outlast the lease, and stops before its end", async () => {
  await using bench = new Bench();
  await bench.start();
  const { elector } = bench.a;
  await bench.pass(2_000);
  bench.a.network.fate = () => "refused";
  const left = elector.remainingMs();
  assert.ok(left > 12_900 && left <= LEASE_MS, `${left}`);
  await bench.pass(left - 10_100);
  assert.doesNotThrow(() => elector.guard(10_000));
  await bench.pass(200);
  assert.throws(() => elector.guard(10_000), NotLeaderError);
  assert.doesNotThrow(() => elector.guard(5_000));
  assert.equal(bench.a.terms[0]!.aborted, false);
  // 5 s before the lease ends.
  await bench.pass(LEASE_MS - RENEW_DEADLINE_MS);
  assert.equal(bench.a.terms[0]!.aborted, true);
  assert.match(String(bench.a.terms[0]!.reason), /Lost the leadership: .*refused/);
  assert.throws(() => elector.guard(0), NotLeaderError);
  assert.equal(elector.remainingMs(), 0);
});

Deno.test("an API server that pauses for 12 s: the leader stops, nobody takes over meanwhile, and one leads again after", async () => {
  await using bench = new Bench();
  await bench.start();
  const resume = bench.pause();
  await bench.pass(12_000);
  assert.deepEqual(bench.leaders(), []);
  assert.equal(bench.a.terms[0]!.aborted, true);
  await resume();
  await bench.pass(10_000);
  assert.equal(bench.leaders().length, 1);
});

Deno.test("an API server that pauses for 8 s costs nobody the leadership", async () => {
  await using bench = new Bench();
  await bench.start();
  const resume = bench.pause();
  await bench.pass(8_000);
  await resume();
  await bench.pass(1_000);
  assert.deepEqual(bench.leaders(), ["a"]);
  assert.equal(bench.a.terms.length, 1);
});

Deno.test("leadership that was lost can be had again, once the work of before has ended", async () => {
  await using bench = new Bench();
  bench.a.start();
  await bench.pass(200);
  const { promise, resolve } = Promise.withResolvers<void>();
  bench.a.unwind = () => promise;
  bench.a.network.fate = () => "refused";
  await bench.pass(12_000);
  bench.a.network.fate = () => "arrives";
  await bench.pass(10_000);
  assert.equal(bench.a.terms.length, 1);
  assert.equal(bench.a.elector.isLeader(), false);
  resolve();
  bench.a.unwind = () => Promise.resolve();
  await bench.pass(5_000);
  assert.equal(bench.a.terms.length, 2);
  assert.equal(bench.a.elector.isLeader(), true);
  assert.equal(bench.server.lease!.spec.leaseTransitions, 0, "nobody else has led");
});

Deno.test("what is left of the lease counts from when the renewal was sent, not from its answer", async () => {
  await using bench = new Bench();
  bench.a.network.delay = () => 2_000;
  bench.a.start();
  // A list, and the write: each takes four seconds.
  await bench.pass(8_000);
  assert.equal(bench.a.elector.remainingMs(), LEASE_MS - 4_000);
  await bench.pass(4_000);
  assert.equal(bench.a.elector.remainingMs(), LEASE_MS - 4_000);
});

Deno.test("a lost answer to a renewal shortens nothing but what is left, which counts from the one that was answered", async () => {
  await using bench = new Bench();
  await bench.start();
  await bench.pass(1_900);
  const before = bench.a.elector.remainingMs();
  const version = bench.server.lease!.metadata.resourceVersion;
  bench.a.network.fate = () => "unanswered";
  await bench.pass(3_000);
  assert.notEqual(bench.server.lease!.metadata.resourceVersion, version, "the renewal has arrived");
  const left = bench.a.elector.remainingMs();
  assert.equal(left, before - 3_000);
  bench.a.network.fate = () => "arrives";
  await bench.pass(5_000);
  assert.deepEqual(bench.leaders(), ["a"]);
  assert.ok(bench.a.elector.remainingMs() > 12_500, "the conflict with its own renewal was overcome");
});

Deno.test("a Lease that is deleted is made again by its leader, and no standby takes it before it would have run out", async () => {
  await using bench = new Bench();
  await bench.start();
  bench.server.delete();
  await bench.pass(3_000);
  assert.deepEqual(bench.leaders(), ["a"]);
  assert.equal(bench.server.lease!.spec.holderIdentity, "a");
  bench.a.network.fate = () => "lost";
  bench.server.delete();
  await bench.pass(11_000);
  assert.equal(bench.b.terms.length, 0);
  await bench.pass(5_000);
  assert.deepEqual(bench.leaders(), ["b"]);
});

Deno.test("a former leader that comes back to a deleted Lease waits, for it can't know who has led since", async () => {
  await using bench = new Bench();
  await bench.start();
  bench.a.network.fate = () => "lost";
  await bench.pass(16_000);
  assert.deepEqual(bench.leaders(), ["b"]);
  bench.server.delete();
  bench.b.network.fate = () => "lost";
  bench.a.network.fate = () => "arrives";
  await bench.pass(7_000);
  assert.deepEqual(bench.leaders(), ["b"]);
  await bench.pass(20_000);
  assert.deepEqual(bench.leaders(), ["a"]);
});

Deno.test("a leader whose lease somebody else holds stops at its next renewal", async () => {
  await using bench = new Bench();
  await bench.start();
  bench.server.edit({ holderIdentity: "stranger", renewTime: "2024-01-01T00:00:01.000000Z" });
  await bench.pass(2_500);
  assert.deepEqual(bench.leaders(), []);
  assert.match(String(bench.a.terms[0]!.reason), /'stranger' holds the lease/);
});

Deno.test("a change of the Lease that is no renewal keeps a dead leader's lease from running out no longer", async () => {
  await using bench = new Bench();
  await bench.start();
  bench.a.network.fate = () => "lost";
  await bench.pass(10_000);
  bench.server.edit({}, { annotations: { seen: "yes" } });
  await bench.pass(5_500);
  assert.deepEqual(bench.leaders(), ["b"]);
});

Deno.test("a standby that sees no events takes over all the same", async () => {
  await using bench = new Bench();
  await bench.start();
  bench.b.network.deaf = true;
  bench.a.stop();
  await bench.pass(16_000);
  assert.deepEqual(bench.leaders(), ["b"]);
});

Deno.test("a standby that sees no events does not take what is renewed", async () => {
  await using bench = new Bench();
  await bench.start();
  bench.b.network.deaf = true;
  await bench.pass(60_000);
  assert.deepEqual(bench.leaders(), ["a"]);
  assert.equal(bench.b.terms.length, 0);
});

Deno.test("problem() says why a standby can't lead, and nothing while it merely waits", async () => {
  await using bench = new Bench();
  assert.equal(bench.b.elector.problem(), "the lease has not been seen yet");
  bench.b.network.fate = () => "refused";
  bench.b.start();
  await bench.pass(1_000);
  assert.match(bench.b.elector.problem()!, /refused/);
  bench.b.network.fate = () => "arrives";
  bench.a.start();
  await bench.pass(5_000);
  assert.equal(bench.leaders().length, 1);
  assert.deepEqual([bench.a.elector.problem(), bench.b.elector.problem()], [undefined, undefined]);
});

Deno.test("run() gives the lease back and throws when the work fails", async () => {
  const clock = new FakeClock();
  const server = new FakeLeaseServer(clock);
  const client = new KubeClient(server.connect(goodNetwork()), { clock });
  const elector = new LeaderElector({ client, namespace: "team-a", name: "op", identity: "a", clock });
  const failing = elector.run({
    signal: new AbortController().signal,
    onLeading: () => Promise.reject(new Error("broken")),
  });
  const rejects = assert.rejects(failing, /^Error: broken$/);
  await pass(clock, 500);
  await rejects;
  assert.equal(server.lease!.spec.holderIdentity, "");
  assert.equal(clock.pendingTimers, 0);
});

Deno.test("a standby that is stopped leaves the lease alone", async () => {
  await using bench = new Bench();
  await bench.start();
  const writes = bench.server.writes.length;
  bench.b.stop();
  await bench.b.ended;
  assert.equal(bench.server.writes.length, writes);
});
