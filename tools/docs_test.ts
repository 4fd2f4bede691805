/** What the documentation says of the code, and of itself, is so. */
import assert from "node:assert/strict";
import { dirname, join } from "node:path";
import { REASONS } from "../src/api/job.ts";
import { FACTS } from "../src/sagemaker/facts.ts";

const ROOT = join(import.meta.dirname!, "..");
const PAGES = [
  "install",
  "credentials",
  "upgrade",
  "migrate",
  "troubleshooting",
  "secrets",
  "policies",
  "api-reference",
  "tenants",
  "argocd/README",
  "untried",
  "dependencies",
]
  .map((name) => `docs/${name}.md`);

const read = (path: string) => Deno.readTextFile(join(ROOT, path));

/** Headings as renderers of Markdown name them in links. */
function anchors(markdown: string): string[] {
  return headings(markdown).map((heading) =>
    heading.toLowerCase().replace(/[^\p{L}\p{N}\s_-]/gu, "").replaceAll(" ", "-")
  );
}

function headings(markdown: string, depth = "#+"): string[] {
  const prose = markdown.replace(/^```.*?^```$/gms, "");
  return [...prose.matchAll(new RegExp(`^${depth} (.+)$`, "gm"))].map(([, heading]) => heading!);
}

Deno.test("troubleshooting has a heading for every reason that a condition may have, and for no other", async () => {
  assert.deepEqual(headings(await read("docs/troubleshooting.md"), "##").sort(), [...REASONS].sort());
});

Deno.test("links between pages lead to files and headings that are there", async () => {
  for (const page of PAGES) {
    for (const [, link] of (await read(page)).replace(/`[^`\n]*`/g, "").matchAll(/\]\(([^)\s]+)\)/g)) {
      if (/^https?:/.test(link!)) continue;
      const [path, anchor] = link!.split("#");
      const target = path === "" ? page : join(dirname(page), path!);
      const text = await read(target).catch(() => assert.fail(`${page} links to '${link}', which is not there`));
      if (anchor !== undefined) assert.ok(anchors(text).includes(anchor), `${page} links to '${link}'`);
    }
  }
});

Deno.test("the operator's policy allows what the operator calls, on jobs and on roles alone, and nothing else", async () => {
  const policies = await policiesIn("docs/credentials.md");
  assert.deepEqual(Object.keys(policies), [
    "operator-policy",
    "logs-policy",
    "assume-role-policy",
    "trust-policy",
    "job-policy",
    "irsa-trust-policy",
  ]);
  const statements = policies["operator-policy"]!.Statement;
  const called = Object.keys(FACTS.operations).filter((name) => name !== "DeleteProcessingJob");
  assert.deepEqual(
    statements.flatMap(({ Action }) => Action).sort(),
    [...called.map((name) => `sagemaker:${name}`), "iam:PassRole"].sort(),
  );
  const everywhere = statements.filter(({ Resource }) => Resource === "*").flatMap(({ Action }) => Action);
  assert.deepEqual(everywhere, ["sagemaker:ListProcessingJobs"]);
});

interface Policy {
  Version: string;
  Statement: { Action: string | string[]; Resource?: string | string[] }[];
}

async function policiesIn(page: string): Promise<Record<string, Policy>> {
  const blocks = [...(await read(page)).matchAll(/^```json (\S+)\n(.*?)^```$/gms)];
  return Object.fromEntries(blocks.map(([, name, text]) => [name, JSON.parse(text!)]));
}
