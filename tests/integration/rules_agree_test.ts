/** What `render` says of a request is what the apiserver says of its resource, for many texts near the limits of each rule. */
import assert from "node:assert/strict";
import fc from "fast-check";
import { stringify } from "yaml";
import { API_VERSION, KIND } from "../../src/api/group.ts";
import { renderRequests } from "../../src/commands/render.ts";
import { tryCreate } from "../support/admission.ts";
import { testCluster } from "../support/control_plane.ts";
import { changed, FULL_SPEC } from "../support/full_spec.ts";
import { installCrd } from "../support/resources.ts";

const cluster = testCluster();
let namespace: string;
Deno.test.beforeAll(async () => {
  await installCrd(cluster);
  namespace = await cluster.freshNamespace("agree");
});

/** Pieces that the rules tell apart, and what surrounds them. */
const PIECES = [
  "",
  "a",
  "ml.",
  "m5",
  ".large",
  "ML.",
  "aws:",
  "AWS:",
  "Aws",
  "sagemaker-operator/",
  "SageMaker-OPERATOR/",
  "\u00a0",
  "team",
  ":",
  "/",
  "/opt/ml",
  "..",
  " ",
  "\t",
  "\n",
  "\r",
  "\u0085",
  "\u2028",
  "\u2029",
  "\u00a0",
  "é",
  "\u{1F600}",
  "123456789012",
  ".dkr.ecr.",
  ".dkr-ecr.",
  "-fips",
  "us-west-2",
  ".amazonaws.com",
  ".on.aws",
  "/image",
  ":1",
  "@sha256:0",
  "_",
  "*",
];
const PATHS = ["/a", "/a/b", "/b", "/c", ""];
const IMAGE = ["123456789012", ".dkr", ".ecr", ".us-west-2", ".amazonaws", ".com", "/image", ":1"];

const text = fc.array(fc.constantFrom(...PIECES), { maxLength: 4 }).map((pieces) => pieces.join(""));
const image = fc.tuple(fc.subarray(IMAGE, { minLength: 6 }), fc.constantFrom("", "", "/x", " ", "\n")).map((
  [parts, end],
) => parts.join("") + end);
const path = fc.constantFrom(...PATHS);
const one = (field: string, value: fc.Arbitrary<unknown>) => value.map((value) => changed(FULL_SPEC, field, value));

const inputs = fc.array(fc.record({ localPath: path, isManaged: fc.boolean(), isQuery: fc.boolean() }), {
  maxLength: 4,
})
  .map((list) =>
    list.map(({ localPath, isManaged, isQuery }, index) => ({
      inputName: `n${index}`,
      ...(isManaged && { appManaged: true }),
      ...(isQuery
        ? { datasetDefinition: { ...FULL_SPEC.processingInputs![1]!.datasetDefinition!, localPath } }
        : { s3Input: { ...FULL_SPEC.processingInputs![0]!.s3Input!, localPath } }),
    }))
  );
const outputs = fc.array(fc.record({ localPath: path, isManaged: fc.boolean() }), { maxLength: 2 }).map((list) =>
  list.map(({ localPath, isManaged }, index) => ({
    outputName: `n${index}`,
    ...(isManaged && { appManaged: true }),
    s3Output: { ...FULL_SPEC.processingOutputConfig!.outputs[0]!.s3Output!, localPath },
  }))
);
const tags = fc.array(fc.constantFrom("a", "A", "b", "aws", "aws:b").map((key) => ({ key, value: "" })), {
  maxLength: 4,
});

const specs = fc.oneof(
  one("appSpecification.containerArguments.0", text),
  one("appSpecification.containerEntrypoint.1", text),
  one("appSpecification.imageUri", fc.oneof(text, image)),
  one("processingResources.clusterConfig.instanceType", text),
  one("processingInputs.0.inputName", text),
  one("processingInputs.0.s3Input.localPath", text),
  one("tags.0.key", text),
  one("tags", tags),
  fc.tuple(inputs, outputs).map(([inputs, outputs]) =>
    changed(changed(FULL_SPEC, "processingInputs", inputs), "processingOutputConfig.outputs", outputs)
  ),
);

Deno.test("render and the apiserver agree on which of many specs are to be refused", async () => {
  let taken = 0;
  const tried = fc.sample(specs, { numRuns: 400, seed: 1 });
  for (const spec of tried) {
    const { status, body } = await tryCreate(cluster, namespace, spec, { dryRun: true });
    const resource = { apiVersion: API_VERSION, kind: KIND, metadata: { name: "job" }, spec };
    const { problems } = renderRequests(stringify(resource), "0");
    const what = `${JSON.stringify(spec)}\n${JSON.stringify(body)}\n${problems.join("\n")}`;
    assert.ok(status === 201 || status === 422, what);
    assert.equal(problems.length === 0, status === 201, what);
    if (status === 201) taken++;
  }
  assert.ok(taken > 100 && taken < tried.length - 100, `${taken} of ${tried.length} were taken`);
});
