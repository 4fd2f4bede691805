/**
 * Writes the files that follow from the service facts: the CRD, the TypeScript of its spec, the
 * reference of its fields, and the install manifests.
 * With `--check` it writes nothing, and fails if a committed file differs from a fresh one.
 */
import { GROUP, PLURAL } from "../../src/api/group.ts";
import { adapt } from "./adapt.ts";
import { renderCrd } from "./crd.ts";
import { checkDescriptions } from "./descriptions.ts";
import { renderManifests } from "./manifests.ts";
import { renderReference } from "./reference.ts";
import { renderTypes } from "./types.ts";

const ROOT = new URL("../../", import.meta.url);

/** The generated files: path from the repository's root, and content. */
export function generate(): Map<string, string> {
  const shapes = adapt();
  checkDescriptions(shapes);
  const crd = renderCrd(shapes);
  return new Map([
    [`crds/${GROUP}_${PLURAL}.yaml`, crd],
    ["src/api/spec_generated.ts", renderTypes(shapes)],
    ["docs/api-reference.md", renderReference(crd)],
    ...renderManifests(crd),
  ]);
}

/** The first line in which two texts differ, for a message; absent if they are equal. */
export function firstDifference(committed: string, fresh: string): string | undefined {
  if (committed === fresh) return undefined;
  const [ours, theirs] = [committed.split("\n"), fresh.split("\n")];
  const line = theirs.findIndex((text, index) => text !== ours[index]);
  const at = line === -1 ? theirs.length : line;
  return `line ${at + 1} is '${ours[at] ?? ""}', a fresh one has '${theirs[at] ?? ""}'`;
}

/** Says what is out of date, one line a file. */
export async function check(): Promise<string[]> {
  const problems: string[] = [];
  for (const [path, fresh] of generate()) {
    const committed = await Deno.readTextFile(new URL(path, ROOT)).catch(() => "");
    const difference = firstDifference(committed, fresh);
    if (difference) problems.push(`Cannot accept '${path}': ${difference}; run 'deno task generate'`);
  }
  return problems;
}

async function write(): Promise<void> {
  for (const [path, content] of generate()) {
    const file = new URL(path, ROOT);
    await Deno.mkdir(new URL(".", file), { recursive: true });
    await Deno.writeTextFile(file, content);
  }
}

if (import.meta.main) {
  if (Deno.args.includes("--check")) {
    const problems = await check();
    await Deno.stderr.write(new TextEncoder().encode(problems.map((problem) => `${problem}\n`).join("")));
    Deno.exit(problems.length === 0 ? 0 : 1);
  }
  await write();
}
