/** `deletionPolicy: Delete`: which records are deleted with a resource. */
import assert from "node:assert/strict";
import { attemptName } from "../../src/api/job_name.ts";
import type { ProcessingJob } from "../../src/api/processing_job.ts";
import { World } from "./world.ts";

/** More than `status.attempts` lists. */
const ATTEMPTS = 23;
const DELETES = /^DeleteProcessingJob (.+)$/;

/** A world in which resource `a` has had so many attempts, and its job runs. */
async function withAttempts(): Promise<{ world: World; resource: ProcessingJob; names: string[] }> {
  const world = new World(1);
  world.startOperator();
  world.create("other");
  world.create("a", { deletionPolicy: "Delete", retryPolicy: { maxAttempts: ATTEMPTS, backoffSeconds: 0 } });
  const { name, uid } = world.resource("a")!.metadata;
  const names = Array.from({ length: ATTEMPTS }, (_, index) => attemptName(name, uid, index + 1));
  for (const name of names) {
    await world.clock.advance(10_000);
    const job = world.jobs().find((job) => job.name === name);
    assert.ok(job, `there is no job ${name}`);
    if (name !== names.at(-1)) world.endJob(job, "Failed", "CapacityError: none left");
  }
  await world.clock.advance(10_000);
  return { world, resource: world.resource("a")!, names };
}

function deletesIn(world: World): string[] {
  return world.requests.flatMap((request) => DELETES.exec(request)?.[1] ?? []);
}

Deno.test("records: those of all attempts are deleted, not only of the ones that the status lists", async () => {
  const { world, resource, names } = await withAttempts();
  using _ = world;
  assert.ok(resource.status!.attempts!.length < ATTEMPTS);
  world.delete("a");
  await world.clock.advance(120_000);
  assert.equal(world.resource("a"), undefined);
  assert.deepEqual(world.jobs().map(({ name }) => name), [world.jobOf(world.resource("other")!)!.name]);
  assert.deepEqual(deletesIn(world).sort(), [...names].sort(), "each is asked for once");
  assert.deepEqual(world.rules.violations, []);
});

Deno.test("records: a name in the status that is not the resource's own is never deleted", async () => {
  const { world, names } = await withAttempts();
  using _ = world;
  const other = world.jobOf(world.resource("other")!)!;
  world.endJob(other, "Completed");
  const attempts = world.resource("a")!.status!.attempts!.map((attempt) => ({ ...attempt, name: other.name }));
  world.patchStatus("a", { attempts });
  await world.clock.advance(10_000);
  world.delete("a");
  await world.clock.advance(120_000);
  assert.equal(world.resource("a"), undefined);
  assert.deepEqual(new Set(deletesIn(world)), new Set(names));
});

Deno.test("records: a refusal in between goes on where it was, and does not begin again", async () => {
  const { world, names } = await withAttempts();
  using _ = world;
  for (let time = 0; time < 5; time++) {
    world.faults.push({
      system: "sagemaker",
      operation: `DeleteProcessingJob ${names[10 + time]}`,
      fault: "throttled",
    });
  }
  world.delete("a");
  await world.clock.advance(5 * 60_000);
  assert.equal(world.resource("a"), undefined);
  assert.equal(world.jobs().length, 1);
  const deletes = deletesIn(world);
  assert.ok(deletes.length <= ATTEMPTS + 5 * 2, `${deletes.length} deletes of ${ATTEMPTS} records`);
});
