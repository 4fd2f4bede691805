import assert from "node:assert/strict";
import fc from "fast-check";
import { parse, parseAllDocuments } from "yaml";
import { arbitrarySpec } from "../../tests/support/arbitrary_spec.ts";
import { MINIMAL_SPEC, UID } from "../../tests/support/builders.ts";
import { FULL_SPEC } from "../../tests/support/full_spec.ts";
import type { ProcessingJobSpec } from "../api/processing_job.ts";
import { resourcesYaml } from "../convert/resource.ts";
import { toCreateRequest } from "../sagemaker/convert.ts";
import { errorAnswer } from "../sagemaker/stand_in/answer.ts";
import { type StandIn, startStandIn } from "../sagemaker/stand_in/server.ts";
import { runCommand } from "./main.ts";
import { renderRequests } from "./render.ts";
import { convertText } from "./render_resource.ts";

Deno.env.set("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE");
Deno.env.set("AWS_SECRET_ACCESS_KEY", "of-no-use");

async function render(
  argv: string[],
  { content, env = {} }: { content?: string | Uint8Array; env?: Record<string, string> } = {},
) {
  const file = await Deno.makeTempFile();
  let [stdout, stderr] = ["", ""];
  try {
    if (content !== undefined) await Deno.writeFile(file, bytesOf(content));
    const code = await runCommand(["render", ...argv, ...content === undefined ? [] : ["-f", file]], {
      env: (name) => env[name],
      signal: new AbortController().signal,
      stdout: (text) => stdout += text,
      stderr: (text) => stderr += text,
    });
    return { code, stdout, stderr: stderr.replaceAll(file, "FILE") };
  } finally {
    await Deno.remove(file);
  }
}

const bytesOf = (content: string | Uint8Array) =>
  typeof content === "string" ? new TextEncoder().encode(content) : content;
const requestOf = (spec: ProcessingJobSpec, name = "job") => toCreateRequest(spec, name);

Deno.test("render --from aws prints YAML that renders back to the same request", async () => {
  const request = requestOf(FULL_SPEC, "Full-Job");
  const { code, stdout, stderr } = await render(["--from", "aws", "--region", "us-west-2"], {
    content: JSON.stringify(request),
  });
  assert.deepEqual([code, stderr], [0, ""]);
  assert.match(
    stdout,
    /^apiVersion: sagemaker.aws.amazon.com\/v1\nkind: ProcessingJob\nmetadata:\n {2}name: full-job\n/,
  );
  assert.deepEqual(renderRequests(stdout, UID), {
    requests: [{ ...request, ProcessingJobName: `full-job-${UID.replaceAll("-", "")}` }],
    problems: [],
  });
});

Deno.test("what resourcesYaml() writes of any spec reads back as it was, by the rules of YAML 1.1 and 1.2", () => {
  fc.assert(fc.property(arbitrarySpec(), (spec) => {
    const text = resourcesYaml([{ metadata: { name: "job" }, spec }]);
    for (const version of ["1.1", "1.2"] as const) assert.deepEqual(parse(text, { version }).spec, spec);
  }));
});

Deno.test("render --from aws takes YAML, arrays, and the region of the environment", async () => {
  const request = requestOf(MINIMAL_SPEC);
  const { stdout } = await render(["--from=aws"], {
    content: JSON.stringify([request, { ...request, ProcessingJobName: "other" }]),
    env: { AWS_DEFAULT_REGION: "eu-west-1" },
  });
  const resources = parseAllDocuments(stdout).map((document) => document.toJS());
  assert.deepEqual(resources.map(({ metadata, spec }) => [metadata.name, spec.region]), [
    ["job", "eu-west-1"],
    ["other", "eu-west-1"],
  ]);
  assert.equal(
    convertText("ProcessingJobName: job\nRoleArn: x\n", "aws", { region: "eu-west-1" }).resources[0]?.spec.roleArn,
    "x",
  );
});

