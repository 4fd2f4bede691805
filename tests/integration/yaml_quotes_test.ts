/** kubectl, and so Go's `sigs.k8s.io/yaml`, reads what `render` writes as it was meant. No cluster is needed. */
import assert from "node:assert/strict";
import type { ProcessingJobSpec } from "../../src/api/processing_job.ts";
import { resourcesYaml } from "../../src/convert/resource.ts";
import { findBinaries } from "../../tools/control_plane/binaries.ts";
import { LOOK_ALIKES } from "../support/look_alikes.ts";

async function readByKubectl(text: string): Promise<{ spec: unknown }> {
  const { kubectl } = await findBinaries(["kubectl"]);
  const file = await Deno.makeTempFile({ suffix: ".yaml" });
  try {
    await Deno.writeTextFile(file, text);
    const args = ["label", "--local", "--kubeconfig=/dev/null", "-f", file, "read=true", "-o", "json"];
    const { code, stdout, stderr } = await new Deno.Command(kubectl!, { args }).output();
    assert.equal(code, 0, new TextDecoder().decode(stderr));
    return JSON.parse(new TextDecoder().decode(stdout));
  } finally {
    await Deno.remove(file);
  }
}

Deno.test("no string of a resource that is written as YAML is read by kubectl as a number, a time, a boolean or null", async () => {
  const entries = LOOK_ALIKES.map((value) => [value, value]);
  const spec = { values: LOOK_ALIKES, ...Object.fromEntries(entries) } as unknown as ProcessingJobSpec;
  const read = await readByKubectl(resourcesYaml([{ metadata: { name: "job" }, spec }]));
  assert.deepEqual(read.spec, spec);
});
