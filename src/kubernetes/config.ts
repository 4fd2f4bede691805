import { delimiter, join } from "node:path";
import { type Clock, systemClock } from "../runtime/clock.ts";
import { ConfigError } from "./errors.ts";
import { openInCluster, SERVICE_ACCOUNT } from "./in_cluster.ts";
export { ConfigError };

/** An API server, with what it takes to be let in. */
export interface Cluster {
  /** Its address, as `https://10.0.0.1:443`. */
  readonly server: string;
  /** Where its address and credentials come from, for messages: `context 'kind-x' of '/home/me/.kube/config'`. */
  readonly source: string;
  /** The namespace of the context or of the service account; `default` where neither names one. */
  readonly namespace: string;
  /** That of the pod which this process runs in; absent outside of a pod. */
  readonly podNamespace?: string | undefined;
  /** Whether its certificate's authority is given, rather than one that the runtime trusts. */
  readonly hasAuthority?: boolean;
  /** `fetch` for a path of the API server, with its TLS settings and the credentials' headers added. */
  fetch(path: string, init: RequestInit): Promise<Response>;
  close(): void;
}

export interface LoadClusterOptions {
  /** The value of `--kubeconfig`. */
  kubeconfig?: string | undefined;
  /** The value of `--context`. */
  context?: string | undefined;
  /** `Deno.env`, or a Map in tests. */
  env: { get(name: string): string | undefined };
  clock?: Clock;
  /** Where a pod finds its token. */
  serviceAccount?: string;
}

/**
 * Finds the cluster as `kubectl` does: the kubeconfig that is named; else, in a pod, its service account; else `KUBECONFIG`;
 * else `~/.kube/config`. Naming a context asks for a kubeconfig, because a service account has none.
 *
 * @throws ConfigError with one line that says what is wrong and what to do
 */
export async function loadCluster(options: LoadClusterOptions): Promise<Cluster> {
  const { kubeconfig, context, env, clock = systemClock, serviceAccount = SERVICE_ACCOUNT } = options;
  // A pod needs neither a YAML parser nor plugins.
  const open = async (files: string[]) => (await import("./kubeconfig.ts")).openKubeconfig(files, { context, clock });
  if (kubeconfig) return await open([kubeconfig]);
  const inCluster = context ? undefined : await openInCluster({ env, directory: serviceAccount, clock });
  if (inCluster) return inCluster;

  const listed = (env.get("KUBECONFIG") ?? "").split(delimiter).filter((file) => file !== "");
  if (listed.length > 0) return await open(listed);

  const home = env.get("HOME") ?? env.get("USERPROFILE");
  const usual = home ? join(home, ".kube", "config") : undefined;
  if (usual && await exists(usual)) return await open([usual]);
  throw new ConfigError(
    `Cannot find a cluster: this is no pod with a service account, 'KUBECONFIG' is not set and ${
      usual ? `'${usual}' does not exist` : "there is no home directory"
    }; name a kubeconfig with '--kubeconfig FILE'`,
  );
}

/** Whether there is a file, readable or not. */
async function exists(file: string): Promise<boolean> {
  try {
    await Deno.stat(file);
    return true;
  } catch (error) {
    return !(error instanceof Deno.errors.NotFound);
  }
}
