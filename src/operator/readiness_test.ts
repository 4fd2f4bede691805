import assert from "node:assert/strict";
import type { InformerStatus } from "../kubernetes/informer.ts";
import { FakeClock, settle } from "../runtime/fake_clock.ts";
import { readiness, untilWorkable } from "./readiness.ts";

/** The informer of a namespace, of which a test says how it fares. */
class FakeInformer {
  readonly #synced = Promise.withResolvers<void>();
  readonly #settled = Promise.withResolvers<void>();
  #isSynced = false;
  #status: InformerStatus = { state: "starting" };
  readonly synced = this.#synced.promise;
  readonly settled = this.#settled.promise;

  constructor(readonly namespace: string) {}

  get informer() {
    return this;
  }

  hasSynced(): boolean {
    return this.#isSynced;
  }

  status(): InformerStatus {
    return this.#status;
  }

  sync(): void {
    this.#isSynced = true;
    this.#status = { state: "watching", lastContact: 0 };
    this.#synced.resolve();
    this.#settled.resolve();
  }

  fail(error: string): void {
    this.#status = { state: "denied", error };
    this.#settled.resolve();
  }
}

function setUp() {
  const [a, b] = [new FakeInformer("a"), new FakeInformer("b")];
  const controller = new AbortController();
  const seen = { isWorkable: false };
  const waiting = untilWorkable([a, b], controller.signal).then(() => void (seen.isWorkable = true));
  const isWorkable = async () => {
    await settle();
    return seen.isWorkable;
  };
  return { a, b, isWorkable, controller, waiting };
}

Deno.test("untilWorkable() waits for the first list of every namespace", async () => {
  const { a, b, isWorkable } = setUp();
  a.sync();
  assert.equal(await isWorkable(), false);
  b.sync();
  assert.equal(await isWorkable(), true);
});

Deno.test("untilWorkable() does not wait for a namespace that is forbidden, whichever answer comes first", async () => {
  for (const order of [["sync", "fail"], ["fail", "sync"]]) {
    const { a, b, isWorkable } = setUp();
    for (const step of order) {
      assert.equal(await isWorkable(), false);
      if (step === "sync") a.sync();
      else b.fail("it is forbidden");
    }
    assert.equal(await isWorkable(), true);
  }
});

Deno.test("untilWorkable() waits while no namespace can be listed, and ends with its signal", async () => {
  const { a, b, isWorkable, controller, waiting } = setUp();
  a.fail("it is forbidden");
  b.fail("it is forbidden");
  assert.equal(await isWorkable(), false);
  controller.abort();
  await waiting;
});

Deno.test("readiness() names each namespace that is not observed, and no other", () => {
  const [a, b, c] = ["a", "b", "c"].map((name) => new FakeInformer(name)) as [FakeInformer, FakeInformer, FakeInformer];
  const { informers, watch } = readiness([a, b, c], () => 7, new FakeClock());
  a.sync();
  b.fail("it is forbidden");
  c.fail("it does not answer");
  const text = "namespace 'b': it is forbidden; namespace 'c': it does not answer";
  assert.deepEqual([informers!(), watch!()], [text, text]);
  b.sync();
  c.sync();
  assert.deepEqual([informers!(), watch!()], [{ ok: "7 resources" }, undefined]);
});
