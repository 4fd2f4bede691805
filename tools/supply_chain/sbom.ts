/**
 * `deno task sbom`: prints what is in the binary as a CycloneDX 1.6 document: the packages in the bundle, and the runtime that
 * it is compiled with, which is that of DENO_COMPILE or else of this Deno. The same sources give the same bytes: its time is
 * SOURCE_DATE_EPOCH, else the commit's, and its serial number follows from the rest.
 */
import { createHash } from "node:crypto";
import { join } from "node:path";
import denoConfig from "../../deno.json" with { type: "json" };
import { systemClock } from "../../src/runtime/clock.ts";
import { runTask } from "../bundle.ts";
import { runCommand } from "../control_plane/run_command.ts";
import { type BuildTool, buildTools } from "./build_tools.ts";
import { bundledPackages, idOf, type Package } from "./packages.ts";

/** What the bundle is appended to. */
export interface Runtime {
  deno: string;
  v8: string;
}

/** The text of the document; `time` is in seconds since 1970, and absent where it isn't known. */
export function renderSbom(
  packages: readonly Package[],
  runtime: Runtime,
  time?: number,
  tools: readonly BuildTool[] = [],
): string {
  const root = { ...denoConfig, ref: idOf(denoConfig) };
  const [deno, v8] = [purlOf("github/denoland/deno", `v${runtime.deno}`), purlOf("github/v8/v8", runtime.v8)];
  const content = {
    metadata: {
      ...(time !== undefined && { timestamp: new Date(time * 1000).toISOString().replace(".000Z", "Z") }),
      ...(tools.length > 0 && { tools: { components: tools.map(buildTool) } }),
      component: {
        type: "application",
        "bom-ref": root.ref,
        name: root.name,
        version: root.version,
        licenses: [{ license: { id: root.license } }],
      },
    },
    components: [
      platform("deno", runtime.deno, deno, "MIT"),
      platform("v8", runtime.v8, v8, "BSD-3-Clause"),
      ...packages.map(library),
    ],
    dependencies: [
      { ref: root.ref, dependsOn: [deno, ...directDependencies(packages)] },
      { ref: deno, dependsOn: [v8] },
      ...packages.map((it) => ({ ref: npmPurl(idOf(it)), dependsOn: it.dependencies.map(npmPurl) })),
    ],
    // The Rust libraries in Deno's runtime aren't listed.
    compositions: [{ aggregate: "incomplete", assemblies: [deno] }],
  };
  const head = {
    $schema: "http://cyclonedx.org/schema/bom-1.6.schema.json",
    bomFormat: "CycloneDX",
    specVersion: "1.6",
  };
  return JSON.stringify({ ...head, serialNumber: serialNumber(content), version: 1, ...content }, null, 2) + "\n";
}

function library({ name, version, licence, sha512 }: Package) {
  const purl = npmPurl(idOf({ name, version }));
  const [group, short] = name.startsWith("@") ? name.split("/") : [undefined, name];
  const isExpression = /\s/.test(licence);
  return {
    type: "library",
    "bom-ref": purl,
    ...(group && { group }),
    name: short,
    version,
    scope: "required",
    hashes: [{ alg: "SHA-512", content: sha512 }],
    licenses: [isExpression ? { expression: licence } : { license: { id: licence } }],
    purl,
  };
}

function buildTool({ name, version, purl, hashes }: BuildTool) {
  return { type: "application", name, version, purl, ...(hashes.length > 0 && { hashes }) };
}

function platform(name: string, version: string, purl: string, licence: string) {
  return { type: "platform", "bom-ref": purl, name, version, licenses: [{ license: { id: licence } }], purl };
}

/** Those that `deno.json` imports. */
function directDependencies(packages: readonly Package[]): string[] {
  const imported = new Set<string>(Object.values(denoConfig.imports));
  return packages.map(idOf).filter((id) => imported.has(`npm:${id}`)).map(npmPurl);
}

function npmPurl(id: string): string {
  const at = id.lastIndexOf("@");
  return purlOf(`npm/${id.slice(0, at).replace("@", "%40")}`, id.slice(at + 1));
}

function purlOf(path: string, version: string): string {
  return `pkg:${path}@${encodeURIComponent(version)}`;
}

/** A UUID of version 8, whose bits are up to its maker. */
function serialNumber(content: unknown): string {
  const hash = createHash("sha256").update(JSON.stringify(content)).digest("hex");
  const [, a, b, c, d, e] = /^(.{8})(.{4}).(.{3}).(.{3})(.{12})/.exec(hash)!;
  return `urn:uuid:${a}-${b}-8${c}-8${d}-${e}`;
}

async function sbom(): Promise<string> {
  const deno = Deno.env.get("DENO_COMPILE") || Deno.execPath();
  const runtime: Runtime = JSON.parse(await run(deno, ["eval", "console.log(JSON.stringify(Deno.version))"]));
  // The suffix names Deno's binding to V8, not V8.
  runtime.v8 = runtime.v8.replace(/-rusty$/, "");
  const tools = await buildTools(runtime.deno);
  return renderSbom(await bundledPackages(), runtime, await sourceTime(), tools).trimEnd();
}

async function sourceTime(): Promise<number | undefined> {
  const given = Deno.env.get("SOURCE_DATE_EPOCH") || await run("git", ["log", "-1", "--format=%ct"]).catch(() => "");
  if (given === "") return undefined;
  if (!/^\d+\s*$/.test(given)) throw new Error(`'SOURCE_DATE_EPOCH' is '${given}', but must be seconds since 1970`);
  return Number(given);
}

function run(command: string, args: string[]): Promise<string> {
  const cwd = join(import.meta.dirname!, "..", "..");
  return runCommand(command, args, { clock: systemClock, timeoutMs: 60_000, cwd });
}

if (import.meta.main) await runTask(sbom);
