/** What the tools of others ask SageMaker for is taken by the apiserver, by `render` and by the simulator, and stays as it is. */
import assert from "node:assert/strict";
import { CreateProcessingJobCommand, DescribeProcessingJobCommand, SageMakerClient } from "@aws-sdk/client-sagemaker";
import type { ProcessingJobSpec } from "../../src/api/processing_job.ts";
import { renderRequests } from "../../src/commands/render.ts";
import { convertText } from "../../src/commands/render_resource.ts";
import { resourcesYaml } from "../../src/convert/resource.ts";
import { toCreateRequest } from "../../src/sagemaker/convert.ts";
import { startStandIn } from "../../src/sagemaker/stand_in/server.ts";
import { tryCreate } from "../support/admission.ts";
import { testCluster } from "../support/control_plane.ts";
import { GENERATED } from "../support/requests.ts";
import { installCrd } from "../support/resources.ts";

const cluster = testCluster();
let namespace: string;
Deno.test.beforeAll(async () => {
  await installCrd(cluster);
  namespace = await cluster.freshNamespace("generated");
});

Deno.test("there are twelve generated requests", () => assert.equal(GENERATED.size, 12));

for (const [title, request] of GENERATED) {
  Deno.test(`the request of ${title} is taken by the apiserver, by render and by the simulator`, async () => {
    const { resources, problems } = convertText(JSON.stringify(request), "aws", { region: "us-west-2" });
    assert.deepEqual(problems, []);
    const [{ metadata, spec } = assert.fail()] = resources;
    const { status, body } = await tryCreate(cluster, namespace, spec);
    assert.equal(status, 201, JSON.stringify(body));
    const kept = toCreateRequest(body.spec as ProcessingJobSpec, request.ProcessingJobName!);
    assert.deepEqual(kept, request);

    const rendered = renderRequests(resourcesYaml([{ metadata, spec }]), "0");
    assert.deepEqual(rendered.problems, []);
    assert.deepEqual({ ...rendered.requests[0], ProcessingJobName: request.ProcessingJobName }, request);

    const { ProcessingJobName } = request;
    const standIn = await startStandIn();
    const credentials = { accessKeyId: "AKID", secretAccessKey: "secret" };
    const client = new SageMakerClient({ region: "us-west-2", endpoint: standIn.url, credentials, maxAttempts: 1 });
    try {
      await client.send(new CreateProcessingJobCommand(request));
      const { AppSpecification } = await client.send(new DescribeProcessingJobCommand({ ProcessingJobName }));
      assert.deepEqual(AppSpecification, request.AppSpecification);
    } finally {
      client.destroy();
      await standIn.close();
    }
  });
}
