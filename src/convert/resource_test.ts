import assert from "node:assert/strict";
import fc from "fast-check";
import { load } from "js-yaml";
import { parse } from "yaml";
import type { ProcessingJobSpec } from "../api/processing_job.ts";
import { LOOK_ALIKES } from "../../tests/support/look_alikes.ts";
import { resourcesYaml } from "./resource.ts";

const specOf = (values: string[]) =>
  ({ values, ...Object.fromEntries(values.map((value) => [`${value}`, value])) }) as unknown as ProcessingJobSpec;
const yamlOf = (values: string[]) => resourcesYaml([{ metadata: { name: "job" }, spec: specOf(values) }]);

const READERS: Record<string, (text: string) => unknown> = {
  "yaml, by YAML 1.1": (text) => parse(text, { version: "1.1", merge: true }),
  "yaml, by YAML 1.2": (text) => parse(text, { version: "1.2" }),
  "js-yaml": (text) => load(text),
};

for (const [name, read] of Object.entries(READERS)) {
  const specIn = (text: string) => (read(text) as { spec: unknown }).spec;

  Deno.test(`resourcesYaml() writes no string that ${name} reads as something else`, () => {
    for (const value of LOOK_ALIKES) assert.deepEqual(specIn(yamlOf([value])), specOf([value]), value);
  });

  Deno.test(`resourcesYaml() writes strings of a number's or a time's characters as ${name} reads them`, () => {
    const unit = fc.constantFrom(..."0017_.:,+-eExXoObBfFtTzZ ~=<inaINyY");
    fc.assert(
      fc.property(fc.string({ unit, maxLength: 8 }), (value) => {
        assert.deepEqual(specIn(yamlOf([value])), specOf([value]));
      }),
      { numRuns: 3_000 },
    );
  });
}

Deno.test("resourcesYaml() leaves what nothing can be mistaken in without quotes", () => {
  const plain = [
    "s3://bucket/key",
    "/opt/ml/processing",
    "--epochs",
    "-c",
    "ml.m5.xlarge",
    "us-west-2",
    "arn:aws:iam::123456789012:role/a",
    "123456789012.dkr.ecr.us-west-2.amazonaws.com/image:1",
    "yesterday",
    "nobody",
    "python3",
  ];
  const text = yamlOf(plain);
  for (const value of plain) assert.ok(text.includes(`- ${value}\n`), value);
});
