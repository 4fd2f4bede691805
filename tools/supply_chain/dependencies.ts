/**
 * `deno task dependencies`: writes the list of what is in the bundle, and the texts of its licences. With `--check` it writes
 * nothing, and fails if a committed file differs from a fresh one.
 */
import { join } from "node:path";
import { runTask } from "../bundle.ts";
import { firstDifference } from "../generate/main.ts";
import { bundledPackages, compare, idOf, type Package } from "./packages.ts";

const ROOT = join(import.meta.dirname!, "..", "..");
const PAGE = "docs/dependencies.md";
const NOTICES = "THIRD_PARTY_NOTICES.txt";

/** The page of `docs/`: packages, versions, licences. */
export function renderPage(packages: readonly Package[]): string {
  const rows = packages.map(({ name, version, licence }) => `| \`${name}\` | ${version} | ${licence} |`);
  const counts = Map.groupBy(packages, ({ licence }) => licence);
  const licences = Array.from(counts, ([licence, { length }]) => `${licence} (${length})`).sort(compare);
  return `# What is in the bundle

Made by \`deno task dependencies\`, and held up to date by \`deno task ok\`. These are the npm packages of which at least one module is in
the bundle, and so in the binary and in the image, by the bundler's own account. \`deno.lock\` names more: what is for tests and
tools alone, and what the bundler has left out. The texts of their licences are in \`${NOTICES}\`, which the image holds too.

${packages.length} packages: ${licences.join(", ")}.

| package | version | licence |
| --- | --- | --- |
${rows.join("\n")}

The binary also has Deno's runtime in it (MIT), with V8 (BSD-3-Clause) and the Rust libraries that Deno is built from: those are in the
\`Cargo.lock\` of Deno's repository and not listed here; \`${NOTICES}\` has the licences of Deno and V8. The image adds what its base, distroless \`cc\`, holds: glibc, libgcc, certificates.

\`deno task sbom\` prints the same as a CycloneDX document, with hashes and with the version of the runtime.
`;
}

/** Deno's LICENSE.md, V8's LICENSE.v8, and where the licences of the runtime's crates are. */
const RUNTIME_NOTICE = await Deno.readTextFile(join(import.meta.dirname!, "runtime_notice.txt"));

/** The licences' texts, each once, with the packages that have it. */
export function renderNotices(packages: readonly Package[]): string {
  const parts = [
    ...Map.groupBy(packages, ({ licence, text }) => text ?? `${licence}. The package has no licence file.`),
  ]
    .map(([text, group]) => `${group.map(idOf).join("\n")}\n\n${text}\n`);
  return [RUNTIME_NOTICE, `The bundle holds code of these packages, under these licences.\n`, ...parts].join(
    `\n${"-".repeat(80)}\n\n`,
  );
}

async function update(isCheck: boolean): Promise<string> {
  const packages = await bundledPackages();
  const files = { [PAGE]: renderPage(packages), [NOTICES]: renderNotices(packages) };
  for (const [path, fresh] of Object.entries(files)) {
    if (!isCheck) {
      await Deno.writeTextFile(join(ROOT, path), fresh);
      continue;
    }
    const committed = await Deno.readTextFile(join(ROOT, path)).catch(() => "");
    const difference = firstDifference(committed, fresh);
    if (difference) throw new Error(`Cannot accept '${path}': ${difference}; run 'deno task dependencies'`);
  }
  return `${packages.length} packages are in the bundle`;
}

if (import.meta.main) await runTask(() => update(Deno.args.includes("--check")));
