/** `logs` as its users have it: a process, a real apiserver, the operator, and CloudWatch Logs' stand-in. */
import assert from "node:assert/strict";
import { testCluster } from "../support/control_plane.ts";
import { eventually } from "../support/eventually.ts";
import { FAKE_CREDENTIALS, runProgram, spawn } from "../support/operator.ts";
import { installCrd, jobNameOf } from "../support/resources.ts";
import { Scene } from "../support/scene.ts";
import { errorAnswer } from "../../src/sagemaker/stand_in/answer.ts";

const cluster = testCluster();
Deno.test.beforeAll(() => installCrd(cluster));

/** A job on several hosts, which the stand-in steers by its environment. */
function jobOf(instanceCount: number, environment: Record<string, string>) {
  const clusterConfig = { instanceCount, instanceType: "ml.m5.large", volumeSizeInGB: 5 };
  return {
    spec: {
      processingResources: { clusterConfig },
      environment: Object.entries(environment).map(([name, value]) => ({ name, value })),
    },
  };
}

/** Runs `logs` with `args` for a namespace, at the scene's stand-in. */
function logs(scene: Scene, ...args: string[]) {
  const where = ["--kubeconfig", cluster.kubeconfig, "-n", scene.namespace, "--endpoint-url", scene.standIn.url];
  return runProgram(["logs", ...args, ...where], { timeoutMs: 90_000 });
}

/** The same, while it runs. Disposing of it kills it. */
function start(scene: Scene, ...args: string[]) {
  const where = ["--kubeconfig", cluster.kubeconfig, "-n", scene.namespace, "--endpoint-url", scene.standIn.url];
  const child = spawn(["logs", ...args, ...where], FAKE_CREDENTIALS);
  const state = { stdout: "", stderr: "" };
  const collect = async (name: "stdout" | "stderr") => {
    for await (const text of child[name].pipeThrough(new TextDecoderStream())) state[name] += text;
  };
  const ended = Promise.all([child.status, collect("stdout"), collect("stderr")])
    .then(([{ code }]) => ({ code, ...state }));
  return {
    ended,
    get stdout() {
      return state.stdout;
    },
    get stderr() {
      return state.stderr;
    },
    kill: (signal: Deno.Signal) => child.kill(signal),
    async [Symbol.asyncDispose]() {
      try {
        child.kill("SIGKILL");
      } catch {
        // It has ended already.
      }
      await ended;
    },
  };
}

const linesOf = (text: string) => text.split("\n").slice(0, -1);

/** All of `count` lines, each once, in the order in which the job wrote them. */
function assertWhole(text: string, count: number): void {
  const lines = linesOf(text);
  assert.equal(lines.length, count);
  const times = lines.map((line) => /\d{4}-\d\d-\d\dT\S+Z/.exec(line)?.[0] ?? "");
  assert.deepEqual(times, times.toSorted());
  assert.equal(new Set(lines).size, count);
}

Deno.test("logs -f, begun before the job: 5,000 lines of 3 hosts, each once, in order, exit code 0", async () => {
  await using scene = await Scene.open(cluster);
  await scene.resources.create("job", jobOf(3, { SIMULATE_DURATION: "12s", SIMULATE_LOG_LINES: "5000" }));
  await using following = start(scene, "job", "-f", "--timestamps");
  await eventually("it waits for the job", () => assert.match(following.stderr, /has no job in SageMaker yet/));
  await scene.startOperator();
  const { code, stdout, stderr } = await following.ended;
  assert.equal(code, 0, stderr);
  assertWhole(stdout, 5_000);
  assert.match(stdout, /^\[algo-1\] \d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z Reading /);
  assert.deepEqual(
    new Set(linesOf(stdout).map((line) => line.split(" ")[0])),
    new Set(["[algo-1]", "[algo-2]", "[algo-3]"]),
  );
  assert.match(stderr, /^ProcessingJob 'job' has no job in SageMaker yet: SynchronizingK8sJobWithSageMaker\n/);
});

