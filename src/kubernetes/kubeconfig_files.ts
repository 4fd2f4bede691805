import type { Cluster, Context, User } from "@kubernetes/client-node";
import { newClusters, newContexts, newUsers } from "@kubernetes/client-node/dist/config_types.js";
import { dirname, resolve } from "node:path";
import { parse as parseYaml, YAMLParseError } from "yaml";
import { ConfigError } from "./errors.ts";
import { readText } from "./files.ts";

/** What one or more kubeconfigs hold; the paths in it are absolute. */
export interface Entries {
  contexts: Context[];
  clusters: Cluster[];
  users: LocatedUser[];
  currentContext?: string | undefined;
}

/** A user, with what client-node doesn't know of one. */
export interface LocatedUser extends User {
  tokenFile?: string | undefined;
  /** Whom to act as, but for the name, which is `impersonateUser`. */
  impersonation?: Impersonation | undefined;
  /** That of its kubeconfig, which the command of its plugin may be relative to. */
  directory: string;
}

/**
 * Reads kubeconfigs. Of several files the first that names something wins, and missing ones are passed over unless all are
 * missing, as with `kubectl`.
 *
 * @throws ConfigError that never quotes a file, because files hold credentials
 */
export async function readEntries(files: string[]): Promise<Entries> {
  const merged: Entries = { contexts: [], clusters: [], users: [] };
  let isFound = false;
  for (const file of files) {
    const text = await readText(file, "kubeconfig", { optional: true });
    if (text === undefined) continue;
    isFound = true;
    const entries = parse(file, text);
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

function parse(file: string, text: string): Entries {
  const refuse = (why: string) => new ConfigError(`Cannot read kubeconfig '${file}': ${why}`);
  if (text.trim() === "") throw refuse("it is empty");
  let raw: RawEntries;
  try {
    raw = parseYaml(text, { merge: true, logLevel: "error" });
  } catch (error) {
    throw refuse(`it is not valid YAML: ${whyNotYaml(error)}`);
  }
  if (typeof raw !== "object" || raw === null) throw refuse("it is not a YAML mapping");
  try {
    return entriesOf(raw, dirname(resolve(file)));
  } catch (error) {
    throw refuse(error instanceof Error ? error.message : String(error));
  }
}

/** As in a kubeconfig, and as unchecked. */
export interface Impersonation {
  "as-uid"?: unknown;
  "as-groups"?: unknown;
  "as-user-extra"?: unknown;
}

interface RawEntries {
  clusters?: unknown;
  contexts?: unknown;
  users?: { user?: { tokenFile?: string } & Impersonation }[];
  "current-context"?: string;
}

/** The messages of the parser may quote what they are about. */
function whyNotYaml(error: unknown): string {
  if (!(error instanceof YAMLParseError)) return "unknown reason";
  const reason = error.code.toLowerCase().replaceAll("_", " ");
  return error.linePos ? `${reason} in line ${error.linePos[0].line}` : reason;
}

function entriesOf(raw: RawEntries, directory: string): Entries {
  const clusters = newClusters(raw.clusters);
  for (const cluster of clusters) {
    if (cluster.caFile) cluster.caFile = resolve(directory, cluster.caFile);
  }
  const users = newUsers(raw.users).map((user, index) => {
    if (user.certFile) user.certFile = resolve(directory, user.certFile);
    if (user.keyFile) user.keyFile = resolve(directory, user.keyFile);
    const { tokenFile, ...impersonation } = raw.users?.[index]?.user ?? {};
    return { ...user, directory, impersonation, tokenFile: tokenFile && resolve(directory, tokenFile) };
  });
  return { contexts: newContexts(raw.contexts), clusters, users, currentContext: raw["current-context"] };
}
