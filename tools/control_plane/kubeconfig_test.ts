import assert from "node:assert/strict";
import { KubeConfig } from "@kubernetes/client-node";
import { kubeconfigText, parseKubeconfig } from "./kubeconfig.ts";

const access = { server: "https://127.0.0.1:6443", ca: "-----BEGIN CERTIFICATE-----\nYQ==\n", token: "secret" };

Deno.test("kubeconfigText() is read by a client as it was meant", () => {
  const config = new KubeConfig();
  config.loadFromString(kubeconfigText(access, { namespace: "team-a" }));
  assert.equal(config.getCurrentCluster()?.server, access.server);
  assert.equal(atob(config.getCurrentCluster()?.caData ?? ""), access.ca);
  assert.equal(config.getCurrentUser()?.token, access.token);
  assert.equal(config.getContextObject(config.getCurrentContext())?.namespace, "team-a");
});

Deno.test("parseKubeconfig() gives back what kubeconfigText() was given", () => {
  assert.deepEqual(parseKubeconfig(kubeconfigText(access)), access);
});

Deno.test("parseKubeconfig() says what a kubeconfig must hold", () => {
  for (const text of ["", "clusters: []", kubeconfigText({ ...access, token: "" })]) {
    assert.throws(() => parseKubeconfig(text), /must name a server, 'certificate-authority-data' and a 'token'/);
  }
});
