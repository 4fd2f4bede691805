import { Buffer } from "node:buffer";
import { parse, stringify } from "yaml";

/** One cluster and one user that shows a bearer token. */
export interface Access {
  server: string;
  /** PEM text of the certificate authority. */
  ca: string;
  token: string;
}

/** The text of a kubeconfig that needs no other file. */
export function kubeconfigText({ server, ca, token }: Access, { namespace = "default" } = {}): string {
  const name = "control-plane";
  return stringify({
    apiVersion: "v1",
    kind: "Config",
    clusters: [{ name, cluster: { server, "certificate-authority-data": Buffer.from(ca).toString("base64") } }],
    users: [{ name, user: { token } }],
    contexts: [{ name, context: { cluster: name, user: name, namespace } }],
    "current-context": name,
  }, { lineWidth: 0 });
}

/**
 * What a kubeconfig in the form of {@linkcode kubeconfigText} holds.
 *
 * @throws Error where it has another form
 */
export function parseKubeconfig(text: string): Access {
  const config = parse(text);
  const cluster = config?.clusters?.[0]?.cluster;
  const ca = cluster?.["certificate-authority-data"];
  const token = config?.users?.[0]?.user?.token;
  if (!cluster?.server || !ca || !token) {
    throw new Error("Cannot use the kubeconfig: it must name a server, 'certificate-authority-data' and a 'token'");
  }
  return { server: cluster.server, ca: Buffer.from(ca, "base64").toString(), token };
}
