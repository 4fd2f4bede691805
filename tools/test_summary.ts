/** What came of one stage of the tests. */
export interface StageResult {
  passed: number;
  failed: number;
  /** Names of what failed. */
  failures: string[];
  /** Names of what was skipped; neither passed nor failed. */
  skipped: string[];
}

/** How a run of `deno test` ended. */
export interface TestRun {
  exitCode: number;
  /** What it printed; its last line but blank ones is its summary. */
  output: string;
  /** Its JUnit report; empty if it wrote none. */
  junit: string;
}

const SUMMARY = /^(?:ok|FAILED) \| (\d+) passed(?: \([^)]*\))? \| (\d+) failed/gm;
// deno-lint-ignore no-control-regex
const COLOURS = /\x1b\[[\d;]*m/g;

/**
 * Reads what a run of `deno test` says of itself. Counts are taken from its summary, which holds also modules that failed to
 * load; names from its report. A run without a summary, or with a bad exit code and no failure, counts as one failure.
 */
export function readTestRun(stage: string, { exitCode, output, junit }: TestRun): StageResult {
  const summary = [...output.replace(COLOURS, "").matchAll(SUMMARY)].at(-1);
  const cases = readJunit(junit);
  const passed = Number(summary?.[1] ?? 0);
  let failed = Number(summary?.[2] ?? 0);
  const failures = cases.filter((each) => each.failed).map((each) => `${stage}: ${each.name} (${each.file})`);
  if (!summary || (exitCode !== 0 && failed === 0)) {
    failed++;
    const what = summary ? "no test failed, but it" : "it didn't get to its end and";
    failures.push(`${stage}: ${what} ended with exit code ${exitCode}`);
  } else if (failed > failures.length) {
    failures.push(`${stage}: ${failed - failures.length} outside of tests, see above`);
  }
  return {
    passed,
    failed,
    failures,
    skipped: cases.filter((each) => each.skipped).map((each) => `${stage}: ${each.name}`),
  };
}

/** The closing lines of all stages; the last one holds the two counts alone. */
export function closingLines(results: readonly StageResult[]): string[] {
  const count = (of: (result: StageResult) => number) => results.reduce((sum, result) => sum + of(result), 0);
  const section = (title: string, names: string[]) =>
    names.length === 0 ? [] : [title, ...names.map((name) => `  ${name}`), ""];
  return [
    "",
    ...section("Skipped:", results.flatMap(({ skipped }) => skipped)),
    ...section("Failed:", results.flatMap(({ failures }) => failures)),
    `${count(({ passed }) => passed)} passed, ${count(({ failed }) => failed)} failed`,
  ];
}

interface Case {
  name: string;
  file: string;
  failed: boolean;
  skipped: boolean;
}

/** The test cases of a JUnit report as Deno writes it, which escapes what could be taken for a tag. */
function readJunit(xml: string): Case[] {
  return [...xml.matchAll(/<testcase name="([^"]*)" classname="([^"]*)"[^>]*?(?:\/>|>([\s\S]*?)<\/testcase>)/g)]
    .map(([, name, file, body = ""]) => ({
      name: unescape(name!),
      file: unescape(file!),
      failed: /<(failure|error)\b/.test(body),
      skipped: /<skipped\b/.test(body),
    }));
}

const ENTITIES: Record<string, string> = { lt: "<", gt: ">", quot: '"', apos: "'", amp: "&" };

function unescape(text: string): string {
  return text.replace(/&(?:#(\d+)|(\w+));/g, (whole, code: string | undefined, name: string | undefined) => {
    return code === undefined ? ENTITIES[name!] ?? whole : String.fromCodePoint(Number(code));
  });
}
