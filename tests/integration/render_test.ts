/** What `render` makes of others' jobs is applied by `kubectl` and kept by a real apiserver. */
import type { CreateProcessingJobCommandInput } from "@aws-sdk/client-sagemaker";
import assert from "node:assert/strict";
import fc from "fast-check";
import { API_VERSION, PLURAL } from "../../src/api/group.ts";
import type { ProcessingJob } from "../../src/api/processing_job.ts";
import { renderRequests } from "../../src/commands/render.ts";
import { convertText } from "../../src/commands/render_resource.ts";
import { resourcesYaml } from "../../src/convert/resource.ts";
import { toCreateRequest } from "../../src/sagemaker/convert.ts";
import { brokenRules, type RuledRequest } from "../../src/sagemaker/request_rules.ts";
import { arbitrarySpec } from "../support/arbitrary_spec.ts";
import { testCluster } from "../support/control_plane.ts";
import { apply } from "../support/kubectl.ts";
import { installCrd } from "../support/resources.ts";

const cluster = testCluster();
Deno.test.beforeAll(() => installCrd(cluster));

const SAMPLES = new URL("../../samples/", import.meta.url);

Deno.test("the request of every sample becomes a resource that kubectl applies and that stands for the same request", async () => {
  const requests: unknown[] = [];
  for await (const { name } of Deno.readDir(SAMPLES)) {
    if (name.endsWith(".yaml")) {
      requests.push(...renderRequests(await Deno.readTextFile(new URL(name, SAMPLES)), "0").requests);
    }
  }
  assert.ok(requests.length >= 6);
  await applied(requests);
});

Deno.test("many arbitrary requests become resources that kubectl applies and that stand for the same requests", async () => {
  const specs = fc.sample(arbitrarySpec(), { numRuns: 5000, seed: 1 });
  const requests = specs.map((spec, i) => toCreateRequest(spec, `job-${i}`))
    .filter((request) => brokenRules(request as unknown as RuledRequest).length === 0 && isCounted(request))
    // Which of these are letters depends on the version of Unicode, and the apiserver has another than Deno.
    .filter((request) => !/[\u{10000}-\u{10ffff}]/u.test(JSON.stringify(request))).slice(0, 50);
  assert.ok(requests.length >= 50, `only ${requests.length} of them break no rule`);
  await applied(requests);
});

/** The CRD wants instances to be counted somewhere. */
function isCounted({ ProcessingResources }: CreateProcessingJobCommandInput): boolean {
  const { InstancePreferences, InstanceCount } = ProcessingResources!.ClusterConfig!;
  return !InstancePreferences || InstanceCount !== undefined || InstancePreferences[0]?.InstanceCount !== undefined;
}

/** Applies the resources for `requests`, and compares what the apiserver then has with what was asked for. */
async function applied(requests: unknown[]): Promise<void> {
  const namespace = await cluster.freshNamespace("render");
  const { resources, problems } = convertText(JSON.stringify(requests), "aws", { region: "us-west-2" });
  assert.deepEqual(problems, []);
  const yaml = resourcesYaml(resources.map(({ metadata, spec }) => ({ metadata, spec })));
  await apply(cluster, yaml, ["-n", namespace, "--server-side"]);
  const { body } = await cluster.request("GET", `/apis/${API_VERSION}/namespaces/${namespace}/${PLURAL}`);
  const kept = new Map<string, ProcessingJob>(body.items.map((item: ProcessingJob) => [item.metadata.name, item]));
  assert.equal(kept.size, requests.length);
  for (const [i, { metadata: { name } }] of resources.entries()) {
    const expected = requests[i] as { ProcessingJobName: string };
    assert.deepEqual(toCreateRequest(kept.get(name)!.spec, expected.ProcessingJobName), expected);
  }
}
