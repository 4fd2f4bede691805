import assert from "node:assert/strict";
import type { ProcessingJob, ProcessingJobStatusWord } from "../api/processing_job.ts";
import { KubeClient } from "../kubernetes/client.ts";
import { failure, FakeCluster, type FakeRequest, FakeWatch } from "../kubernetes/fake_cluster.ts";
import { FakeClock } from "../runtime/fake_clock.ts";
import { JobWatch } from "./job_watch.ts";

function resource(word: ProcessingJobStatusWord, version: number, uid = "u-1"): ProcessingJob {
  return {
    apiVersion: "sagemaker.aws.amazon.com/v1",
    kind: "ProcessingJob",
    metadata: {
      name: "job",
      namespace: "ns",
      uid,
      resourceVersion: String(version),
      generation: 1,
      creationTimestamp: "2024-01-01T00:00:00Z",
    },
    spec: { region: "eu-west-1", processingResources: { clusterConfig: {} } } as ProcessingJob["spec"],
    status: { processingJobStatus: word },
  };
}

/** An API server that gives `current` and the watches in their order. */
async function setUp({ canWatch = true } = {}) {
  const clock = new FakeClock();
  const state = { current: resource("InProgress", 5) as ProcessingJob | undefined };
  const watches = [new FakeWatch(), new FakeWatch(), new FakeWatch(), new FakeWatch()];
  let opened = 0;
  const cluster = new FakeCluster(({ watch }: FakeRequest) => {
    if (watch) return canWatch ? watches[opened++]!.response : failure(403, { reason: "Forbidden" });
    return state.current ? Response.json(state.current) : failure(404, { reason: "NotFound" });
  });
  const words: string[] = [];
  const troubles: unknown[] = [];
  const signal = new AbortController();
  const client = new KubeClient(cluster, { clock });
  const options = { client, namespace: "ns", name: "job", clock };
  const watch = await JobWatch.open({
    ...options,
    onChange: ({ word, end }) => words.push(end?.outcome === "Gone" ? "gone" : word),
    onTrouble: (error) => troubles.push(error),
  }, signal.signal);
  return { clock, state, watches, cluster, words, troubles, watch, controller: signal, run: watch.run(signal.signal) };
}

Deno.test("a JobWatch tells each new word, and ends with the job", async () => {
  const { clock, watches, cluster, words, watch, run } = await setUp();
  await clock.advance(0);
  watches[0]!.send("MODIFIED", resource("InProgress", 6));
  watches[0]!.send("MODIFIED", resource("Completed", 7));
  await run;
  assert.deepEqual([words, watch.view.end?.outcome], [["Completed"], "Completed"]);
  const { searchParams, pathname } = cluster.watches[0]!.url;
  assert.equal(pathname, "/apis/sagemaker.aws.amazon.com/v1/namespaces/ns/processingjobs");
  assert.deepEqual([searchParams.get("fieldSelector"), searchParams.get("resourceVersion")], [
    "metadata.name=job",
    "5",
  ]);
  assert.equal(clock.pendingTimers, 0);
});

Deno.test("a JobWatch whose watch is lost reads again, says so once, and goes on", async () => {
  const { clock, state, watches, words, troubles, run } = await setUp();
  await clock.advance(0);
  state.current = resource("Stopping", 8);
  watches[0]!.cut();
  await clock.advance(1_000);
  assert.deepEqual([words, troubles.length], [["Stopping"], 1]);
  watches[1]!.send("MODIFIED", resource("Stopped", 9));
  await run;
  assert.deepEqual(words, ["Stopping", "Stopped"]);
});

Deno.test("a JobWatch that is silent asks again, and that is no trouble", async () => {
  const { clock, watches, words, troubles, run } = await setUp();
  for (let seconds = 0; seconds < 100; seconds++) await clock.advance(1_000);
  watches[3]!.send("MODIFIED", resource("Completed", 9));
  await run;
  assert.deepEqual([words, troubles], [["Completed"], []]);
});

Deno.test("a JobWatch that may not watch asks again and again", async () => {
  const { clock, state, words, troubles, run } = await setUp({ canWatch: false });
  await clock.advance(5_000);
  state.current = resource("Failed", 8);
  await clock.advance(5_000);
  await run;
  assert.deepEqual([words, troubles], [["Failed"], []]);
});

for (
  const [how, change] of [["deleted", undefined], [
    "replaced by another of its name",
    resource("InProgress", 9, "u-2"),
  ]] as const
) {
  Deno.test(`a resource that is ${how} has ended`, async () => {
    const { clock, watches, words, watch, run } = await setUp();
    await clock.advance(0);
    watches[0]!.send(change ? "MODIFIED" : "DELETED", change ?? resource("Stopping", 8));
    await run;
    assert.deepEqual([words, watch.view.end], [["gone"], { outcome: "Gone" }]);
  });
}

Deno.test("a JobWatch ends with its signal", async () => {
  const { clock, controller, run } = await setUp();
  await clock.advance(0);
  controller.abort();
  await run;
  assert.equal(clock.pendingTimers, 0);
});

const missing: [string, Response, RegExp][] = [
  ["a resource", failure(404, { reason: "NotFound" }), /^There is no ProcessingJob 'job' in namespace 'ns' of a test/],
  ["the CRD", new Response("404 page not found", { status: 404 }), /the CRD is not installed$/],
];
for (const [what, answer, message] of missing) {
  Deno.test(`JobWatch.open() says that ${what} is missing`, async () => {
    const client = new KubeClient(new FakeCluster(() => answer));
    const options = { client, namespace: "ns", name: "job", clock: new FakeClock() };
    await assert.rejects(JobWatch.open(options, new AbortController().signal), { message });
  });
}
