import assert from "node:assert/strict";
import { changed, FULL_SPEC } from "../../tests/support/full_spec.ts";
import { GENERATED } from "../../tests/support/requests.ts";
import { heldProcessingJob, makeJob, makeProcessingJob, MINIMAL_SPEC } from "../../tests/support/builders.ts";
import type { ProcessingJobSpec } from "../api/processing_job.ts";
import { fromAws } from "../convert/from_aws.ts";
import { specWarnings } from "./spec_warnings.ts";
import { statusOf, viewOfJob } from "./status.ts";

const OUTPUT = FULL_SPEC.processingOutputConfig!.outputs[0]!;
const image = (host: string) => changed(MINIMAL_SPEC, "appSpecification.imageUri", `${host}/image:1`);
const outputs = (...changes: object[]) =>
  changed(FULL_SPEC, "processingOutputConfig.outputs", changes.map((change) => ({ ...OUTPUT, ...change })));
const at = (localPath: string) => ({ s3Output: { ...OUTPUT.s3Output, localPath } });

const inputAt = (localPath: string) => ({
  inputName: "i",
  s3Input: { s3Uri: "s3://bucket/i", localPath, s3DataType: "S3Prefix" as const },
  datasetDefinition: undefined,
});

const TABLE: [title: string, spec: object, warning: RegExp | undefined][] = [
  ["nothing", FULL_SPEC, undefined],
  ["nothing in China", image("123456789012.dkr.ecr.cn-north-1.amazonaws.com.cn"), undefined],
  ["nothing in the European sovereign cloud", image("123456789012.dkr.ecr.eusc-de-east-1.amazonaws.eu"), undefined],
  [
    "a FIPS host",
    image("123456789012.dkr.ecr-fips.us-east-1.amazonaws.com"),
    /image of '123456789012\.dkr\.ecr-fips\./,
  ],
  ["a dual-stack host", image("123456789012.dkr-ecr.us-west-2.on.aws"), /use the host of private ECR$/],
  ["a partition that is not known yet", image("123456789012.dkr.ecr.xx-1.amazonaws.example"), /may not take an image/],
  ["two outputs in one directory", outputs(at("/a"), { outputName: "b", ...at("/a") }), /in one directory: '\/a'$/],
  [
    "outputs that the application stores",
    outputs(at("/a"), { outputName: "b", appManaged: true, ...at("/a") }),
    undefined,
  ],
  [
    "one directory that is written in two ways",
    outputs(at("/a/b"), { outputName: "b", ...at("/a//x/../b/") }),
    /one directory twice: '\/a\/b' and '\/a\/\/x\/\.\.\/b\/'$/,
  ],
  [
    "an output in the directory of an input, with a slash behind it",
    changed(outputs(at("/a/")), "processingInputs", [{ ...FULL_SPEC.processingInputs![0]!, ...inputAt("/a") }]),
    /one directory twice: '\/a' and '\/a\/'$/,
  ],
  [
    "nested directories",
    outputs(at("/a"), { outputName: "b", ...at("/a/b") }, { outputName: "c", ...at("/ab") }),
    undefined,
  ],
  ["an output without a name", outputs({ outputName: "" }), /set 'outputName'$/],
  ["an output called like an input", outputs({ outputName: "athena" }), /of one name: 'athena'$/],
];
for (const [title, spec, warning] of TABLE) {
  Deno.test(`specWarnings() warns of ${title}`, () => {
    const found = specWarnings(spec as ProcessingJobSpec);
    assert.equal(found.length, warning ? 1 : 0, found.join());
    if (warning) assert.match(found[0]!, warning);
  });
}

Deno.test("specWarnings() has nothing to say of the requests that others' tools make", () => {
  for (const [tool, request] of GENERATED) {
    assert.deepEqual(specWarnings(fromAws(request, { region: "us-west-2" }).spec), [], tool);
  }
});

Deno.test("specWarnings() reads a resource that was stored under another schema", () => {
  const stored = { ...MINIMAL_SPEC, appSpecification: {} } as ProcessingJobSpec;
  assert.equal(specWarnings(stored).length, 1);
  const odd = { processingInputs: {}, processingOutputConfig: { outputs: [null, {}] } } as unknown as ProcessingJobSpec;
  assert.equal(specWarnings(odd).length, 1);
});

Deno.test("the status carries a warning until the job has completed", () => {
  const spec = outputs({ outputName: "" }) as unknown as ProcessingJobSpec;
  const readyOf = (status: string) => {
    const view = { ...viewOfJob(makeJob(status)), jobName: "job", cloudWatchLogUrl: "" };
    const resource = makeProcessingJob({ spec, metadata: { finalizers: heldProcessingJob().metadata.finalizers! } });
    return statusOf(resource, view, 0).conditions?.find(({ type }) => type === "Ready")?.message ?? "";
  };
  const warning = "Warning: SageMaker may not take an output without a name: set 'outputName'";
  assert.equal(readyOf("InProgress"), `The processing job is in progress. ${warning}`);
  assert.ok(readyOf("Failed").includes(warning));
  assert.equal(readyOf("Completed"), "The processing job completed");
});
