/** What SageMaker would refuse is refused at `kubectl apply` already, and by `render` and the simulator, with one message. */
import assert from "node:assert/strict";
import { CreateProcessingJobCommand, SageMakerClient } from "@aws-sdk/client-sagemaker";
import { stringify } from "yaml";
import { API_VERSION, KIND } from "../../src/api/group.ts";
import type { ProcessingJobSpec } from "../../src/api/processing_job.ts";
import { renderRequests } from "../../src/commands/render.ts";
import { toCreateRequest } from "../../src/sagemaker/convert.ts";
import { startStandIn } from "../../src/sagemaker/stand_in/server.ts";
import { causes, tryCreate } from "../support/admission.ts";
import { testCluster } from "../support/control_plane.ts";
import { changed, FULL_SPEC } from "../support/full_spec.ts";
import { REFUSED, type Refused } from "../support/refused.ts";
import { installCrd } from "../support/resources.ts";

const cluster = testCluster();
let namespace: string;
Deno.test.beforeAll(async () => {
  await installCrd(cluster);
  namespace = await cluster.freshNamespace("refused");
});

/** Sends a create to a simulator of its own, so that no connection outlives a test. */
async function simulate(spec: ProcessingJobSpec): Promise<void> {
  const standIn = await startStandIn();
  const credentials = { accessKeyId: "AKID", secretAccessKey: "secret" };
  const client = new SageMakerClient({ region: "us-west-2", endpoint: standIn.url, credentials, maxAttempts: 1 });
  try {
    await client.send(new CreateProcessingJobCommand(toCreateRequest(spec, "job-1")));
  } finally {
    client.destroy();
    await standIn.close();
  }
}

for (const refused of REFUSED) {
  const { title, field, said, answer, isOurs } = refused;
  Deno.test(`refused: ${title}`, async () => {
    const spec = specOf(refused);
    const found = causes(await tryCreate(cluster, namespace, spec, { dryRun: true }));
    const messages = found.filter((cause) => cause.field === field && cause.message.includes(said));
    assert.equal(messages.length, 1, JSON.stringify(found));
    // The apiserver puts before it what it calls the value.
    const [message = ""] = new RegExp(`${RegExp.escape(said)}.*$`, "s").exec(messages[0]!.message) ?? [];

    const { problems } = renderRequests(stringify(resource(spec)), "0");
    assert.equal(problems.filter((problem) => problem.endsWith(message)).length, 1, problems.join("\n"));

    if (isOurs) return await simulate(spec);
    await assert.rejects(simulate(spec), (error: Error) => {
      assert.equal(error.name, "ValidationException");
      assert.ok(error.message.startsWith(answer ?? message), error.message);
      return true;
    });
  });
}

/** The most characters of a text; one that takes four bytes and two units of UTF-16 counts as one. */
const LONGEST: [path: string, most: number, lead: string][] = [
  ["appSpecification.containerArguments.0", 256, ""],
  ["appSpecification.containerEntrypoint.0", 256, ""],
  ["environment.0.value", 256, ""],
  ["processingInputs.0.s3Input.localPath", 256, "/"],
  ["processingInputs.0.s3Input.s3Uri", 1024, "s3://b/"],
  ["processingInputs.1.datasetDefinition.athenaDatasetDefinition.queryString", 4096, ""],
];

for (const [path, most, lead] of LONGEST) {
  Deno.test(`${path} is taken with ${most} characters of any kind, and refused with one more`, async () => {
    for (const [over, taken] of [[0, true], [1, false]] as const) {
      const text = lead + "\u{1F600}".repeat(most - lead.length + over);
      const spec = changed(FULL_SPEC, path, text) as unknown as ProcessingJobSpec;
      const { status } = await tryCreate(cluster, namespace, spec, { dryRun: true });
      assert.equal(status, taken ? 201 : 422);
      const { problems } = renderRequests(stringify(resource(spec)), "0");
      assert.equal(problems.length, taken ? 0 : 1, problems.join("\n"));
      if (taken) await simulate(spec);
      else await assert.rejects(simulate(spec), /Member must have length less than or equal to|Map value must satisfy/);
    }
  });
}

Deno.test("what is not changed is taken by the apiserver, by render and by the simulator", async () => {
  const { status, body } = await tryCreate(cluster, namespace, FULL_SPEC, { dryRun: true });
  assert.equal(status, 201, JSON.stringify(body));
  const { problems } = renderRequests(stringify(resource(FULL_SPEC)), "0");
  assert.deepEqual(problems, []);
  await simulate(FULL_SPEC);
});

function specOf({ changes }: Refused): ProcessingJobSpec {
  let spec: object = FULL_SPEC;
  for (const [path, value] of Object.entries(changes)) spec = changed(spec, path, value);
  return spec as ProcessingJobSpec;
}

function resource(spec: object): object {
  return { apiVersion: API_VERSION, kind: KIND, metadata: { name: "job" }, spec };
}
