import { API_VERSION, PLURAL } from "../../src/api/group.ts";
import type { ProcessingJob } from "../../src/api/processing_job.ts";
import { runCommand } from "../../src/commands/main.ts";
import { type CallRecord, startStandIn } from "../../src/sagemaker/stand_in/server.ts";
import { apply, type Manifest, pathOf } from "./apply.ts";
import { demoJobs } from "./jobs.ts";
import { described, table } from "./show.ts";
import type { Stage } from "./stage.ts";
import type { Timeline } from "./timeline.ts";
import { StatusWatcher } from "./watcher.ts";

const JOB_DURATION_MS = 5_000;

/**
 * The main job as a user sees it, on `stage`: resources are applied, run, shown and deleted, against the stand-in for
 * SageMaker. With `keep`, everything runs on until `signal` is aborted.
 *
 * @throws {Error} if something does not happen within a minute
 */
export async function playDemo(stage: Stage, timeline: Timeline, keep: boolean, signal: AbortSignal): Promise<void> {
  const ending = new AbortController();
  const running = AbortSignal.any([signal, ending.signal]);
  const standIn = await startStandIn({ jobDuration: JOB_DURATION_MS, onRequest: tellCalls(timeline) });
  timeline.say(
    "sagemaker",
    `A stand-in for SageMaker listens on ${standIn.url}; its jobs take ${JOB_DURATION_MS / 1000} s`,
  );
  const operator = startOperator(stage, standIn.url, running);
  const watcher = new StatusWatcher({ ...stage, onWord: tellWords(timeline) });
  const watching = watcher.run(running);
  timeline.say("operator", "sagemaker-operator run, in this process");
  try {
    await Promise.race([tell(stage, timeline, watcher, standIn.url, signal), failureOf(operator)]);
    if (keep) await keepRunning(stage, timeline, standIn.url, signal);
  } finally {
    timeline.heading("Cleaning up");
    await stopJobs(stage, watcher);
    ending.abort();
    await Promise.allSettled([operator, watching]);
    await standIn.close();
  }
}

async function tell(
  stage: Stage,
  timeline: Timeline,
  watcher: StatusWatcher,
  endpoint: string,
  signal: AbortSignal,
): Promise<void> {
  const { kube, cluster, namespace } = stage;
  const { sample, retried, failing, long } = await demoJobs(namespace);
  const path = `/apis/${API_VERSION}/namespaces/${namespace}/${PLURAL}`;
  const nameOf = (manifest: Manifest) => manifest.metadata.name;

  timeline.heading(
    "Four resources: the sample of the documentation, one without capacity at first, one that fails, one that runs too long",
  );
  timeline.say("you", "kubectl apply -f samples/kmeans-mnist-processingjob.yaml   (and three variants of it)");
  for (const manifest of [sample, retried, failing, long]) await apply(kube, manifest, signal);
  const logs = followLogs(stage, nameOf(failing), endpoint, timeline, signal);
  await watcher.until(nameOf(failing), ["Failed"], signal);
  await watcher.until(nameOf(retried), ["Completed"], signal);
  await watcher.until(nameOf(sample), ["Completed"], signal);

  timeline.heading("$ kubectl get processingjob");
  timeline.block(await table(cluster, path, signal));
  for (const manifest of [sample, failing]) {
    timeline.heading(`$ kubectl describe processingjob ${nameOf(manifest)}   (its spec left out)`);
    timeline.block(described(await kube.get<ProcessingJob>(pathOf(manifest), { signal })));
  }

  timeline.heading("The logs of the job that fails, followed since before its start, end some seconds after it");
  await logs;

  timeline.heading("Deleting a resource stops its job, and waits for that");
  timeline.say("you", `kubectl delete processingjob ${nameOf(long)}`);
  await kube.delete(pathOf(long), { signal });
  await watcher.until(nameOf(long), [""], signal);
  timeline.say("sagemaker", `${nameOf(long)}'s job is Stopped; SageMaker keeps its record`);
}

