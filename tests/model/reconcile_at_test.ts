/** The annotation `reconcile-at` on a resource from its creation on. */
import assert from "node:assert/strict";
import { ANNOTATIONS } from "../../src/api/group.ts";
import { World } from "./world.ts";

const RESOURCES = 30;

/** What operators send within three minutes for resources that are created together, while SageMaker throttles for a while. */
async function requestsFor(annotations: Record<string, string> | undefined): Promise<string[]> {
  using world = new World(1);
  world.startOperator();
  await world.clock.advance(1_000);
  world.fate = ({ what }) => what.startsWith("CreateProcessingJob") ? "throttled" : undefined;
  for (let index = 0; index < RESOURCES; index++) world.create(`job-${index}`, {}, "default", annotations);
  await world.clock.advance(20_000);
  world.fate = () => undefined;
  await world.clock.advance(160_000);
  assert.equal(world.jobs().length, RESOURCES);
  assert.deepEqual(world.rules.violations, []);
  return world.requests;
}

Deno.test("reconcile-at: set at creation it jumps no line, and a resource with it behaves as one without", async () => {
  assert.deepEqual(await requestsFor({ [ANNOTATIONS.reconcileAt]: "2026-01-01" }), await requestsFor(undefined));
});
