/** What the operator still holds in memory after it has lost and regained the leadership often: in this process, by a fake clock. */
import assert from "node:assert/strict";
import { World } from "../model/world.ts";
import { assertFlat } from "./live_heap.ts";

const LEASES = "/apis/coordination.k8s.io/v1/namespaces/default/leases";

/** The heap once all garbage has been collected, in bytes. */
function heapAfterCollection(): number {
  const { gc } = globalThis as { gc?: () => void };
  if (gc === undefined) {
    throw new Error("Cannot collect garbage: run this with --v8-flags=--expose-gc, as 'deno task test leak' does");
  }
  gc();
  return Deno.memoryUsage().heapUsed;
}

Deno.test("500 leader changes leave nothing in the live heap", async () => {
  using world = new World(1, { elects: true });
  const holder = () => {
    const { spec } = world.apiserver.all("leases")[0] as unknown as { spec: { holderIdentity: string } };
    return spec.holderIdentity;
  };
  const hold = (holderIdentity: string) => {
    const body = { spec: { holderIdentity, renewTime: new Date(world.clock.now()).toISOString() } };
    world.apiserver.request({ method: "PATCH", path: `${LEASES}/sagemaker-operator`, body });
  };
  world.startOperator();
  for (let i = 0; i < 10; i++) world.create(`job-${i}`);
  await world.clock.advance(60_000);
  assert.equal(world.jobs().length, 10);

  const change = async (times: number) => {
    for (let i = 0; i < times; i++) {
      hold("another");
      await world.clock.advance(12_000);
      assert.equal(holder(), "another");
      hold("");
      await world.clock.advance(5_000);
      assert.match(holder(), /^operator-1_/);
      // What the world keeps for people who read of a failure, and for lists of the past.
      world.trace.length = 0;
      world.versions.length = 0;
      world.apiserver.compact();
    }
  };
  // Until what is bounded is full, and V8 has compiled what it will.
  await change(600);
  const before = heapAfterCollection();
  await change(500);
  const after = heapAfterCollection();
  assert.equal(world.jobs().length, 10, "no job was created twice");
  assertFlat("500 leader changes", before, after);
});