/** Shows a job's log lines as they come. They end with the job, so this does too. */
async function followLogs(
  { userFlags }: Stage,
  name: string,
  endpoint: string,
  timeline: Timeline,
  signal: AbortSignal,
): Promise<void> {
  timeline.say("you", `sagemaker-operator logs -f ${name}`);
  const show = (text: string) => text.trimEnd().split("\n").forEach((line) => timeline.say("logs", line));
  await runCommand(["logs", "-f", name, ...userFlags, "--endpoint-url", endpoint], {
    env: (name) => Deno.env.get(name),
    signal,
    stdout: show,
    stderr: show,
  });
}

/** The very command that the image runs. Its calls go to the stand-in, so any credentials will do. */
async function startOperator(stage: Stage, endpoint: string, signal: AbortSignal): Promise<void> {
  for (const name of ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"]) Deno.env.set(name, "demo");
  Deno.env.delete("AWS_SESSION_TOKEN");
  Deno.env.delete("AWS_PROFILE");
  const flags = ["--endpoint-url", endpoint, "--poll-interval", "1s", "--health-probe-bind-address", "0"]
    .concat("--allowed-role-arns", "arn:aws:iam::*:role/*");
  let complaint = "";
  const code = await runCommand(["run", ...stage.operatorFlags, ...flags, "--log-level", "warn"], {
    env: (name) => name.startsWith("SAGEMAKER_OPERATOR_") ? undefined : Deno.env.get(name),
    signal,
    stdout: () => {},
    stderr: (text) => complaint += text,
  });
  if (code !== 0) throw new Error(complaint.trim());
}

/** Rejects if the operator fails, and never resolves: that it ends is no part of the story. */
async function failureOf(operator: Promise<void>): Promise<never> {
  await operator;
  return await new Promise<never>(() => {});
}

function tellCalls(timeline: Timeline): (record: CallRecord) => void {
  const polls = new Set<string>();
  return ({ operation, request, outcome, error }) => {
    // What it gives is shown.
    if (operation === "FilterLogEvents") return;
    const job = String(request.ProcessingJobName ?? "");
    // What has changed is asked for again and again; once is enough to see.
    const isPoll = operation === "ListProcessingJobs";
    if (isPoll || operation === "DescribeProcessingJob") {
      if (polls.has(job)) return;
      polls.add(job);
    }
    const more = isPoll ? "what has changed   (from now on once a second)" : "";
    timeline.say("sagemaker", `${operation} ${job}${outcome === 200 ? "" : `  → ${error ?? outcome}`}${more}`);
  };
}

function tellWords(timeline: Timeline) {
  return (name: string, word: string, resource: ProcessingJob | undefined) => {
    const { additional, exitMessage } = resource?.status ?? {};
    const why = additional ?? exitMessage;
    timeline.say(
      "status",
      word === "" ? `${name} is gone` : `${name}: ${timeline.word(word)}${why ? `   ${why}` : ""}`,
    );
  };
}

async function keepRunning(stage: Stage, timeline: Timeline, endpoint: string, signal: AbortSignal): Promise<void> {
  timeline.heading("Everything keeps running until Ctrl-C. In a second terminal:");
  timeline.block(
    `${stage.exports}\nkubectl get processingjob --watch\nkubectl apply -f samples/custom-image-arguments.yaml\n` +
      `export AWS_ENDPOINT_URL_SAGEMAKER=${endpoint} AWS_ACCESS_KEY_ID=demo AWS_SECRET_ACCESS_KEY=demo\n` +
      "aws sagemaker list-processing-jobs --region us-west-2",
  );
  await new Promise<void>((resolve) => signal.addEventListener("abort", () => resolve(), { once: true }));
}

/** Without the operator nobody would release the resources, so they go before it does. */
async function stopJobs({ kube, namespace }: Stage, watcher: StatusWatcher): Promise<void> {
  const limit = AbortSignal.timeout(20_000);
  const path = `/apis/${API_VERSION}/namespaces/${namespace}/${PLURAL}`;
  try {
    const { items } = await kube.list<ProcessingJob>(path, { signal: limit });
    for (const { metadata } of items) await kube.delete(`${path}/${metadata.name}`, { signal: limit });
    for (const { metadata } of items) await watcher.until(metadata.name, [""], limit);
  } catch {
    // The control plane may be gone already; what is left goes with it.
  }
}
