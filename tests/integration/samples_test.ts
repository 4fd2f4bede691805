import assert from "node:assert/strict";
import { parse } from "yaml";
import { API_VERSION, KIND } from "../../src/api/group.ts";
import type { ProcessingJob } from "../../src/api/processing_job.ts";
import { resourcePath } from "../support/admission.ts";
import { testCluster } from "../support/control_plane.ts";
import { kubectl } from "../support/kubectl.ts";
import { installCrd } from "../support/resources.ts";

const FOLDER = new URL("../../samples/", import.meta.url);
const SAMPLES = [...Deno.readDirSync(FOLDER)].map(({ name }) => name).filter((name) => name.endsWith(".yaml")).sort();

const cluster = testCluster();
let namespace: string;
Deno.test.beforeAll(async () => {
  await installCrd(cluster);
  namespace = await cluster.freshNamespace("samples");
});

Deno.test("there are at least six samples, each listed in the folder's README", async () => {
  assert.ok(SAMPLES.length >= 6, SAMPLES.join());
  const readme = await Deno.readTextFile(new URL("README.md", FOLDER));
  for (const sample of SAMPLES) assert.ok(readme.includes(`](${sample})`), sample);
});

for (const sample of SAMPLES) {
  Deno.test(`kubectl apply takes samples/${sample} without a warning, and keeps all of it`, async () => {
    const text = await Deno.readTextFile(new URL(sample, FOLDER));
    const resource: ProcessingJob = parse(text);
    assert.deepEqual([resource.apiVersion, resource.kind], [API_VERSION, KIND]);
    const { code, stderr } = await kubectl(cluster, ["apply", "-n", namespace, "-f", "-"], { stdin: text });
    assert.deepEqual({ code, stderr }, { code: 0, stderr: "" });
    const { body } = await cluster.request("GET", resourcePath(namespace, resource.metadata.name));
    assert.deepEqual(body.spec, resource.spec);
    assert.match(text, /# edit: /, "says what to edit");
    assert.match(resource.spec.roleArn!, /:123456789012:/, "no real account");
  });
}
