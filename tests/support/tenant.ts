import assert from "node:assert/strict";
import { type Answer, ApiClient, type RequestOptions } from "../../tools/control_plane/api_client.ts";
import { parseKubeconfig } from "../../tools/control_plane/kubeconfig.ts";
import type { HasKubeconfig } from "./kubectl.ts";
import type { Administrator } from "./resources.ts";

const RBAC = "rbac.authorization.k8s.io";

/** A rule of a Role. */
export interface Rule {
  apiGroups: string[];
  resources: string[];
  verbs: string[];
  resourceNames?: string[];
}

/** A service account of a namespace with these rights in it and no others, who shows a token of its own. */
export class Tenant implements Administrator, Disposable {
  readonly #client: ApiClient;

  private constructor(client: ApiClient, readonly username: string) {
    this.#client = client;
  }

  static async make(
    cluster: Administrator & HasKubeconfig,
    namespace: string,
    { name, rules }: { name: string; rules: Rule[] },
  ): Promise<Tenant> {
    const make = async (path: string, body: unknown) => {
      const { status, body: answer } = await cluster.request("POST", path, body);
      assert.equal(status, 201, JSON.stringify(answer));
      return answer;
    };
    const accounts = `/api/v1/namespaces/${namespace}/serviceaccounts`;
    const roles = `/apis/${RBAC}/v1/namespaces/${namespace}`;
    await make(accounts, { metadata: { name } });
    await make(`${roles}/roles`, { metadata: { name }, rules });
    await make(`${roles}/rolebindings`, {
      metadata: { name },
      roleRef: { apiGroup: RBAC, kind: "Role", name },
      subjects: [{ kind: "ServiceAccount", name, namespace }],
    });
    const { status } = await make(`${accounts}/${name}/token`, { spec: { expirationSeconds: 600 } });
    const access = parseKubeconfig(await Deno.readTextFile(cluster.kubeconfig));
    return new Tenant(new ApiClient({ ...access, token: status.token }), `system:serviceaccount:${namespace}:${name}`);
  }

  async request(method: string, path: string, body?: unknown, options?: RequestOptions): Promise<Answer> {
    return await this.#client.request(method, path, body, options);
  }

  [Symbol.dispose](): void {
    this.#client.close();
  }
}
