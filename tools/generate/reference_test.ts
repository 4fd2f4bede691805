import assert from "node:assert/strict";
import { parse } from "yaml";
import { CRD_YAML } from "../../src/api/crd.ts";
import { renderReference } from "./reference.ts";
import type { Schema } from "./schema.ts";

Deno.test("renderReference() has every field of the CRD with its description, below the heading of its part", () => {
  const reference = renderReference(CRD_YAML);
  const sections = new Map(
    reference.split(/^## /m).slice(1).map((section) => [section.slice(0, section.indexOf("\n")), section]),
  );
  const { spec, status } = parse(CRD_YAML).spec.versions[0].schema.openAPIV3Schema.properties;
  let fields = 0;
  const check = (path: string, schema: Schema) => {
    for (const [name, field] of Object.entries(schema.properties ?? {})) {
      const row = sections.get(path)?.split("\n").find((line) => line.includes(`\`${name}\``) && line.startsWith("|"));
      assert.ok(row?.includes(field.description!.replaceAll("|", "\\|")), `${path}.${name}`);
      assert.equal(row!.includes(" * |"), schema.required?.includes(name) ?? false, `${path}.${name}`);
      fields++;
      if (field.properties) check(`${path}.${name}`, field);
      if (field.items?.properties) check(`${path}.${name}[]`, field.items);
    }
  };
  check("spec", spec);
  check("status", status);
  assert.ok(fields > 80, `${fields}`);
});

Deno.test("renderReference() tells limits, words, and the rules between fields", () => {
  const reference = renderReference(CRD_YAML);
  assert.match(reference, /\| `volumeSizeInGB` \* \| integer, 1 to 16384 \|/);
  assert.match(reference, /\| `s3DataType` \* \| `ManifestFile` or `S3Prefix` \|/);
  assert.match(reference, /\| list of objects; at most 10 elements; one for each inputName \|/);
  assert.match(reference, /^- write exactly one of s3Input and datasetDefinition$/m);
  assert.doesNotMatch(reference, /cannot be changed, because/);
});
