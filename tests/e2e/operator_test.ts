/** The main job with the compiled binary, as the image runs it: its user, a bare root, a pod's environment and files. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { parse, stringify } from "yaml";
import { systemClock } from "../../src/runtime/clock.ts";
import { ApiClient } from "../../tools/control_plane/api_client.ts";
import { parseKubeconfig } from "../../tools/control_plane/kubeconfig.ts";
import { testCluster } from "../support/control_plane.ts";
import { eventually } from "../support/eventually.ts";
import { apply, kubectl } from "../support/kubectl.ts";
import { FAKE_CREDENTIALS, freePort, OperatorProcess } from "../support/operator.ts";
import { freshNamespace, jobNameOf, Resources } from "../support/resources.ts";
import { BareRoot } from "./bare_root.ts";
import { BINARY } from "./binary.ts";

const ROOT = join(import.meta.dirname!, "../..");
const SECRETS = "/run/secrets/kubernetes.io/serviceaccount";
const INSTALLED = "sagemaker-operator-system";

const obstacle = await BareRoot.obstacle();
const cluster = testCluster();
let root: BareRoot;
let resources: Resources;
let standIn: Program;

Deno.test.beforeAll(async () => {
  if (obstacle !== undefined) return;
  await installManifests();
  resources = new Resources(cluster, await freshNamespace(cluster));
  root = await BareRoot.open(BINARY);
  await mountServiceAccount();
  standIn = await Program.start(
    ["simulate", "--listen=127.0.0.1:0", "--job-duration=1s", "--stop-duration=1s"],
    /^listening on (http:\/\/127\.0\.0\.1:\d+)$/m,
  );
});
Deno.test.afterAll(async () => {
  await standIn?.[Symbol.asyncDispose]();
  await resources?.clear();
  await root?.[Symbol.asyncDispose]();
});
