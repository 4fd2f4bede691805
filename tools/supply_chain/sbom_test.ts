import assert from "node:assert/strict";
import { Version } from "@cyclonedx/cyclonedx-library/Spec";
import { JsonStrictValidator } from "@cyclonedx/cyclonedx-library/Validation";
import { buildTools } from "./build_tools.ts";
import type { Package } from "./packages.ts";
import { renderSbom } from "./sbom.ts";

const RUNTIME = { deno: "2.9.6", v8: "15.0.245.2" };
const PACKAGES: Package[] = [
  {
    name: "@scope/a",
    version: "1.0.0",
    licence: "Apache-2.0",
    sha512: "0".repeat(128),
    dependencies: ["yaml@2.9.1"],
  },
  { name: "yaml", version: "2.9.1", licence: "(MIT OR ISC)", sha512: "f".repeat(128), dependencies: [] },
];

Deno.test("the document is a CycloneDX 1.6 one by its own schema", async () => {
  const validator = new JsonStrictValidator(Version.v1dot6);
  assert.equal(await validator.validate(renderSbom(PACKAGES, RUNTIME, 1_700_000_000)), null);
  assert.equal(await validator.validate(renderSbom(PACKAGES, RUNTIME)), null);
  const tools = await buildTools(RUNTIME.deno);
  assert.equal(await validator.validate(renderSbom(PACKAGES, RUNTIME, 1_700_000_000, tools)), null);
  const wrong = renderSbom([{ ...PACKAGES[0]!, sha512: "short" }], RUNTIME);
  assert.notEqual(await validator.validate(wrong), null);
});

Deno.test("the document names the runtime, the packages, their hashes, and what needs what", () => {
  const sbom = JSON.parse(renderSbom(PACKAGES, RUNTIME, 1_700_000_000));
  const names = ["pkg:github/denoland/deno@v2.9.6", "pkg:github/v8/v8@15.0.245.2"];
  const [a, yaml] = ["pkg:npm/%40scope/a@1.0.0", "pkg:npm/yaml@2.9.1"];
  assert.deepEqual(sbom.components.map((it: { purl: string }) => it.purl), [...names, a, yaml]);
  assert.equal(sbom.metadata.timestamp, "2023-11-14T22:13:20Z");
  assert.deepEqual(sbom.components[2].hashes, [{ alg: "SHA-512", content: "0".repeat(128) }]);
  assert.deepEqual(sbom.components[3].licenses, [{ expression: "(MIT OR ISC)" }]);
  const needs = Object.fromEntries(
    sbom.dependencies.map((it: { ref: string; dependsOn: string[] }) => Object.values(it)),
  );
  assert.deepEqual(needs[a!], [yaml]);
  assert.deepEqual(needs[sbom.metadata.component["bom-ref"]], [names[0], yaml], "what deno.json imports is direct");
});

Deno.test("the serial number changes with what is listed, and with nothing else", () => {
  const serial = (packages: Package[]) => JSON.parse(renderSbom(packages, RUNTIME, 1)).serialNumber;
  assert.equal(serial(PACKAGES), serial(structuredClone(PACKAGES)));
  assert.notEqual(serial(PACKAGES), serial(PACKAGES.slice(1)));
});
