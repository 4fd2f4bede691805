/** What a release is built and checked with, as it is pinned: for the SBOM's `metadata.tools`. */
import { Buffer } from "node:buffer";
import { join } from "node:path";

const ROOT = join(import.meta.dirname!, "../..");

/** A program or package that is no part of the binary. */
export interface BuildTool {
  name: string;
  version: string;
  purl: string;
  /** Of the files that may be downloaded for it; empty where it can't be pinned by hash. */
  hashes: { alg: "SHA-256" | "SHA-512"; content: string }[];
}

/** Deno from npm, and the checkers from PyPI; `denort` comes from Deno's releases, which have no hash here (docs/untried.md). */
export async function buildTools(runtime: string): Promise<BuildTool[]> {
  const lock = JSON.parse(await Deno.readTextFile(join(ROOT, ".ci/deno/package-lock.json")));
  const folder = join(ROOT, "tools/python");
  const files = (await Array.fromAsync(Deno.readDir(folder), ({ name }) => name)).filter((name) =>
    name.endsWith(".txt")
  );
  const requirements = await Promise.all(files.sort().map((name) => Deno.readTextFile(join(folder, name))));
  const denort = { name: "denort", version: runtime, purl: `pkg:github/denoland/deno@v${runtime}#cli/rt`, hashes: [] };
  return [denort, ...npmTools(lock), ...distinct(requirements.flatMap(pythonTools))];
}

/** The packages of a `package-lock.json`. */
export function npmTools(
  { packages }: { packages: Record<string, { version?: string; integrity?: string }> },
): BuildTool[] {
  return Object.entries(packages).flatMap(([path, { version, integrity }]) => {
    if (version === undefined || !integrity?.startsWith("sha512-")) return [];
    const name = path.slice(path.lastIndexOf("node_modules/") + "node_modules/".length);
    const content = Buffer.from(integrity.slice("sha512-".length), "base64").toString("hex");
    const purl = `pkg:npm/${name.replace("@", "%40")}@${version}`;
    return [{ name, version, purl, hashes: [{ alg: "SHA-512" as const, content }] }];
  });
}

/** The packages of a requirements file with hashes. */
export function pythonTools(requirements: string): BuildTool[] {
  const entries = requirements.replaceAll("\\\n", " ").split("\n");
  return entries.flatMap((entry) => {
    const [, name, version] = /^([\w.-]+)(?:\[[^\]]*\])?==(\S+)/.exec(entry) ?? [];
    if (name === undefined || version === undefined) return [];
    const hashes = [...entry.matchAll(/--hash=sha256:([0-9a-f]{64})/g)].map(([, content]) => {
      return { alg: "SHA-256" as const, content: content! };
    });
    return [{ name, version, purl: `pkg:pypi/${name.toLowerCase().replaceAll(/[._]/g, "-")}@${version}`, hashes }];
  });
}

/** Two checkers may need the same package. */
function distinct(tools: BuildTool[]): BuildTool[] {
  return [...new Map(tools.map((tool) => [tool.purl, tool])).values()];
}
