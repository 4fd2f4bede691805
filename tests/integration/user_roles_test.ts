/** What people may do with the resources, by the roles that every cluster has: kube-controller-manager puts them together. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { API_VERSION, PLURAL } from "../../src/api/group.ts";
import { testCluster } from "../support/control_plane.ts";
import { eventually } from "../support/eventually.ts";
import { apply } from "../support/kubectl.ts";

const INSTALL = join(import.meta.dirname!, "../../manifests/user-roles/install.yaml");
const [GROUP] = API_VERSION.split("/");
const READ = ["get", "list", "watch"];
const WRITE = ["create", "update", "patch", "delete", "deletecollection"];
const cluster = testCluster();

Deno.test("view, edit and admin hold the resources once the user roles are there, and nobody writes a status", async () => {
  await apply(cluster, await Deno.readTextFile(INSTALL));
  const namespace = await cluster.freshNamespace("roles");
  for (const role of ["view", "edit", "admin"]) await bind(namespace, role);

  await eventually("the roles are put together", async () => {
    assert.deepEqual(await allowed(namespace, "view"), READ);
    for (const role of ["edit", "admin"]) assert.deepEqual(await allowed(namespace, role), [...READ, ...WRITE]);
  }, { timeoutMs: 30_000 });
  for (const role of ["view", "edit", "admin"]) {
    assert.deepEqual(await allowed(namespace, role, "status"), []);
    assert.deepEqual(await allowed("default", role), []);
  }
});

/** Gives a ClusterRole to a user of the same name, in one namespace. */
async function bind(namespace: string, role: string): Promise<void> {
  const { status, body } = await cluster.request(
    "POST",
    `/apis/rbac.authorization.k8s.io/v1/namespaces/${namespace}/rolebindings`,
    {
      metadata: { name: role },
      roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "ClusterRole", name: role },
      subjects: [{ kind: "User", apiGroup: "rbac.authorization.k8s.io", name: `user-of-${role}` }],
    },
  );
  assert.equal(status, 201, JSON.stringify(body));
}

/** The verbs that the apiserver would let the user of a role use. */
async function allowed(namespace: string, role: string, subresource?: string): Promise<string[]> {
  const verbs = [];
  for (const verb of [...READ, ...WRITE]) {
    const resourceAttributes = { namespace, verb, group: GROUP, resource: PLURAL, ...(subresource && { subresource }) };
    const { body } = await cluster.request("POST", "/apis/authorization.k8s.io/v1/subjectaccessreviews", {
      spec: { user: `user-of-${role}`, resourceAttributes },
    });
    if (body.status.allowed) verbs.push(verb);
  }
  return verbs;
}
