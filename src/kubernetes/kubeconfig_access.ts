import type { Cluster as ClusterEntry } from "@kubernetes/client-node";
import type { Clock } from "../runtime/clock.ts";
import { authProvider } from "./auth_provider.ts";
import type { Access } from "./connection.ts";
import { ConfigError } from "./errors.ts";
import { impersonationHeaders } from "./impersonation.ts";
import { type ExecCredential, ExecPlugin } from "./exec_plugin.ts";
import { readText, whyUnreadable } from "./files.ts";
import type { LocatedUser } from "./kubeconfig_files.ts";

/**
 * Makes a function that gives the user's credentials as they are now; what a plugin printed is kept while it is valid.
 *
 * @param source where they come from, for messages
 * @throws ConfigError, and so does the function
 */
export async function accessReader(
  { cluster, user }: { cluster: ClusterEntry; user: LocatedUser },
  source: string,
  clock: Clock,
): Promise<() => Promise<Access>> {
  const plugin = user.exec ? new ExecPlugin(user.exec, user.directory, clock) : undefined;
  const impersonated = impersonationHeaders(user, source);
  const provider = user.authProvider ? await authProvider(user) : undefined;
  return async () => {
    const read = (kind: string, file?: string, data?: string) => {
      return file ? readText(file, kind) : data ? decode(data, `${kind} of ${source}`) : undefined;
    };
    const caCert = await read("certificate authority", cluster.caFile, cluster.caData);
    const [cert, key] = [
      await read("client certificate", user.certFile, user.certData),
      await read("client key", user.keyFile, user.keyData),
    ];
    const provided = await provider?.().catch((error) => {
      throw new ConfigError(`Cannot get the credentials of ${source}: ${whyUnreadable(error)}`, { cause: error });
    });
    const printed = await plugin?.credential();
    const access = toAccess({ ...provided, ...await ownHeaders(user) }, { caCert, cert, key }, printed);
    return impersonated.length > 0 ? { ...access, moreHeaders: impersonated } : access;
  };
}

/** @throws ConfigError that doesn't quote the data, which may be a key */
function decode(data: string, what: string): string {
  try {
    return atob(data);
  } catch (cause) {
    throw new ConfigError(`Cannot read the ${what}: it is not base64`, { cause });
  }
}

async function ownHeaders(user: LocatedUser): Promise<Record<string, string>> {
  const { username, password } = user;
  const token = user.tokenFile ? await readText(user.tokenFile, "token file") : user.token;
  const authorization = username ? `Basic ${btoa(`${username}:${password ?? ""}`)}` : token && `Bearer ${token.trim()}`;
  return authorization ? { authorization } : {};
}

function toAccess(
  headers: Record<string, string>,
  read: { caCert: string | undefined; cert: string | undefined; key: string | undefined },
  printed: ExecCredential = {},
): Access {
  const cert = printed.clientCertificateData ?? read.cert;
  const key = printed.clientKeyData ?? read.key;
  return {
    headers: printed.token ? { ...headers, authorization: `Bearer ${printed.token}` } : headers,
    caCerts: read.caCert ? [read.caCert] : [],
    ...(cert && key ? { certificate: { cert, key } } : {}),
    ...(printed.expirationTimestamp ? { validUntil: Date.parse(printed.expirationTimestamp) } : {}),
  };
}
