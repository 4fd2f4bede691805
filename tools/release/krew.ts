/**
 * Fills in `.krew.yaml` for one release, as krew-release-bot does.
 *
 *   deno run -A tools/release/krew.ts TAG SHA256SUMS    prints the manifest; the file is as sha256sum writes it
 */
import { basename, join } from "node:path";
import { runTask } from "../bundle.ts";

/**
 * The manifest of one release.
 *
 * @param sums what `sha256sum` says of the release's files
 * @throws Error if an archive that the template names has no checksum
 */
export function renderKrew(template: string, tag: string, sums: string): string {
  const checksums = new Map(
    Array.from(sums.matchAll(/^([0-9a-f]{64}) [ *](.+)$/gm), ([, sum, file]) => [file!, sum!]),
  );
  return template
    .replaceAll("{{ .TagName }}", tag)
    .replace(/^( *)\{\{addURIAndSha "([^"]+)" \.TagName \}\}$/gm, (_, indent: string, uri: string) => {
      const sum = checksums.get(basename(uri));
      if (sum === undefined) throw new Error(`Cannot find '${basename(uri)}' among the checksums`);
      // In quotes, since digits alone, or with one e among them, would be a number.
      return `${indent}uri: ${uri}\n${indent}sha256: "${sum}"`;
    });
}

async function krew([tag, sums]: string[]): Promise<string> {
  if (!tag || !sums) throw new Error("Cannot fill in '.krew.yaml': write krew.ts TAG SHA256SUMS");
  const template = await Deno.readTextFile(join(import.meta.dirname!, "..", "..", ".krew.yaml"));
  return renderKrew(template, tag, await Deno.readTextFile(sums)).trimEnd();
}

if (import.meta.main) await runTask(() => krew(Deno.args));