const failure = "AlgorithmError: exit code 1";
Deno.test("logs -f of a job that fails prints its last words, says why, and exits with 1", async () => {
  await using scene = await Scene.open(cluster);
  await scene.startOperator();
  await scene.resources.create("job", jobOf(1, { SIMULATE_DURATION: "2s", SIMULATE_FAILURE: failure }));
  const { code, stdout, stderr } = await logs(scene, "job", "-f");
  assert.equal(code, 1);
  assert.match(stdout, /\nTraceback \(most recent call last\):\nRuntimeError: AlgorithmError: exit code 1\n$/);
  assert.match(stderr, /sagemaker-operator: ProcessingJob 'job' has failed: AlgorithmError: exit code 1\n$/);
});

Deno.test("logs -f reads each attempt of a retried job to its end, then the next", async () => {
  await using scene = await Scene.open(cluster);
  await scene.startOperator();
  const job = jobOf(1, { SIMULATE_DURATION: "3s", SIMULATE_FAILURE: "CapacityError: none", SIMULATE_FAILURES: "1" });
  const retryPolicy = { maxAttempts: 2, backoffSeconds: 1 };
  await scene.resources.create("job", { spec: { ...job.spec, retryPolicy } });
  const { code, stdout, stderr } = await logs(scene, "job", "-f", "--no-prefix");
  assert.equal(code, 0, stderr);
  const [first, second] = [1, 2].map((number) => logs(scene, "job", "--attempt", String(number), "--no-prefix"));
  assert.equal(stdout, (await first!).stdout + (await second!).stdout);
  assert.match(stdout, /RuntimeError: CapacityError: none\n/);
  assert.match(stderr, /Attempt 1 of ProcessingJob 'job' has failed: CapacityError: none; attempt 2 follows\n/);
});

Deno.test("logs -f of a resource that is deleted prints what there was, and exits with 1", async () => {
  await using scene = await Scene.open(cluster);
  await scene.startOperator();
  await scene.resources.create("job", jobOf(1, { SIMULATE_DURATION: "1h" }));
  await eventually("the job runs", async () => {
    assert.equal((await scene.resources.get("job")).status?.processingJobStatus, "InProgress");
  });
  const following = logs(scene, "job", "-f", "--tail=1");
  await eventually("lines are read", () => assert.ok(scene.count("FilterLogEvents") > 1));
  await scene.finish("job", "Stopped");
  await scene.resources.delete("job");
  const { code, stderr } = await following;
  assert.equal(code, 1);
  assert.match(stderr, /ProcessingJob 'job' was (stopped|deleted)/);
});

Deno.test("logs of an ended job: all, the last, of one host, in the plugin's form", async () => {
  await using scene = await Scene.open(cluster);
  await scene.startOperator();
  const { namespace } = scene;
  const resource = await scene.resources.create(
    "job",
    jobOf(2, { SIMULATE_DURATION: "2s", SIMULATE_LOG_LINES: "200" }),
  );
  await eventually("the job is Completed", async () => {
    assert.equal((await scene.resources.get("job")).status?.processingJobStatus, "Completed");
  });
  // The last of them arrive a little later.
  await eventually(
    "all lines are there",
    async () => assertWhole((await logs(scene, "job", "--timestamps")).stdout, 200),
  );
  const all = linesOf((await logs(scene, "job", "--no-prefix")).stdout);
  const tail = await logs(scene, "processingjob/job", "--tail", "3", "--no-prefix");
  assert.deepEqual([tail.code, linesOf(tail.stdout)], [0, all.slice(-3)]);
  const host = linesOf((await logs(scene, "job", "-c", "algo-2")).stdout);
  assert.deepEqual(host, all.filter((_, index) => index % 2 === 1));
  const none = await logs(scene, "job", "-p", "algo-7");
  assert.deepEqual([none.code, none.stdout], [0, ""]);
  assert.match(none.stderr, /^ProcessingJob 'job' has completed; there are no log lines of it\n$/);

  const args = ["smlogs", "ProcessingJobs", "job", "--kubeconfig", cluster.kubeconfig, "-n", namespace];
  const env = { AWS_ENDPOINT_URL_CLOUDWATCH_LOGS: scene.standIn.url };
  const plugin = await runProgram([...args, "--logSearchPrefix", "algo-1"], { env });
  assert.match(plugin.stdout, /^job-[0-9a-f]{32}\/algo-1-\d{10} \d{4}-\S+Z Reading /);
  assert.equal(linesOf(plugin.stdout).length, 100);
  assert.equal(
    plugin.stderr,
    `"job" has SageMaker ProcessingJobName "${jobNameOf(resource)}" in region "us-west-2", status "Completed"\n`,
  );
});

