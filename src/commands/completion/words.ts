import type { CommandSpec } from "../arguments.ts";

/** The shells that there are scripts for. */
export const SHELLS = ["bash", "zsh", "fish"] as const;
export type Shell = (typeof SHELLS)[number];

/** Where the words come from that may stand at a place: a fixed list, the file system, or the cluster, by kubectl. */
export type Source = readonly string[] | "files" | keyof typeof KUBECTL;

/** kubectl's arguments that give the words, one on each line. */
export const KUBECTL = {
  contexts: "config get-contexts -o name",
  namespaces: "get namespaces -o custom-columns=:metadata.name --no-headers",
  jobs: "get processingjobs.sagemaker.aws.amazon.com -o custom-columns=:metadata.name --no-headers",
} as const;

/**
 * The characters of the names that are offered, as in a shell's bracket expression. A name begins with a letter or a digit. Others
 * may be written by other people, as the contexts of a kubeconfig that is passed on, and would be commands, flags or control
 * characters on the command line. What Kubernetes, EKS and kubeadm call things is within these.
 */
export const NAME_CHARACTERS = "A-Za-z0-9_.:/@+=,-";

/** The flags whose values kubectl needs as well, to ask the same cluster. */
export const CLUSTER_FLAGS = { context: ["--context"], kubeconfig: ["--kubeconfig"], namespace: ["-n", "--namespace"] };

export interface FlagWords {
  long: string;
  /** A single letter. */
  short?: string;
  help: string;
  /** Absent for a switch; empty where the values are not known. */
  value?: Source;
}

export interface CommandWords {
  name: string;
  summary: string;
  flags: FlagWords[];
  /** What its argument may be; absent if it has none. */
  argument?: Source;
}

const ARGUMENTS: Record<string, Source> = { NAME: "jobs", SHELL: SHELLS };
const VALUES: Record<string, Source> = { context: "contexts", namespace: "namespaces" };

/** What may be typed after the program's name. */
export function wordsOf(specs: readonly CommandSpec[]): CommandWords[] {
  return specs.map(({ name, summary, positionals: [positional] = [], flags }) => ({
    name,
    summary,
    flags: Object.entries(flags).map(([long, { aliases, placeholder, values, help }]) => {
      const short = aliases.find((alias) => alias.length === 1);
      const value = values ?? (placeholder === "FILE" ? "files" : VALUES[long] ?? []);
      return { long, ...(short && { short }), help, ...(placeholder !== undefined && { value }) };
    }),
    ...(positional !== undefined && { argument: ARGUMENTS[positional] ?? [] }),
  }));
}

/** The ways to write a flag. */
export function formsOf({ long, short }: FlagWords): string[] {
  return [...(short === undefined ? [] : [`-${short}`]), `--${long}`];
}
