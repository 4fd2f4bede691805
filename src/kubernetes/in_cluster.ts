import { join } from "node:path";
import type { Clock } from "../runtime/clock.ts";
import type { Cluster } from "./config.ts";
import { connect } from "./connection.ts";
import { readText } from "./files.ts";

export const SERVICE_ACCOUNT = "/var/run/secrets/kubernetes.io/serviceaccount";

/**
 * The cluster that this pod runs in, or undefined outside of one. The token is read again as it is rotated.
 *
 * @throws ConfigError if there is a service account that can't be read
 */
export async function openInCluster(
  { env, directory, clock }: {
    env: { get(name: string): string | undefined };
    directory: string;
    clock: Clock;
  },
): Promise<Cluster | undefined> {
  const host = env.get("KUBERNETES_SERVICE_HOST");
  const port = env.get("KUBERNETES_SERVICE_PORT");
  if (!host || !port) return undefined;
  const read = (name: string) => readText(join(directory, name), "service account file", { optional: true });
  if (await read("token") === undefined) return undefined;
  const namespace = (await read("namespace"))?.trim();
  return await connect({
    server: `https://${host.includes(":") ? `[${host}]` : host}:${port}`,
    source: "the pod's service account",
    namespace: namespace || "default",
    podNamespace: namespace || undefined,
    clock,
    readAccess: async () => {
      const token = await readText(join(directory, "token"), "service account file");
      const ca = await read("ca.crt");
      return {
        headers: { authorization: `Bearer ${token.trim()}` },
        caCerts: ca === undefined ? [] : [ca],
      };
    },
  });
}
