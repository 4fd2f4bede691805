import type { Cluster as ClusterEntry, Context } from "@kubernetes/client-node";
import type { Clock } from "../runtime/clock.ts";
import type { Cluster } from "./config.ts";
import { connect } from "./connection.ts";
import { ConfigError } from "./errors.ts";
import { accessReader } from "./kubeconfig_access.ts";
import { type Entries, type LocatedUser, readEntries } from "./kubeconfig_files.ts";

interface Chosen {
  context: Context;
  cluster: ClusterEntry;
  user: LocatedUser;
}

/**
 * The cluster of a kubeconfig's context. Requests don't go through `@kubernetes/client-node`.
 *
 * @throws ConfigError
 */
export async function openKubeconfig(
  files: string[],
  { context, clock }: { context: string | undefined; clock: Clock },
): Promise<Cluster> {
  const name = files.join("', '");
  const load = async () => choose(await readEntries(files), context, name);
  const chosen = await load();
  const { cluster } = chosen;
  const source = `context '${chosen.context.name}' of '${name}'`;
  checkCluster(cluster, source);
  let readAccess = await accessReader(chosen, source, clock);
  return await connect({
    server: cluster.server,
    source,
    namespace: chosen.context.namespace || "default",
    clock,
    ...(cluster.proxyUrl ? { proxy: proxyOf(cluster.proxyUrl) } : {}),
    readAccess: async (fresh) => {
      if (fresh) readAccess = await accessReader(await load(), source, clock);
      return await readAccess();
    },
  });
}

function choose(
  { contexts, clusters, users, currentContext }: Entries,
  wanted: string | undefined,
  file: string,
): Chosen {
  const known = contexts.length === 0 ? "it has none" : `it has '${contexts.map(({ name }) => name).join("', '")}'`;
  const name = wanted ?? currentContext;
  if (!name) {
    throw new ConfigError(`Cannot choose a context of kubeconfig '${file}': name one with '--context', ${known}`);
  }
  const context = contexts.find((entry) => entry.name === name);
  if (!context) throw new ConfigError(`Cannot find context '${name}' in kubeconfig '${file}': ${known}`);
  const cluster = clusters.find((entry) => entry.name === context.cluster);
  const user = users.find((entry) => entry.name === context.user);
  if (!cluster || (context.user && !user)) {
    const missing = cluster ? `user '${context.user}'` : `cluster '${context.cluster}'`;
    throw new ConfigError(
      `Cannot use context '${name}' of kubeconfig '${file}': it names ${missing}, which is not there`,
    );
  }
  return { context, cluster, user: user ?? { name: "nobody", directory: "." } };
}

function checkCluster(cluster: ClusterEntry, source: string): void {
  const refuse = (why: string) => new ConfigError(`Cannot use ${source}: ${why}`);
  if (!URL.canParse(cluster.server)) throw refuse(`its server '${cluster.server}' is not a URL`);
  if (cluster.skipTLSVerify && cluster.server.startsWith("https:")) {
    throw refuse(
      "'insecure-skip-tls-verify' is not supported; " +
        "write the certificate of the server's authority as 'certificate-authority-data' instead",
    );
  }
  if (cluster.tlsServerName && cluster.tlsServerName !== new URL(cluster.server).hostname) {
    throw refuse(
      `'tls-server-name' is not supported; write '${cluster.tlsServerName}' as the host of 'server' instead`,
    );
  }
}

function proxyOf(url: string): { url: string; basicAuth?: { username: string; password: string } } {
  const { username, password } = new URL(url);
  if (username === "") return { url };
  const bare = new URL(url);
  bare.username = bare.password = "";
  return {
    url: bare.href,
    basicAuth: { username: decodeURIComponent(username), password: decodeURIComponent(password) },
  };
}
