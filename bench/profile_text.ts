import type { CpuProfile, ProfileNode } from "./profiler.ts";
import { sum } from "./statistics.ts";

/** What isn't the program's: waiting, and what the inspector costs that took the profile. */
const NOT_OURS = /^\(idle\)$|^op_inspector|\binspector_network_bridge\b/;
/** What a function's place tells of the work it belongs to; what it calls belongs to the same unless that has a kind of its own. */
const KINDS: [RegExp, string][] = [
  [/\(garbage collector\)/, "garbage collection"],
  [/logtape|src\/telemetry\//, "log"],
  [/timers|src\/runtime\//, "queue and timers"],
  [/@smithy|@aws-sdk|node:_http|deno_node|sagemaker\/(client|to_job)/, "calls of AWS: SDK, node:http, signatures"],
  [/src\/kubernetes\/event/, "Events"],
  [/deno_fetch|streams\.js|kubernetes\/(client|connection)/, "requests of the apiserver: fetch, streams, JSON"],
  [/src\/kubernetes\//, "watch and store"],
  [/src\/processing_job\//, "what to do, and what to write"],
  [/src\/sagemaker\//, "following jobs"],
];
/** How many lines each part of the text has. */
const MOST = 30;

/** The largest costs of a profile: by kind of work, by place (a file of ours, a package, a part of Deno), and by function with and without what it calls. */
export function profileText(profile: CpuProfile): string {
  const selves = selfTimes(profile);
  const own = withoutOverhead(profile.nodes);
  const total = sum(own.map(({ id }) => selves.get(id)!));
  const within = totalTimes(own, selves);
  const parts = [
    ["by kind of work", kinds(own, selves)],
    ["by place", grouped(own, placeOf, selves)],
    ["by function, without what it calls", grouped(own, functionOf, selves)],
    ["by function of ours, with what it calls", within],
  ] as const;
  const elapsed = (profile.endTime - profile.startTime) / 1e6;
  const head = `${(total / 1e6).toFixed(2)} s of CPU in ${elapsed.toFixed(1)} s\n`;
  return head + parts.map(([title, times]) => `\n${title}\n${lines(times, total)}`).join("");
}

/** The nodes that are the program's, in the order in which they were: a child never stands before its parent. */
function withoutOverhead(nodes: readonly ProfileNode[]): ProfileNode[] {
  const left = new Set<number>();
  return nodes.filter(({ id, callFrame, children = [] }) => {
    if (!left.has(id) && ![callFrame.functionName, callFrame.url].some((each) => NOT_OURS.test(each))) return true;
    for (const child of children) left.add(child);
    return false;
  });
}

/** Microseconds by node, without its children. */
function selfTimes({ nodes, samples, timeDeltas }: CpuProfile): Map<number, number> {
  const times = new Map(nodes.map(({ id }) => [id, 0]));
  // A sample stands for the time until the next one.
  samples.forEach((id, index) => times.set(id, times.get(id)! + Math.max(0, timeDeltas[index + 1] ?? 0)));
  return times;
}

/** Microseconds by function of the operator, with all that it called before it first waited; one that calls itself counts once. */
function totalTimes(nodes: readonly ProfileNode[], selves: ReadonlyMap<number, number>): Map<string, number> {
  const byId = new Map(nodes.map((node) => [node.id, node]));
  const times = new Map<string, number>();
  const visit = (node: ProfileNode, above: ReadonlySet<string>): number => {
    const name = functionOf(node);
    const isFirst = isOurs(node) && !above.has(name);
    const inner = isFirst ? new Set([...above, name]) : above;
    const children = (node.children ?? []).flatMap((id) => byId.get(id) ?? []);
    const time = selves.get(node.id)! + sum(children.map((child) => visit(child, inner)));
    if (isFirst) times.set(name, (times.get(name) ?? 0) + time);
    return time;
  };
  if (nodes[0]) visit(nodes[0], new Set());
  return times;
}

/** Microseconds by kind of work. */
function kinds(nodes: readonly ProfileNode[], selves: ReadonlyMap<number, number>): Map<string, number> {
  const inherited = new Map<number, string>();
  const times = new Map<string, number>();
  // A node stands before its children.
  for (const node of nodes) {
    const place = `${placeOf(node)} ${node.callFrame.url}`;
    const kind = KINDS.find(([pattern]) => pattern.test(place))?.[1] ?? inherited.get(node.id) ?? "other";
    for (const child of node.children ?? []) inherited.set(child, kind);
    times.set(kind, (times.get(kind) ?? 0) + selves.get(node.id)!);
  }
  return times;
}

function grouped(
  nodes: readonly ProfileNode[],
  nameOf: (node: ProfileNode) => string,
  times: ReadonlyMap<number, number>,
): Map<string, number> {
  const sums = new Map<string, number>();
  for (const node of nodes) sums.set(nameOf(node), (sums.get(nameOf(node)) ?? 0) + times.get(node.id)!);
  return sums;
}

function isOurs({ callFrame: { url } }: ProfileNode): boolean {
  return /\/src\/.*\.ts$/.test(url) && !url.includes("/npm/");
}

/** `src/kubernetes/watch.ts`, `npm:@smithy/core`, `ext:deno_fetch`; or the engine's own name, as `(garbage collector)`. */
export function placeOf(node: ProfileNode): string {
  const { url, functionName } = node.callFrame;
  if (url === "") return functionName.startsWith("(") ? functionName : "(engine)";
  const packageName = /\/npm\/[^/]+\/((?:@[^/]+\/)?[^/]+)\//.exec(url)?.[1];
  if (packageName !== undefined) return `npm:${packageName}`;
  return /^.*\/(src\/.*)$/.exec(url)?.[1] ?? url.split("/").slice(0, 1).join("/");
}

function functionOf(node: ProfileNode): string {
  const { functionName, url, lineNumber } = node.callFrame;
  const place = placeOf(node);
  if (url === "") return functionName || place;
  const file = place.startsWith("npm:") ? `${place} ${url.split("/").at(-1)}` : isOurs(node) ? place : url;
  return `${functionName || "(anonymous)"} ${file}:${lineNumber + 1}`;
}

function lines(times: ReadonlyMap<string, number>, total: number): string {
  const largest = [...times].sort(([, a], [, b]) => b - a).slice(0, MOST).filter(([, time]) => time > 0);
  return largest.map(([name, time]) => {
    const share = `${(time / total * 100).toFixed(1)} %`;
    return `${(time / 1000).toFixed(0).padStart(8)} ms ${share.padStart(7)}  ${name}\n`;
  }).join("");
}
