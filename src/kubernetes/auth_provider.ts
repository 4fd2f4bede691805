import type { User } from "@kubernetes/client-node";
import type { RequestOptions } from "node:https";
import process from "node:process";

/**
 * Makes a function that gives the headers with which a user's `auth-provider`, as `oidc`, signs requests; it renews what has expired.
 *
 * `@kubernetes/client-node` knows the providers. It is loaded for them only, because it takes 20 MB.
 */
export async function authProvider({ name, authProvider }: User): Promise<() => Promise<Record<string, string>>> {
  const { KubeConfig } = await clientNode();
  const config = new KubeConfig();
  // Not the real server, which client-node would make an agent for.
  config.loadFromClusterAndUser({ name: "none", server: "https://server.invalid", skipTLSVerify: false }, {
    name,
    authProvider,
  });
  return async () => {
    const options: RequestOptions = {};
    await config.applyToHTTPSOptions(options);
    return Object.fromEntries(
      Object.entries(options.headers ?? {}).map(([name, value]) => [name.toLowerCase(), String(value).trim()]),
    );
  };
}

type ClientNode = typeof import("./client_node_exports.ts");

let loading: Promise<ClientNode> | undefined;

/** Loads it once, so that the environment isn't swapped by two at a time. */
function clientNode(): Promise<ClientNode> {
  loading ??= load();
  return loading;
}

/** A package deep under client-node lists the whole environment as it is loaded, and a binary may read only parts of it. */
async function load(): Promise<ClientNode> {
  // What its dependencies use of Node is no news for whoever runs the operator.
  Object.assign(process, { noDeprecation: true });
  const { env } = process;
  process.env = {};
  try {
    return await import("./client_node_exports.ts");
  } finally {
    process.env = env;
  }
}
