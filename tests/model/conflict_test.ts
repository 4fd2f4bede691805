/** Writes that the apiserver refuses because the resource has changed, while the watch is silent. */
import assert from "node:assert/strict";
import type { ProcessingJob } from "../../src/api/processing_job.ts";
import { World } from "./world.ts";

const MINUTE_MS = 60_000;
/** For so long a watch that has become silent is not asked again. */
const SILENT_MS = 11_000;

/** A world in which the job of resource `a` runs, and no watch brings anything from now on. */
async function withSilentWatch(): Promise<World> {
  const world = new World(1);
  world.startOperator();
  world.create("a");
  await world.clock.advance(10_000);
  assert.equal(wordOf(world), "InProgress");
  world.harmWatches("silence");
  return world;
}

function wordOf(world: World): string | undefined {
  return world.resource("a")?.status?.processingJobStatus;
}

/** How many requests of `verb` for the path that ends so were sent; retries are requests too. */
function count(world: World, request: RegExp): number {
  return world.requests.filter((sent) => request.test(sent)).length;
}

function edit(world: World): void {
  world.patch("a", { metadata: { labels: { edited: String(world.clock.now()) } } });
}

Deno.test("conflict: an edit that the watch does not bring costs one refused write, and the status is written after it", async () => {
  using world = await withSilentWatch();
  world.requests.length = 0;
  edit(world);
  world.endJob(world.jobOf(world.resource("a")!)!, "Completed");
  await world.clock.advance(MINUTE_MS);
  assert.equal(wordOf(world), "Completed");
  assert.equal(count(world, /^PATCH a\/status$/), 2, "the refused one, and that which follows a fresh read");
  assert.equal(count(world, /^GET processingjobs$/), 1);
  assert.deepEqual(world.rules.violations, []);
});

Deno.test("conflict: a resource that changes before each write is tried again with exponential backoff", async () => {
  using world = await withSilentWatch();
  // Another controller is always faster.
  world.onEffect = ({ what, when }) => {
    if (when === "before" && /^PATCH a\/status$/.test(what)) edit(world);
  };
  world.requests.length = 0;
  world.endJob(world.jobOf(world.resource("a")!)!, "Completed");
  await world.clock.advance(SILENT_MS);
  const writes = count(world, /^PATCH a\/status$/);
  assert.ok(writes >= 4 && writes <= 6, `${writes} writes in 11 seconds: from half a second on, doubling`);
  assert.ok(count(world, /^GET processingjobs$/) <= writes);
  assert.ok(count(world, /^Describe/) <= writes, "what SageMaker said is not forgotten");
  assert.equal(count(world, /^POST events$/), 0, "nothing is told that was not written");

  world.onEffect = () => {};
  await world.clock.advance(2 * MINUTE_MS);
  assert.equal(wordOf(world), "Completed");
  assert.deepEqual(world.rules.violations, []);
});

Deno.test("conflict: a resource that is gone or made anew is left alone until the watch says so", async () => {
  using world = await withSilentWatch();
  const { metadata: { uid } } = world.resource("a") as ProcessingJob;
  world.patch("a", { metadata: { finalizers: null } });
  world.delete("a");
  world.create("a");
  assert.notEqual(world.resource("a")?.metadata.uid, uid);
  world.requests.length = 0;
  world.endJob(world.jobs()[0]!, "Completed");
  await world.clock.advance(SILENT_MS);
  const fresh = world.resource("a")!;
  assert.equal(fresh.status?.observedGeneration, -1, "what is known of the old one is not written to the new one");
  const writes = count(world, /^PATCH /);
  assert.ok(writes >= 1 && writes <= 6, `${writes} writes in 11 seconds`);
});
