/**
 * The cluster that an integration test runs against. The test task starts one control plane for all files and names its
 * kubeconfig in `SAGEMAKER_OPERATOR_TEST_KUBECONFIG`; a file that is run alone starts one of its own.
 */
import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { join } from "node:path";
import { type Answer, ApiClient, type RequestOptions } from "../../tools/control_plane/api_client.ts";
import { type ControlPlane, startControlPlane } from "../../tools/control_plane/control_plane.ts";
import { kubeconfigText, parseKubeconfig } from "../../tools/control_plane/kubeconfig.ts";

/**
 * Gives a test file its cluster, which is there from before its first test until after its last. Call it once, at top level.
 */
export function testCluster(): TestCluster {
  const cluster = new TestCluster();
  Deno.test.beforeAll(() => cluster.open());
  Deno.test.afterAll(() => cluster.close());
  return cluster;
}

/** A cluster as its administrator. Tests keep apart by namespaces of their own. */
export class TestCluster {
  #client: ApiClient | undefined;
  #kubeconfig: string | undefined;
  #folder: string | undefined;
  #own: ControlPlane | undefined;

  /** Path of the administrator's kubeconfig. */
  get kubeconfig(): string {
    return opened(this.#kubeconfig);
  }

  /** `https://127.0.0.1:PORT` */
  get url(): string {
    return opened(this.#client).access.server;
  }

  /** A folder for the tests' files; removed at the end. */
  get folder(): string {
    return opened(this.#folder);
  }

  async open(): Promise<void> {
    this.#kubeconfig = Deno.env.get("SAGEMAKER_OPERATOR_TEST_KUBECONFIG");
    if (!this.#kubeconfig) {
      this.#own = await startControlPlane({ controllerManager: true });
      this.#kubeconfig = this.#own.kubeconfig;
    }
    this.#folder = await Deno.makeTempDir({ prefix: "sagemaker-operator-test-" });
    this.#client = new ApiClient(parseKubeconfig(await Deno.readTextFile(this.#kubeconfig)));
  }

  async close(): Promise<void> {
    this.#client?.close();
    await this.#own?.stop();
    if (this.#folder) await Deno.remove(this.#folder, { recursive: true });
  }

  /** Sends one request to the apiserver; every status is an answer. See {@linkcode ApiClient.request}. */
  async request(method: string, path: string, body?: unknown, options?: RequestOptions): Promise<Answer> {
    return await opened(this.#client).request(method, path, body, options);
  }

  /** Makes a namespace that no other test uses, and gives its name. */
  async freshNamespace(prefix = "test"): Promise<string> {
    const name = `${prefix}-${randomBytes(5).toString("hex")}`;
    const { status, body } = await this.request("POST", "/api/v1/namespaces", { metadata: { name } });
    assert.equal(status, 201, JSON.stringify(body));
    return name;
  }

  /** A token of a service account, as a pod of it would get one; valid for 10 minutes. */
  async serviceAccountToken(namespace: string, name: string): Promise<string> {
    const path = `/api/v1/namespaces/${namespace}/serviceaccounts/${name}/token`;
    const { status, body } = await this.request("POST", path, { spec: { expirationSeconds: 600 } });
    assert.equal(status, 201, JSON.stringify(body));
    return body.status.token;
  }

  /** Path of a kubeconfig with which one acts as a service account, in its namespace. */
  async serviceAccountKubeconfig(namespace: string, name: string): Promise<string> {
    const token = await this.serviceAccountToken(namespace, name);
    const path = join(this.folder, `${namespace}-${name}.kubeconfig`);
    await Deno.writeTextFile(path, kubeconfigText({ ...opened(this.#client).access, token }, { namespace }));
    return path;
  }
}

function opened<T>(part: T | undefined): T {
  if (part === undefined) throw new Error("Cannot use the test cluster outside of a test");
  return part;
}
