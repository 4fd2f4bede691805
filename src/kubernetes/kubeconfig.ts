import type { RequestOptions } from "node:https";
import { dirname, isAbsolute, join, resolve } from "node:path";
import type { Cluster as ClusterEntry, Context, User } from "@kubernetes/client-node";
import type { Clock } from "../runtime/clock.ts";
import { clientNode } from "./client_node.ts";
import type { Cluster } from "./config.ts";
import { type Access, connect } from "./connection.ts";
import { ConfigError } from "./errors.ts";
import { ExecPlugin } from "./exec_plugin.ts";
import { readText, whyUnreadable } from "./files.ts";

interface Entries {
  contexts: Context[];
  clusters: ClusterEntry[];
  users: LocatedUser[];
  currentContext?: string | undefined;
}

/** A user, and the directory that the relative paths of its kubeconfig start from. */
interface LocatedUser extends User {
  directory: string;
}

interface Chosen {
  context: Context;
  cluster: ClusterEntry;
  user: LocatedUser;
}

/**
 * The cluster of a kubeconfig's context. Of several files the first that names something wins, and missing ones are passed
 * over unless all are missing, as with `kubectl`.
 *
 * `@kubernetes/client-node` reads the files and knows the ways to authenticate; it is loaded here only, because it costs 50 MB
 * that a pod doesn't need. Requests don't go through it.
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

async function readEntries(files: string[]): Promise<Entries> {
  const merged: Entries = { contexts: [], clusters: [], users: [] };
  let isFound = false;
  for (const file of files) {
    const text = await readText(file, "kubeconfig", { optional: true });
    if (text === undefined) continue;
    isFound = true;
    const entries = await parse(file, text);
    addNew(merged.contexts, entries.contexts);
    addNew(merged.clusters, entries.clusters);
    addNew(merged.users, entries.users);
    merged.currentContext ??= entries.currentContext;
  }
  if (isFound) return merged;
  throw new ConfigError(`Cannot read kubeconfig '${files.join("', '")}': the file does not exist`);
}

function addNew<T extends { name: string }>(known: T[], more: T[]): void {
  known.push(...more.filter(({ name }) => !known.some((entry) => entry.name === name)));
}

async function parse(file: string, text: string): Promise<Entries> {
  const { KubeConfig, loadYaml } = await clientNode();
  const directory = dirname(resolve(file));
  const refuse = (why: string) => new ConfigError(`Cannot read kubeconfig '${file}': ${why}`);
  if (text.trim() === "") throw refuse("it is empty");
  let raw: { users?: { name: string; user?: { tokenFile?: string } }[] } | undefined;
  try {
    raw = loadYaml(text);
  } catch (error) {
    // The error's own message quotes the file, which holds credentials.
    const { reason, mark } = error as { reason?: string; mark?: { line: number } };
    throw refuse(`it is not valid YAML: ${reason ?? "unknown reason"}${mark ? ` in line ${mark.line + 1}` : ""}`);
  }
  if (typeof raw !== "object" || raw === null) throw refuse("it is not a YAML mapping");
  const config = new KubeConfig();
  try {
    config.loadFromString(text);
    config.makePathsAbsolute(directory);
  } catch (error) {
    throw refuse(error instanceof Error ? error.message : String(error));
  }
  const users = config.users.map((user, index) => withTokenFile(user, raw.users?.[index]?.user?.tokenFile, directory));
  return { contexts: config.contexts, clusters: config.clusters, users, currentContext: config.currentContext };
}

/** client-node doesn't know a user's `tokenFile`, but its provider of that name rereads one each minute. */
function withTokenFile(user: User, tokenFile: string | undefined, directory: string): LocatedUser {
  if (!tokenFile) return { ...user, directory };
  const path = isAbsolute(tokenFile) ? tokenFile : join(directory, tokenFile);
  const { token: _, ...rest } = user;
  return { ...rest, directory, authProvider: { name: "tokenFile", config: { tokenFile: path } } };
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

/** Makes a function that gives the user's credentials as they are now; what a plugin printed is kept while it is valid. */
async function accessReader({ cluster, user }: Chosen, source: string, clock: Clock): Promise<() => Promise<Access>> {
  const { KubeConfig } = await clientNode();
  const { exec, directory, ...rest } = user;
  const plugin = exec ? new ExecPlugin(exec, directory, clock) : undefined;
  const config = new KubeConfig();
  // Not the real server: client-node would refuse plain http, and make an agent for a proxy.
  config.loadFromClusterAndUser({ ...pick(cluster), server: "https://server.invalid", skipTLSVerify: false }, rest);
  return async () => {
    const options: RequestOptions = {};
    try {
      await config.applyToHTTPSOptions(options);
    } catch (error) {
      throw new ConfigError(`Cannot read the credentials of ${source}: ${whyUnreadable(error)}`, { cause: error });
    }
    const printed = await plugin?.credential();
    return toAccess(options, printed);
  };
}

function pick({ name, caData, caFile }: ClusterEntry): Pick<ClusterEntry, "name" | "caData" | "caFile"> {
  return { name, ...(caData ? { caData } : {}), ...(caFile ? { caFile } : {}) };
}

function toAccess(options: RequestOptions, printed: Awaited<ReturnType<ExecPlugin["credential"]>> = {}): Access {
  const headers: Record<string, string> = {};
  for (const [name, value] of Object.entries(options.headers ?? {})) headers[name.toLowerCase()] = String(value).trim();
  if (options.auth) headers.authorization = `Basic ${btoa(options.auth)}`;
  if (printed.token) headers.authorization = `Bearer ${printed.token}`;
  const cert = printed.clientCertificateData ?? (options.cert && String(options.cert));
  const key = printed.clientKeyData ?? (options.key && String(options.key));
  return {
    headers,
    caCerts: options.ca ? [String(options.ca)] : [],
    ...(cert && key ? { certificate: { cert, key } } : {}),
    ...(printed.expirationTimestamp ? { validUntil: Date.parse(printed.expirationTimestamp) } : {}),
  };
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
