/**
 * The commands in the documentation, run as they are written: each `sh` block of a page by bash, in order, against a real
 * apiserver with a running operator and the stand-in for AWS. Blocks that begin with `# not run here` need what a test
 * doesn't have; `NAME` stands for a resource that is there.
 */
import assert from "node:assert/strict";
import { join } from "node:path";
import { deadline, systemClock } from "../../src/runtime/clock.ts";
import { toCreateRequest } from "../../src/sagemaker/convert.ts";
import { type StandIn, startStandIn } from "../../src/sagemaker/stand_in/server.ts";
import { findBinaries } from "../../tools/control_plane/binaries.ts";
import { type ControlPlane, startControlPlane } from "../../tools/control_plane/control_plane.ts";
import { MINIMAL_SPEC } from "../support/builders.ts";
import { apply } from "../support/kubectl.ts";
import { LocalOperator } from "../support/local_operator.ts";
import { FAKE_CREDENTIALS } from "../support/operator.ts";
import { program } from "../support/program.ts";
import { installCrd, jobNameOf, Resources } from "../support/resources.ts";

const ROOT = join(import.meta.dirname!, "../..");
const PAGES = [
  "docs/install.md",
  "docs/credentials.md",
  "docs/upgrade.md",
  "docs/migrate.md",
  "docs/argocd/README.md",
  "docs/troubleshooting.md",
  "docs/policies.md",
];
const BLOCK_MS = 60_000;

let cluster: ControlPlane;
let folder: string;
Deno.test.beforeAll(async () => {
  cluster = await startControlPlane({ controllerManager: true });
  folder = await Deno.makeTempDir({ prefix: "sagemaker-operator-test-" });
});
Deno.test.afterAll(async () => {
  await cluster.stop();
  await Deno.remove(folder, { recursive: true });
});

Deno.test("the commands in the documentation work as they are written", async (test) => {
  await installCrd(cluster);
  const standIn = await startStandIn({ jobDuration: 200 });
  try {
    await using _ = await LocalOperator.start({
      kubeconfig: cluster.kubeconfig,
      endpoints: { endpointUrl: standIn.url },
    });
    await prepare(standIn);
    for (const page of PAGES) {
      const blocks = shellBlocks(await Deno.readTextFile(join(ROOT, page)));
      assert.ok(blocks.length > 0, page);
      for (const block of blocks) {
        // The job runs until a page waits for its end.
        if (block.includes("--for=condition=Finished")) {
          standIn.finish(jobNameOf(await new Resources(cluster, "default").get("example")), "Completed");
        }
        await test.step(`${page}: ${block.split("\n")[0]}`, () => run(block, standIn));
      }
    }
  } finally {
    await standIn.close();
  }
});

/** The blocks that are to be run. */
function shellBlocks(markdown: string): string[] {
  return [...markdown.matchAll(/^```sh\n(.*?)^```$/gms)].map(([, block]) => block!)
    .filter((block) => !block.startsWith("# not run here\n"))
    .map((block) => block.replaceAll("NAME", "example"));
}

/** What the pages take to be there: the repository's files, the two programs, a resource, others' jobs. */
async function prepare(standIn: StandIn): Promise<void> {
  await new Deno.Command("cp", {
    args: ["-r", "--parents", "manifests", "crds", "samples", "docs/argocd", folder],
    cwd: ROOT,
  }).output();
  const { kubectl } = await findBinaries(["kubectl"]);
  await Deno.mkdir(join(folder, "bin"));
  await Deno.symlink(await Deno.realPath(kubectl), join(folder, "bin/kubectl"));
  const [command, args] = program([], {});
  const script = `#!/bin/sh\nexec ${[command, ...args].map((word) => `'${word}'`).join(" ")} "$@"\n`;
  await Deno.writeTextFile(join(folder, "bin/sagemaker-operator"), script, { mode: 0o755 });

  const resources = new Resources(cluster, "default");
  await resources.create("example", { spec: { environment: [{ name: "SIMULATE_DURATION", value: "1h" }] } });
  await resources.untilStatus("example", "InProgress");
  const request = toCreateRequest(MINIMAL_SPEC, "my-job");
  await Deno.writeTextFile(join(folder, "request.json"), JSON.stringify(request));
  await Deno.writeTextFile(join(folder, "ack.yaml"), ACK);
  const answer = await fetch(standIn.url, {
    method: "POST",
    headers: {
      "x-amz-target": "SageMaker.CreateProcessingJob",
      authorization: "AWS4-HMAC-SHA256 Credential=AKID/20260101/us-west-2/sagemaker/aws4_request",
    },
    body: JSON.stringify(request),
  });
  assert.equal(answer.status, 200, await answer.text());
  await apply(cluster, "{apiVersion: v1, kind: Namespace, metadata: {name: argocd}}");
  await apply(
    cluster,
    "{apiVersion: v1, kind: ConfigMap, metadata: {name: argocd-cm, namespace: argocd}, data: {a: b}}",
  );
}

const ACK = `
apiVersion: sagemaker.services.k8s.aws/v1alpha1
kind: ProcessingJob
metadata: {name: from-ack}
spec:
  processingJobName: from-ack
  roleARN: arn:aws:iam::123456789012:role/sagemaker-jobs-example
  appSpecification: {imageURI: 123456789012.dkr.ecr.us-west-2.amazonaws.com/hello-world}
  processingResources: {clusterConfig: {instanceCount: 1, instanceType: ml.m5.large, volumeSizeInGB: 5}}
`;

async function run(block: string, standIn: StandIn): Promise<void> {
  using limit = deadline(systemClock, BLOCK_MS);
  const { success, stdout, stderr } = await new Deno.Command("bash", {
    args: ["-euo", "pipefail", "-c", block],
    cwd: folder,
    env: {
      ...FAKE_CREDENTIALS,
      PATH: `${join(folder, "bin")}:${Deno.env.get("PATH")}`,
      KUBECONFIG: cluster.kubeconfig,
      KUBECACHEDIR: join(folder, "kubectl-cache"),
      AWS_ENDPOINT_URL: standIn.url,
      AWS_ENDPOINT_URL_SAGEMAKER: standIn.url,
    },
    signal: limit.signal,
  }).output();
  const decoder = new TextDecoder();
  assert.ok(success, `${block}\n${decoder.decode(stdout)}\n${decoder.decode(stderr)}`);
}
