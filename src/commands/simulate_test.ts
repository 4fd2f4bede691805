import assert from "node:assert/strict";
import type { CommandContext } from "./command.ts";
import { exitCodeOf } from "./errors.ts";
import { simulate } from "./simulate.ts";

const AUTHORIZATION =
  "AWS4-HMAC-SHA256 Credential=A/20240101/eu-west-1/sagemaker/aws4_request, SignedHeaders=host, Signature=0";

/** Runs the command with what it needs; `url` settles once it says where it listens. */
function start(...argv: string[]) {
  const controller = new AbortController();
  const { promise: url, resolve } = Promise.withResolvers<string>();
  const written: string[] = [];
  const context: CommandContext = {
    env: () => undefined,
    signal: controller.signal,
    stdout(text) {
      written.push(text);
      const said = /^listening on (http:\/\/127\.0\.0\.1:\d+)\n$/.exec(text)?.[1];
      if (said) resolve(said);
    },
    stderr: (text) => void written.push(text),
  };
  return { ended: simulate.run(argv, context), url, written, stop: () => controller.abort() };
}

async function call(url: string, operation: string, body: object): Promise<Record<string, unknown>> {
  const answer = await fetch(url, {
    method: "POST",
    headers: { "X-Amz-Target": `SageMaker.${operation}`, Authorization: AUTHORIZATION },
    body: JSON.stringify(body),
  });
  return await answer.json();
}

Deno.test("simulate says where it listens, serves, and ends when it is told to", async () => {
  const { ended, url, written, stop } = start("--listen", "127.0.0.1:0", "--job-duration", "0");
  const request = {
    ProcessingJobName: "job",
    RoleArn: "arn:aws:iam::123456789012:role/job",
    AppSpecification: { ImageUri: "123456789012.dkr.ecr.us-west-2.amazonaws.com/image:1" },
    ProcessingResources: { ClusterConfig: { InstanceType: "ml.m5.large", InstanceCount: 1, VolumeSizeInGB: 1 } },
  };
  const { ProcessingJobArn } = await call(await url, "CreateProcessingJob", request);
  assert.equal(ProcessingJobArn, "arn:aws:sagemaker:eu-west-1:123456789012:processing-job/job");
  const job = await call(await url, "DescribeProcessingJob", { ProcessingJobName: "job" });
  assert.equal(job.ProcessingJobStatus, "Completed");
  stop();
  await ended;
  assert.deepEqual(written, [`listening on ${await url}\n`]);
  await assert.rejects(fetch(await url));
});

Deno.test("simulate has the lists, the history and the quotas that its flags say", async () => {
  const late = { StatusEquals: "Failed", MaxResults: 1 };
  const flags = ["--history", "5", "--quotas", "account", "--quota", "ListProcessingJobs=0.001:3"];
  for (const [lists, jobs] of [["late", 0], ["narrow", 1]] as const) {
    const { ended, url, stop } = start("--listen", "127.0.0.1:0", "--lists", lists, ...flags);
    const page = await call(await url, "ListProcessingJobs", late);
    assert.equal((page.ProcessingJobSummaries as unknown[]).length, jobs);
    assert.equal(typeof page.NextToken, lists === "late" ? "string" : "undefined");
    for (let index = 0; index < 2; index++) await call(await url, "ListProcessingJobs", {});
    const refused = await call(await url, "ListProcessingJobs", {});
    assert.deepEqual(refused, { __type: "ThrottlingException", message: "Rate exceeded" });
    stop();
    await ended;
  }
});

Deno.test("simulate serves its administration with --admin alone", async () => {
  for (const [argv, status] of [[["--admin"], 200], [[], 404]] as const) {
    const { ended, url, stop } = start("--listen", "127.0.0.1:0", ...argv);
    const answer = await fetch(`${await url}/_admin/calls`);
    await answer.body?.cancel();
    assert.equal(answer.status, status);
    stop();
    await ended;
  }
});

Deno.test("simulate says in one line that its port is taken", async () => {
  const taken = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const address = `127.0.0.1:${taken.addr.port}`;
  try {
    let line = "";
    assert.equal(await exitCodeOf(() => start("--listen", address).ended, (text) => line += text), 1);
    assert.match(
      line,
      /^sagemaker-operator: Cannot listen on '127\.0\.0\.1:\d+' \(--listen names another address\): .*in use.*\n$/,
    );
  } finally {
    taken.close();
  }
});

Deno.test("simulate refuses flags that make no sense", async () => {
  const table: [string[], RegExp][] = [
    [["--listen", "4599"], /^Cannot use '4599' for --listen: expected host:port/],
    [["--listen", "0"], /^Cannot use '0' for --listen/],
    [["--job-duration", "soon"], /^Cannot use 'soon' for --job-duration/],
    [["--stop-duration", "-1s"], /^Cannot use '-1s' for --stop-duration/],
    [["--lists", "early"], /^Cannot use 'early' for --lists: expected late or narrow$/],
    [["--history", "-1"], /^Cannot use '-1' for --history: expected a whole number, 0 or more$/],
    [["--quotas", "all"], /^Cannot use 'all' for --quotas: expected none or account$/],
    [
      ["--quota", "ListProcessingJobs"],
      /^Cannot use 'ListProcessingJobs' for --quota: expected OPERATION=RATE\[:BURST\]/,
    ],
  ];
  for (const [argv, message] of table) {
    await assert.rejects(start(...argv).ended, { name: "UsageError", message }, argv.join(" "));
  }
});
