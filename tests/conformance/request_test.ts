import assert from "node:assert/strict";
import fc from "fast-check";
import { renderRequests } from "../../src/commands/render.ts";
import { toCreateRequest } from "../../src/sagemaker/convert.ts";
import { operation } from "../../src/sagemaker/facts.ts";
import { validate } from "../../src/sagemaker/validate.ts";
import { arbitrarySpec } from "../support/arbitrary_spec.ts";
import { GENERATED } from "../support/requests.ts";
import { UID } from "../support/builders.ts";
import { pythonWithBotocore } from "../support/botocore.ts";

const SAMPLES = new URL("../../samples/", import.meta.url);
const CHECK = new URL("check_requests.py", import.meta.url).pathname;

const python = await pythonWithBotocore();

/** What botocore says of each request; empty where it has nothing against it. */
async function botocoreReports(requests: unknown[]): Promise<string[]> {
  const process = new Deno.Command(python!, { args: [CHECK], stdin: "piped", stdout: "piped" }).spawn();
  const writer = process.stdin.getWriter();
  await writer.write(new TextEncoder().encode(JSON.stringify(requests)));
  await writer.close();
  const { success, stdout } = await process.output();
  assert.ok(success, "check_requests.py failed");
  return JSON.parse(new TextDecoder().decode(stdout));
}

async function renderedSamples(): Promise<Map<string, unknown>> {
  const rendered = new Map<string, unknown>();
  for await (const { name } of Deno.readDir(SAMPLES)) {
    if (!name.endsWith(".yaml")) continue;
    const { requests, problems } = renderRequests(await Deno.readTextFile(new URL(name, SAMPLES)), UID);
    assert.deepEqual(problems, [], name);
    assert.ok(requests.length > 0, `'${name}' holds no ProcessingJob`);
    requests.forEach((request, i) => rendered.set(`${name} ${i + 1}`, request));
  }
  assert.ok(rendered.size >= 6, "there are six samples at least");
  return rendered;
}

Deno.test("the request of every sample fits the service model: members, limits, patterns and enums", async () => {
  for (const [name, request] of await renderedSamples()) {
    const violations = validate(operation("CreateProcessingJob").input, request, { unknownMembers: true });
    assert.deepEqual(violations, [], name);
  }
});

Deno.test({
  name: "the request of every sample passes botocore's own parameter validation",
  ignore: python === undefined,
  async fn() {
    const samples = await renderedSamples();
    const reports = await botocoreReports([...samples.values()]);
    [...samples.keys()].forEach((name, i) => assert.equal(reports[i], "", name));
  },
});

Deno.test({
  name: "the requests that stand for others' tools pass botocore's own parameter validation",
  ignore: python === undefined,
  async fn() {
    const reports = await botocoreReports([...GENERATED.values()]);
    [...GENERATED.keys()].forEach((name, i) => assert.equal(reports[i], "", name));
  },
});

Deno.test({
  name: "the requests of arbitrary specs pass botocore's own parameter validation, and broken ones don't",
  ignore: python === undefined,
  async fn() {
    const specs = fc.sample(arbitrarySpec(), { numRuns: 200, seed: 1 });
    const requests = specs.map((spec) => toCreateRequest(spec, "job-0a1b"));
    const broken = [{ ...requests[0], RoleArn: 1 }, { ...requests[0], NoMember: {} }, {}];
    const reports = await botocoreReports([...requests, ...broken]);
    assert.deepEqual(reports.slice(0, requests.length).filter((report) => report !== ""), []);
    assert.ok(reports.slice(requests.length).every((report) => report !== ""));
  },
});