Deno.test("a throttled reader becomes slower, and loses nothing", async () => {
  await using scene = await Scene.open(cluster);
  await scene.startOperator();
  let calls = 0;
  scene.standIn.intercept = (operation) =>
    operation === "FilterLogEvents" && calls++ % 3 !== 2
      ? errorAnswer("ThrottlingException", "Rate exceeded")
      : undefined;
  await scene.resources.create("job", jobOf(3, { SIMULATE_DURATION: "6s", SIMULATE_LOG_LINES: "600" }));
  const { code, stdout, stderr } = await logs(scene, "job", "-f", "--timestamps");
  assert.equal(code, 0, stderr);
  assertWhole(stdout, 600);
});

Deno.test("Ctrl-C ends logs -f quietly, with the exit code of shells for it", async () => {
  await using scene = await Scene.open(cluster);
  await scene.startOperator();
  await scene.resources.create("job", jobOf(1, { SIMULATE_DURATION: "1h" }));
  await using following = start(scene, "job", "-f");
  await eventually("lines are there", () => assert.match(following.stdout, /\n/));
  following.kill("SIGINT");
  const { code, stderr } = await following.ended;
  assert.equal(code, 130);
  assert.doesNotMatch(stderr, /sagemaker-operator:/);
});

Deno.test("a reader that has had enough ends logs quietly", async () => {
  await using scene = await Scene.open(cluster);
  await scene.startOperator();
  await scene.resources.create("job", jobOf(1, { SIMULATE_DURATION: "4s", SIMULATE_LOG_LINES: "5000" }));
  await eventually("the job is Completed", async () => {
    assert.equal((await scene.resources.get("job")).status?.processingJobStatus, "Completed");
  });
  const where = ["--kubeconfig", cluster.kubeconfig, "-n", scene.namespace, "--endpoint-url", scene.standIn.url];
  const child = spawn(["logs", "job", "-f", ...where], FAKE_CREDENTIALS);
  const stderr = new Response(child.stderr).text();
  const reader = child.stdout.getReader();
  assert.ok((await reader.read()).value);
  await reader.cancel();
  assert.equal((await child.status).code, 141);
  assert.equal(await stderr, "");
});

const refusals: [what: string, args: string[], code: number, message: RegExp][] = [
  [
    "a resource that is not there",
    ["none"],
    1,
    /There is no ProcessingJob 'none' in namespace 'test-.*; --namespace names another$/,
  ],
  ["flags that contradict", ["job", "--prefix", "--no-prefix"], 2, /'--prefix' and '--no-prefix'/],
  [
    "a job without lines anywhere",
    ["job"],
    1,
    /There is no log group '\/aws\/sagemaker\/ProcessingJobs' in region 'us-west-2' yet/,
  ],
];
for (const [what, args, code, message] of refusals) {
  Deno.test(`logs tells of ${what} in one line`, async () => {
    await using scene = await Scene.open(cluster);
    await scene.resources.create("job");
    const result = await logs(scene, ...args);
    assert.deepEqual([result.code, result.stdout], [code, ""]);
    assert.match(result.stderr.trimEnd(), /^sagemaker-operator: [^\n]*$/);
    assert.match(result.stderr.trimEnd(), message);
  });
}

Deno.test("logs tells of a missing AWS permission by its name", async () => {
  await using scene = await Scene.open(cluster);
  await scene.resources.create("job");
  scene.standIn.intercept = () => errorAnswer("AccessDeniedException", "User: x is not authorized to perform: y");
  const { code, stderr } = await logs(scene, "job");
  assert.equal(code, 1);
  assert.match(
    stderr,
    /^sagemaker-operator: Cannot read logs: AccessDeniedException: .*'logs:FilterLogEvents'[^\n]*\n$/,
  );
});
