import type { ProcessingJobStatus } from "../../src/api/processing_job.ts";
import { names, type Outcome, patience, type ScenarioOptions } from "../outcome.ts";
import { memoryOf } from "../proc.ts";
import { World } from "../world.ts";

/** Finished resources that an operator finds as it starts: how long until it is ready, and what they cost it. */
export async function finished({ n = 10_000, ...options }: ScenarioOptions): Promise<Outcome[]> {
  await using world = await World.open(options, { job: "1s" });
  const status = await finishedStatus(world);
  const finalizers = ["sagemaker-operator-finalizer"];
  await world.load.forEach(names(n), async (name) => {
    await world.load.create(name);
    await world.load.patch(name, { metadata: { finalizers } });
    await world.load.patch(name, { status }, "/status");
  });
  await world.observer.until("Completed", n + 1, { timeoutMs: patience(n), signal: world.signal });
  const startedAt = await world.startOperator();
  const ready = await world.untilReady(patience(n)) - startedAt;
  const { peak } = await memoryOf(world.operatorPid);
  // Nothing should be asked or written.
  const cost = await world.costOf("finished", () => world.sleep(options.windowMs));
  const { rss, private: own } = await memoryOf(world.operatorPid);
  const values = { ready: ready / 1000, memoryFinished: rss };
  return [{ scenario: "finished", n, values, cost, details: { peak, private: own } }];
}

/** The status that the operator itself gives to a job that has ended. */
async function finishedStatus(world: World): Promise<ProcessingJobStatus> {
  await world.startOperator();
  await world.load.create("example");
  await world.observer.until("Completed", 1, { timeoutMs: 60_000, signal: world.signal });
  await world.sleep(3_000);
  await world.stopOperator();
  return (await world.load.get("example")).status!;
}
