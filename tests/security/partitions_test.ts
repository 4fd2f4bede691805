/**
 * The region of a spec can't make the operator show its credentials in another partition, whose STS and SageMaker are others'. Fails at
 * 939be82.
 */
import assert from "node:assert/strict";
import { findCondition } from "../../src/api/conditions.ts";
import { testCluster } from "../support/control_plane.ts";
import { IdentityServices } from "../support/identity_services.ts";
import { startOperator } from "../support/operator.ts";
import { installCrd } from "../support/resources.ts";
import { Scene } from "../support/scene.ts";

const cluster = testCluster();
Deno.test.beforeAll(() => installCrd(cluster));

Deno.test("a region of another partition is refused without a call, of STS neither, and is taken once a flag names its partition", async () => {
  await using services = new IdentityServices();
  await using scene = await Scene.open(cluster);
  const token = await Deno.makeTempFile();
  await Deno.writeTextFile(token, "the token of the operator's service account");
  const start = (flags: string[]) =>
    startOperator({
      kubeconfig: cluster.kubeconfig,
      endpoint: scene.standIn.url,
      flags: ["--namespace", scene.namespace, ...flags],
      env: {
        AWS_ACCESS_KEY_ID: "",
        AWS_SECRET_ACCESS_KEY: "",
        AWS_REGION: "us-west-2",
        AWS_ROLE_ARN: "arn:aws:iam::123456789012:role/operator",
        AWS_WEB_IDENTITY_TOKEN_FILE: token,
        AWS_ENDPOINT_URL_STS: services.url,
      },
    });
  {
    await using _ = start([]);
    await scene.resources.create("job", { spec: { region: "cn-north-1" } });
    const { status } = await scene.resources.until("job", "is refused", ({ status }) => {
      assert.equal(findCondition(status?.conditions, "Ready")?.reason, "RegionNotAllowed", status?.additional);
    });
    assert.match(status!.additional!, /'cn-north-1' is of the partition 'aws-cn'.*--allowed-partitions/);
    await scene.resources.delete("job");
    await scene.resources.untilGone("job");
    assert.deepEqual([services.questions, scene.calls], [[], []]);
  }
  await using _ = start(["--allowed-partitions", "aws-cn"]);
  await scene.resources.create("again", { spec: { region: "cn-north-1" } });
  await scene.resources.untilStatus("again", "InProgress");
  await Deno.remove(token);
});
