/** What `kubectl` would show, on a machine that has none. */
import type { Cluster } from "../../src/kubernetes/config.ts";
import type { KubeObject } from "../../src/kubernetes/objects.ts";

interface Table {
  columnDefinitions: { name: string; priority: number }[];
  rows: { cells: unknown[] }[];
}

/** `kubectl get` of a collection's path: the table that the apiserver renders, without the columns of `-o wide`. */
export async function table(cluster: Cluster, path: string, signal: AbortSignal): Promise<string> {
  const headers = { accept: "application/json;as=Table;v=v1;g=meta.k8s.io" };
  const answer = await cluster.fetch(path, { headers, signal });
  const { columnDefinitions, rows }: Table = await answer.json();
  const shown = columnDefinitions.flatMap(({ priority }, index) => priority === 0 ? [index] : []);
  const lines = [
    shown.map((index) => columnDefinitions[index]!.name.toUpperCase()),
    ...rows.map(({ cells }) => shown.map((index) => String(cells[index] ?? ""))),
  ];
  const widths = shown.map((_, column) => Math.max(...lines.map((line) => line[column]!.length)));
  return lines.map((line) => line.map((cell, column) => cell.padEnd(widths[column]!)).join("   ").trimEnd()).join("\n");
}

/** `kubectl describe` of an object, its spec left out. */
export function described(object: KubeObject & { apiVersion?: string; kind?: string; status?: unknown }): string {
  const { name, namespace, creationTimestamp, finalizers } = object.metadata as KubeObject["metadata"] & {
    creationTimestamp?: string;
    finalizers?: string[];
  };
  const fields = { name, namespace, apiVersion: object.apiVersion, kind: object.kind };
  return lines({ ...fields, metadata: { creationTimestamp, finalizers }, status: object.status }, "").join("\n");
}

function lines(value: object, indent: string): string[] {
  const entries = Object.entries(value).filter(([, inner]) => inner !== undefined);
  const width = Math.max(...entries.map(([key]) => label(key).length)) + 3;
  return entries.flatMap(([key, inner]) => {
    if (Array.isArray(inner)) {
      return [`${indent}${label(key)}:`, ...inner.flatMap((element) => elementLines(element, `${indent}  `))];
    }
    if (typeof inner === "object" && inner !== null) return [`${indent}${label(key)}:`, ...lines(inner, `${indent}  `)];
    return [`${indent}${`${label(key)}:`.padEnd(width)}${inner}`];
  });
}

function elementLines(element: unknown, indent: string): string[] {
  return typeof element === "object" && element !== null ? lines(element, indent) : [`${indent}${element}`];
}

/** `lastCheckTime` is `Last Check Time`, as in `kubectl describe`. */
function label(key: string): string {
  const words = key.replace(/([a-z0-9])([A-Z])/g, "$1 $2").replace(/^(api) /i, "API ");
  return words[0]!.toUpperCase() + words.slice(1);
}
