/** What the documentation of the resource promises, heading by heading: create, list, describe, delete. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { FINALIZER } from "../../src/api/group.ts";
import { MINIMAL_SPEC } from "../support/builders.ts";
import { testCluster } from "../support/control_plane.ts";
import { apply, kubectl } from "../support/kubectl.ts";
import { eventually } from "../support/eventually.ts";
import { installCrd, jobNameOf, Resources } from "../support/resources.ts";
import { Scene } from "../support/scene.ts";

const cluster = testCluster();
Deno.test.beforeAll(() => installCrd(cluster));

const SAMPLE = join(import.meta.dirname!, "../../samples/kmeans-mnist-processingjob.yaml");

Deno.test("create: kubectl apply of the documentation's example makes one job, and kubectl wait sees it complete", async () => {
  await using scene = await Scene.open(cluster);
  await scene.startOperator();
  await apply(cluster, await Deno.readTextFile(SAMPLE), ["-n", scene.namespace]);
  const name = "kmeans-mnist-processing";
  const running = await scene.resources.untilStatus(name, "InProgress");
  assert.deepEqual(running.metadata.finalizers, [FINALIZER]);

  const [job, ...others] = scene.standIn.created;
  assert.deepEqual(others, []);
  assert.equal(job?.name, jobNameOf(running));
  assert.equal(job.region, "us-west-2");
  const { spec } = running;
  assert.equal(job.request.RoleArn, spec.roleArn);
  assert.deepEqual(job.request.Environment, { MYVAR: "my_value", MYVAR2: "my_value2" });
  assert.deepEqual(job.request.NetworkConfig, { EnableNetworkIsolation: false });
  assert.equal((job.request.ProcessingInputs as unknown[]).length, 2);
  assert.equal(job.tags.tagKey, "tagValue");

  await scene.finish(name, "Completed");
  const wait = ["wait", "--for=condition=Complete", `processingjob/${name}`, "-n", scene.namespace, "--timeout=15s"];
  assert.equal(
    (await kubectl(cluster, wait)).stdout,
    `processingjob.sagemaker.aws.amazon.com/${name} condition met\n`,
  );
  const { status } = await scene.resources.get(name);
  assert.equal(status?.processingJobStatus, "Completed");
  assert.match(status.processingEndTime ?? "", /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/);
  assert.equal(scene.count("CreateProcessingJob"), 1);
});

Deno.test("list: kubectl get prints the four columns and nothing else", async () => {
  await using scene = await Scene.open(cluster);
  const created = await scene.resources.create("before");
  const get = async (...args: string[]) => {
    const { code, stdout, stderr } = await kubectl(cluster, ["get", ...args, "-n", scene.namespace]);
    assert.equal(code, 0, stderr);
    return stdout.trimEnd().split("\n").map((line) => line.trimEnd().split(/ {2,}/));
  };
  const header = ["NAME", "STATUS", "CREATION-TIME", "SAGEMAKER-JOB-NAME"];
  const before = ["before", "SynchronizingK8sJobWithSageMaker", created.metadata.creationTimestamp];
  assert.deepEqual(await get("processingjob"), [header, before], "nobody has looked at it yet");

  await scene.startOperator();
  const { metadata } = await scene.resources.untilStatus("before", "InProgress");
  const row = ["before", "InProgress", metadata.creationTimestamp, jobNameOf(created)];
  for (const kind of ["processingjob", "processingjobs", "pj", "sagemaker"]) {
    assert.deepEqual(await get(kind), [header, row], `kubectl get ${kind}`);
  }
  const [wide] = await get("pj", "-o", "wide");
  assert.deepEqual(wide, [...header, "DURATION", "INSTANCE", "ATTEMPTS", "REASON"]);
});

Deno.test("describe: the status says where the job is, how it is, and where its log is", async () => {
  await using scene = await Scene.open(cluster);
  await scene.startOperator();
  const started = Date.now();
  const job = jobNameOf(await scene.resources.create("train-data"));
  const { status } = await scene.resources.untilStatus("train-data", "InProgress");
  assert.equal(status?.sageMakerProcessingJobName, job);
  assert.equal(
    status.cloudWatchLogUrl,
    "https://us-west-2.console.aws.amazon.com/cloudwatch/home?region=us-west-2#logStream:group=" +
      `/aws/sagemaker/ProcessingJobs;prefix=${job};streamFilter=typeLogStreamPrefix`,
  );
  assert.equal(status.processingJobArn, `arn:aws:sagemaker:us-west-2:123456789012:processing-job/${job}`);
  const checked = Date.parse(status.lastCheckTime ?? "");
  assert.ok(checked >= started - 1000 && checked <= Date.now(), `lastCheckTime is ${status.lastCheckTime}`);
  assert.equal(status.additional, undefined);

  await scene.finish("train-data", "Failed", "AlgorithmError: out of clusters, exit code: 1");
  await scene.resources.untilStatus("train-data", "Failed");
  const { stdout } = await kubectl(cluster, ["describe", "processingjob", "train-data", "-n", scene.namespace]);
  for (
    const line of [
      /^Name: +train-data$/m,
      /^ {2}Additional: +AlgorithmError: out of clusters, exit code: 1$/m,
      /^ {2}Cloud Watch Log URL: +https:\/\/us-west-2\.console\.aws\.amazon\.com\//m,
      /^ {2}Last Check Time: +\d{4}-/m,
      /^ {2}Processing Job Status: +Failed$/m,
      new RegExp(`^ {2}Sage Maker Processing Job Name: +${job}$`, "m"),
    ]
  ) assert.match(stdout, line);
});

Deno.test("delete: a running job is stopped and waited for, and its record stays", async () => {
  await using scene = await Scene.open(cluster);
  await scene.startOperator();
  const job = jobNameOf(await scene.resources.create("endless"));
  await scene.resources.untilStatus("endless", "InProgress");
  const { code, stderr } = await kubectl(cluster, [
    "delete",
    "processingjob",
    "endless",
    "-n",
    scene.namespace,
    "--wait=false",
  ]);
  assert.equal(code, 0, stderr);

  const { metadata, status } = await scene.resources.untilStatus("endless", "Stopping");
  assert.notEqual(metadata.deletionTimestamp, undefined);
  assert.deepEqual(metadata.finalizers, [FINALIZER]);
  assert.equal(status?.observedGeneration, metadata.generation, "a deletion is a new generation");
  assert.equal(scene.standIn.jobs()[0]?.status, "Stopping");

  await scene.finish("endless", "Stopped");
  await scene.resources.untilGone("endless");
  assert.deepEqual(scene.standIn.jobs().map(({ name, status }) => [name, status]), [[job, "Stopped"]]);
  assert.equal(scene.count("StopProcessingJob"), 1);
  assert.equal(scene.count("DeleteProcessingJob"), 0);
  assert.equal(scene.count("CreateProcessingJob"), 1);
});

Deno.test("delete: a job that has ended is not stopped, and the resource goes at once", async () => {
  await using scene = await Scene.open(cluster);
  await scene.startOperator();
  for (const [name, word] of [["a", "Completed"], ["b", "Failed"], ["c", "Stopped"]] as const) {
    await scene.resources.create(name);
    await scene.resources.untilStatus(name, "InProgress");
    await scene.finish(name, word);
    await scene.resources.untilStatus(name, word);
    await scene.resources.delete(name);
    await scene.resources.untilGone(name);
  }
  assert.equal(scene.count("StopProcessingJob"), 0);
  assert.equal(scene.standIn.jobs().length, 3);
});

Deno.test("delete: a resource that another finalizer holds says what its job is", async () => {
  await using scene = await Scene.open(cluster);
  await scene.startOperator();
  await scene.resources.create("kept", { metadata: { finalizers: ["example.com/hold"] } });
  await scene.resources.untilStatus("kept", "InProgress");
  await scene.resources.delete("kept");
  await scene.resources.untilStatus("kept", "Stopping");
  await scene.finish("kept", "Stopped");
  const { status, metadata } = await scene.resources.until("kept", "is released", ({ metadata }) => {
    assert.deepEqual(metadata.finalizers, ["example.com/hold"]);
  });
  assert.deepEqual([status?.processingJobStatus, status?.observedGeneration], ["Stopped", metadata.generation]);
  await scene.resources.patch("kept", { metadata: { finalizers: null } });
  await scene.resources.untilGone("kept");
});

Deno.test("create: a resource that is deleted and applied again has a job of its own", async () => {
  await using scene = await Scene.open(cluster);
  await scene.startOperator();
  const names = [];
  for (let run = 1; run <= 2; run++) {
    names.push(jobNameOf(await scene.resources.create("job")));
    await scene.resources.untilStatus("job", "InProgress");
    await scene.finish("job", "Completed");
    await scene.resources.untilStatus("job", "Completed");
    await scene.resources.delete("job");
    await scene.resources.untilGone("job");
  }
  assert.deepEqual(scene.standIn.created.map(({ name }) => name), names);
  assert.equal(new Set(names).size, 2);
});

Deno.test("create: a name with dots, or of any length, makes a name that SageMaker takes", async () => {
  await using scene = await Scene.open(cluster);
  await scene.startOperator();
  for (const name of ["nightly.v1.2", "a".repeat(253)]) {
    const resource = await scene.resources.create(name);
    const { status } = await scene.resources.untilStatus(name, "InProgress");
    assert.equal(status?.sageMakerProcessingJobName, jobNameOf(resource));
    assert.match(scene.standIn.created.at(-1)!.name, /^[a-zA-Z0-9](-*[a-zA-Z0-9]){0,62}$/);
  }
});

Deno.test("scopes: --namespace watches the namespaces it names, and without it all are watched", async () => {
  await using ours = await Scene.open(cluster);
  await using theirs = await Scene.open(cluster);
  const other = new Resources(cluster, await cluster.freshNamespace());
  const all = [ours.resources, theirs.resources, other];
  for (const resources of all) await resources.create("job");

  const operator = await ours.startOperator({ namespaces: [ours.namespace, theirs.namespace] });
  await ours.resources.untilStatus("job", "InProgress");
  await theirs.resources.untilStatus("job", "InProgress");
  assert.equal((await other.get("job")).status?.observedGeneration, -1);
  assert.equal((await other.get("job")).metadata.finalizers, undefined);
  await operator.stop();

  await ours.startOperator({ namespaces: [] });
  await other.untilStatus("job", "InProgress");
  for (const resources of all) {
    const job = jobNameOf(await resources.get("job"));
    assert.equal(ours.standIn.created.filter(({ name }) => name === job).length, 1);
  }
  await other.clear();
});

Deno.test("--selector: resources that it does not match are left alone until it does", async () => {
  await using scene = await Scene.open(cluster);
  await scene.resources.create("theirs", { metadata: { labels: { team: "b" } } });
  await scene.resources.create("ours", { metadata: { labels: { team: "a" } } });
  await scene.startOperator({ selector: "team=a" });
  await scene.resources.untilStatus("ours", "InProgress");
  assert.equal((await scene.resources.get("theirs")).metadata.finalizers, undefined);

  await scene.resources.patch("theirs", { metadata: { labels: { team: "a" } } });
  await scene.resources.untilStatus("theirs", "InProgress");
  assert.equal(scene.standIn.created.length, 2);
});

Deno.test("create: each resource's job is made in its own region, and its status speaks of that partition", async () => {
  await using scene = await Scene.open(cluster);
  await scene.startOperator({ partitions: ["aws-cn", "aws-us-gov"] });
  const table = [
    ["eu-west-1", "arn:aws:", "https://eu-west-1.console.aws.amazon.com/"],
    ["cn-north-1", "arn:aws-cn:", "https://cn-north-1.console.amazonaws.cn/"],
    ["us-gov-west-1", "arn:aws-us-gov:", "https://us-gov-west-1.console.amazonaws-us-gov.com/"],
  ] as const;
  for (const [region, arn, page] of table) {
    const roleArn = MINIMAL_SPEC.roleArn!.replace("arn:aws:", arn);
    await scene.resources.create(region, { spec: { region, roleArn } });
    const { status } = await scene.resources.untilStatus(region, "InProgress");
    assert.equal(scene.standIn.created.at(-1)?.region, region);
    assert.ok(status?.processingJobArn?.startsWith(arn), status?.processingJobArn);
    assert.ok(status?.cloudWatchLogUrl?.startsWith(page), status?.cloudWatchLogUrl);
  }
});

Deno.test("delete: a namespace that is deleted takes its jobs with it", async () => {
  await using scene = await Scene.open(cluster);
  await scene.startOperator();
  await scene.resources.create("job");
  await scene.resources.untilStatus("job", "InProgress");
  const path = `/api/v1/namespaces/${scene.namespace}`;
  assert.equal((await cluster.request("DELETE", path)).status, 200);
  await scene.resources.untilStatus("job", "Stopping", { timeoutMs: 30_000 });
  await scene.finish("job", "Stopped");
  await eventually("the namespace goes away", async () => {
    assert.equal((await cluster.request("GET", path)).status, 404);
  }, { timeoutMs: 60_000 });
  assert.deepEqual(scene.standIn.jobs().map(({ status }) => status), ["Stopped"]);
});
