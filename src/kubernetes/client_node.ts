import process from "node:process";

type ClientNode = typeof import("./client_node_exports.ts");

let loading: Promise<ClientNode> | undefined;

/** The parts of `@kubernetes/client-node` that are used, loaded when they are first asked for. */
export function clientNode(): Promise<ClientNode> {
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
