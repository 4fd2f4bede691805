/**
 * A kubeconfig that asks to act as a user of some groups must not act as that user without them, nor with the rights of its own user: what it
 * does would be judged by other rights than were meant. Fails at 939be82, which left out all but the name.
 */
import assert from "node:assert/strict";
import { join } from "node:path";
import { ConfigError, loadCluster } from "../../src/kubernetes/config.ts";
import { parseKubeconfig } from "../../tools/control_plane/kubeconfig.ts";
import { testCluster } from "../support/control_plane.ts";

const cluster = testCluster();
const REVIEWS = "/apis/authentication.k8s.io/v1/selfsubjectreviews";

async function write(name: string, user: object): Promise<string> {
  const { server, ca, token } = parseKubeconfig(await Deno.readTextFile(cluster.kubeconfig));
  const path = join(cluster.folder, name);
  const config = {
    "current-context": "main",
    clusters: [{ name: "main", cluster: { server, "certificate-authority-data": btoa(ca) } }],
    contexts: [{ name: "main", context: { cluster: "main", user: "main" } }],
    users: [{ name: "main", user: { token, ...user } }],
  };
  await Deno.writeTextFile(path, JSON.stringify(config));
  return path;
}

Deno.test("the apiserver is asked as the user, the groups, the UID and the extra fields that the kubeconfig names", async () => {
  const kubeconfig = await write("impersonating", {
    as: "ann",
    "as-uid": "uid-of-ann",
    "as-groups": ["team-a", "team, b"],
    "as-user-extra": { "example.org/reason": ["one", "two"] },
  });
  const loaded = await loadCluster({ kubeconfig, env: new Map() });
  try {
    const response = await loaded.fetch(REVIEWS, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ apiVersion: "authentication.k8s.io/v1", kind: "SelfSubjectReview" }),
    });
    const { status } = await response.json();
    assert.deepEqual(status?.userInfo, {
      username: "ann",
      uid: "uid-of-ann",
      groups: ["team-a", "team, b", "system:authenticated"],
      extra: { "example.org/reason": ["one", "two"] },
    });
  } finally {
    loaded.close();
  }
});

Deno.test("groups without a user are refused, rather than asked for with the rights of the kubeconfig's own user", async () => {
  const kubeconfig = await write("groups-alone", { "as-groups": ["team-a"] });
  await assert.rejects(loadCluster({ kubeconfig, env: new Map() }), (error) => {
    assert.ok(error instanceof ConfigError);
    assert.match(error.message, /no 'as', which says whom to act as; add it$/);
    return true;
  });
});