Deno.test("render --from ack takes what kubectl get -o yaml prints", async () => {
  const spec = {
    processingJobName: "kmeans",
    roleARN: MINIMAL_SPEC.roleArn,
    appSpecification: { imageURI: "123456789012.dkr.ecr.us-west-2.amazonaws.com/image:1" },
    processingResources: MINIMAL_SPEC.processingResources,
    environment: { LEVEL: "info" },
  };
  const item = (name: string) => ({
    apiVersion: "sagemaker.services.k8s.aws/v1alpha1",
    kind: "ProcessingJob",
    metadata: { name, uid: UID, annotations: { "services.k8s.aws/region": "us-west-2" } },
    spec,
    status: { processingJobStatus: "Completed" },
  });
  const blank = item("blank");
  blank.metadata.annotations["services.k8s.aws/region"] = " ";
  const refused = await render(["--from", "ack"], { content: JSON.stringify(blank) });
  assert.match(refused.stderr, /^'spec.region' must be the name of a region, as in us-west-2$/m);
  const content = JSON.stringify({ apiVersion: "v1", kind: "List", items: [item("a"), item("b")] });
  const { code, stdout } = await render(["--from", "ack"], { content });
  assert.equal(code, 0);
  const [first, second] = parseAllDocuments(stdout).map((document) => document.toJS());
  assert.deepEqual([first.metadata, second.metadata], [{ name: "a" }, { name: "b" }]);
  assert.deepEqual(first.spec, {
    ...MINIMAL_SPEC,
    appSpecification: { imageUri: "123456789012.dkr.ecr.us-west-2.amazonaws.com/image:1" },
    environment: [{ name: "LEVEL", value: "info" }],
  });
});

Deno.test("render --from says what is wrong, never with a value of the environment, and prints no resource", async () => {
  const request = requestOf(MINIMAL_SPEC);
  const bad = [{ ...request, RoleArn: "nobody" }, { ...request, Environment: { "1A": "hunter2" } }, request];
  const { code, stdout, stderr } = await render(["--from", "aws", "--region", "us-west-2"], {
    content: JSON.stringify(bad),
  });
  assert.deepEqual([code, stdout], [1, ""]);
  assert.match(stderr, /^Job 1: Value 'nobody' at 'spec.roleArn' failed/m);
  assert.match(stderr, /^Job 2: Value at 'spec.environment'/m);
  assert.match(stderr, /Cannot render 'FILE': it has \d problems\n$/);
  assert.ok(!stderr.includes("hunter2"));
});

Deno.test("render --from says what it can't read", async () => {
  const table: [content: string, expected: RegExp][] = [
    ["", /^sagemaker-operator: Cannot render 'FILE': it holds no processing job$/m],
    ["{'a': [}", /^It is neither JSON nor YAML: /],
    ["client.create_processing_job()", /^It must be an object with the members of CreateProcessingJob$/m],
  ];
  for (const [content, expected] of table) {
    const { code, stderr } = await render(["--from", "aws", "--region", "us-west-2"], { content });
    assert.equal(code, 1);
    assert.match(stderr, expected);
  }
});

Deno.test("render --from aws takes a name for the request that has none", async () => {
  const { ProcessingJobName: _, ...request } = requestOf(MINIMAL_SPEC);
  const argv = ["--from", "aws", "--region", "us-west-2"];
  const named = await render([...argv, "--name", "nightly"], { content: JSON.stringify(request) });
  assert.deepEqual([named.code, named.stderr], [0, ""]);
  assert.deepEqual(parse(named.stdout).metadata, { name: "nightly" });

  const one = JSON.stringify([request, { ...request, ProcessingJobName: "own" }]);
  const both = parseAllDocuments((await render([...argv, "--name", "nightly"], { content: one })).stdout);
  assert.deepEqual(both.map((document) => document.toJS().metadata.name), ["nightly", "own"]);

  const two = await render([...argv, "--name", "nightly"], { content: JSON.stringify([request, request]) });
  assert.deepEqual([two.code, two.stdout], [1, ""]);
  assert.match(two.stderr, /^Job 2: 'ProcessingJobName' must be set.*; '--name' names one job only$/m);

  const none = await render(argv, { content: JSON.stringify(request) });
  assert.match(none.stderr, /^'ProcessingJobName' must be set .*; '--name' names a job that has none$/m);
  const bad = await render([...argv, "--name", "Not a name"], { content: JSON.stringify(request) });
  assert.equal(bad.code, 2);
  assert.match(bad.stderr, /Cannot use 'Not a name' for --name/);
});

