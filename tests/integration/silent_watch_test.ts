/** A watch that brings nothing any more, as behind a proxy that has lost the connection: writes go by what was read before. */
import assert from "node:assert/strict";
import { parseKubeconfig } from "../../tools/control_plane/kubeconfig.ts";
import { ApiProxy, type ApiRequest } from "../support/api_proxy.ts";
import { testCluster } from "../support/control_plane.ts";
import { installCrd } from "../support/resources.ts";
import { Scene } from "../support/scene.ts";

const cluster = testCluster();
Deno.test.beforeAll(() => installCrd(cluster));

Deno.test("silent watch: an edit costs one refused write and one read, and the job's end is written", async () => {
  const access = parseKubeconfig(await Deno.readTextFile(cluster.kubeconfig));
  await using proxy = await ApiProxy.start(access);
  await using scene = await Scene.open(cluster);
  const kubeconfig = await proxy.writeKubeconfig(`${cluster.folder}/silent.kubeconfig`);
  const requests: ApiRequest[] = [];
  proxy.intercept = (request) => {
    requests.push(request);
    return undefined;
  };
  await scene.startOperator({ kubeconfig });
  await scene.resources.create("job");
  await scene.resources.untilStatus("job", "InProgress");

  proxy.onEvent = () => [];
  requests.length = 0;
  await scene.resources.patch("job", { metadata: { labels: { edited: "yes" } } });
  await scene.finish("job", "Completed");
  const { metadata } = await scene.resources.untilStatus("job", "Completed");
  assert.deepEqual(metadata.labels, { edited: "yes" });
  const patches = requests.filter(({ verb, name }) => verb === "patch" && name === "job");
  assert.equal(patches.length, 2, "the refused one, and that which follows a fresh read");
  const reads = requests.filter(({ query }) => query.get("fieldSelector") === "metadata.name=job");
  assert.equal(reads.length, 1);
});