Deno.test("render --from tells all that is wrong at once, by path, each once", async () => {
  const request = {
    ...requestOf(MINIMAL_SPEC),
    ProcessingJobName: undefined,
    Retries: 3,
    RoleArn: "arn:aws:iam::123456789012:user/somebody",
    AppSpecification: { ImageURI: "x" },
    StoppingCondition: { MaxRuntimeInSeconds: 0 },
  };
  const { code, stderr } = await render(["--from", "aws"], { content: JSON.stringify(request) });
  assert.equal(code, 1);
  const lines = stderr.trimEnd().split("\n").slice(0, -1);
  for (
    const expected of [
      /^'Retries' cannot be carried over/,
      /^'AppSpecification\.ImageURI' cannot be carried over/,
      /^'ProcessingJobName' must be set/,
      /^The region is missing/,
      /at 'spec\.roleArn' failed/,
      /at 'spec\.stoppingCondition\.maxRuntimeInSeconds' failed/,
    ]
  ) {
    assert.equal(lines.filter((line) => expected.test(line)).length, 1, `${expected} in\n${stderr}`);
  }
  assert.ok(!lines.some((line) => /imageUri'|metadata\.name/.test(line)), stderr);
});

Deno.test("render says that a file is UTF-16, and takes a byte order mark of UTF-8", async () => {
  const text = JSON.stringify(requestOf(MINIMAL_SPEC));
  const utf16 = (bigEndian: boolean, mark: boolean) => {
    const view = new DataView(new ArrayBuffer(2 * (text.length + 1)));
    [...mark ? ["\ufeff"] : [], ...text].forEach((character, i) =>
      view.setUint16(2 * i, character.charCodeAt(0), !bigEndian)
    );
    return new Uint8Array(view.buffer, 0, 2 * (text.length + (mark ? 1 : 0)));
  };
  for (const content of [utf16(false, true), utf16(true, true), utf16(false, false)]) {
    for (const argv of [["--from", "aws", "--region", "us-west-2"], []]) {
      const { code, stderr } = await render(argv, { content });
      assert.equal(code, 1);
      assert.match(stderr, /^sagemaker-operator: Cannot read 'FILE': it is UTF-16.*; save it as UTF-8\n$/);
    }
  }
  const { code } = await render(["--from", "aws", "--region", "us-west-2"], { content: `\ufeff${text}` });
  assert.equal(code, 0);
});

Deno.test("render --job prints the resource for a job that exists, with the tags that were asked for", async () => {
  const standIn = await startStandIn();
  try {
    const spec = { ...MINIMAL_SPEC, tags: [{ key: "team", value: "vision" }] };
    const request = requestOf(spec, "there");
    await send(standIn, "CreateProcessingJob", {
      ...request,
      Tags: [...request.Tags ?? [], { Key: "sagemaker-operator/uid", Value: UID }],
    });
    const argv = ["--job", "there", "--region", "us-west-2", "--endpoint-url", standIn.url];
    const { code, stdout, stderr } = await render(argv);
    assert.deepEqual([code, stderr], [0, ""]);
    assert.deepEqual(parse(stdout).spec, spec);

    standIn.intercept = (operation) =>
      operation === "ListTags" ? errorAnswer("AccessDeniedException", "not you") : undefined;
    const untagged = await render(argv);
    assert.equal(untagged.code, 0);
    assert.match(untagged.stderr, /^The tags of 'there' are not carried over: AccessDeniedException: not you/);
    assert.deepEqual(parse(untagged.stdout).spec, MINIMAL_SPEC);

    const missing = await render(["--job", "none", ...argv.slice(2)]);
    assert.deepEqual([missing.code, missing.stdout], [1, ""]);
    assert.match(missing.stderr, /Cannot find the processing job 'none' in region 'us-west-2'/);
  } finally {
    await standIn.close();
  }
});

Deno.test("render refuses flags that make no sense together", async () => {
  const table: [argv: string[], expected: RegExp][] = [
    [["--job", "a", "--from", "aws"], /Flag '--job' must stand without '--file' and '--from'/],
    [["--job", "a"], /Flag '--region' must say where the job is/],
    [["--from", "aws"], /Flag '--file' must name a file/],
    [["--from", "gcp"], /Cannot use 'gcp' for --from: expected aws or ack/],
    [["--job", "a", "--region", "us-west-2", "--endpoint-url", "nowhere"], /Cannot use the endpoint 'nowhere'/],
  ];
  for (const [argv, expected] of table) {
    const { code, stderr } = await render(argv);
    assert.equal(code, 2, stderr);
    assert.match(stderr, expected);
  }
});

async function send(standIn: StandIn, operation: string, body: unknown): Promise<void> {
  const response = await fetch(standIn.url, {
    method: "POST",
    headers: {
      "x-amz-target": `SageMaker.${operation}`,
      authorization: "AWS4-HMAC-SHA256 Credential=AKID/20260101/us-west-2/sagemaker/aws4_request",
    },
    body: JSON.stringify(body),
  });
  assert.equal(response.status, 200, await response.text());
}
