/** The command behind `deno task bench`: what the operator costs, and how soon it does what. */
import { systemClock } from "../src/runtime/clock.ts";
import { rfc3339 } from "../src/api/time.ts";
import { errorText } from "../src/telemetry/error_text.ts";
import { type BenchArguments, parseBenchArguments, USAGE } from "./arguments.ts";
import { writeDocs } from "./docs.ts";
import { machine } from "./machine.ts";
import type { Outcome, Scenario } from "./outcome.ts";
import { costText, type Report, tableText } from "./report.ts";
import { rowsOf } from "./rows.ts";
import { SCENARIOS } from "./scenarios.ts";
import { hideEnvironment } from "./environment.ts";

const encoder = new TextEncoder();
const print = (text: string) => void Deno.stdout.writeSync(encoder.encode(text));
const complain = (text: string) => void Deno.stderr.writeSync(encoder.encode(`bench: ${text}\n`));

if (import.meta.main) Deno.exit(await main(Deno.args));

async function main(args: string[]): Promise<number> {
  let options: BenchArguments;
  try {
    options = parseBenchArguments(args);
  } catch (error) {
    complain(`${errorText(error)}; --help says what there is`);
    return 2;
  }
  if (options.help) {
    print(USAGE);
    return 0;
  }
  const stopping = new AbortController();
  for (const name of ["SIGINT", "SIGTERM"] as const) {
    // Leaving at once would leave servers behind.
    Deno.addSignalListener(name, () => stopping.abort(new DOMException("Stopped", "AbortError")));
  }
  try {
    if (options.docs !== undefined) {
      await writeDocs(await readReport(options.docs));
      return 0;
    }
    const earlier = options.baseline === undefined ? undefined : await readReport(options.baseline);
    const { report, baseline = earlier } = await measure(options, stopping.signal);
    print(tableText(report.rows, baseline?.rows));
    print(`\n${costText(report.outcomes)}`);
    return report.rows.every(({ ok = true }) => ok) ? 0 : 1;
  } catch (error) {
    complain(errorText(error));
    return stopping.signal.aborted ? 130 : 1;
  }
}

/**
 * Runs the scenarios one after another, and each part of one for both operators before the next: so what else the machine does befalls
 * both. What was measured so far is in the file also if a later one fails.
 */
async function measure(options: BenchArguments, signal: AbortSignal): Promise<{ report: Report; baseline?: Report }> {
  const { program, against, latencyMs, windowMs, n, profiles, account } = options;
  const [outcomes, others]: [Outcome[], Outcome[]] = [[], []];
  const reportOf = async (program: string, outcomes: Outcome[]): Promise<Report> => ({
    at: rfc3339(systemClock.now()),
    machine: await machine(program),
    options: { program, latencyMs, windowMs },
    rows: rowsOf(outcomes),
    outcomes,
  });
  const write = async (path: string, report: Report) => await Deno.writeTextFile(path, JSON.stringify(report, null, 2));
  hideEnvironment();
  if (profiles !== undefined) await Deno.mkdir(profiles, { recursive: true });
  for (const name of options.scenarios) {
    complain(`${name}: ${SCENARIOS[name].summary}`);
    const setting = { account, latencyMs, windowMs, n, profiles, signal, progress: complain };
    for (const part of [SCENARIOS[name].run as Scenario | Scenario[]].flat()) {
      if (against !== undefined) others.push(...await part({ ...setting, program: against, profiles: undefined }));
      const measured = await part({ ...setting, program });
      outcomes.push(...measured);
      if (measured.length === 0) continue;
      complain(tableText(rowsOf(measured), against === undefined ? undefined : rowsOf(others)));
      if (options.json === undefined) continue;
      await write(options.json, await reportOf(program, outcomes));
      if (against !== undefined) await write(`${options.json}.against`, await reportOf(against, others));
    }
  }
  const report = await reportOf(program, outcomes);
  return against === undefined ? { report } : { report, baseline: await reportOf(against, others) };
}

async function readReport(path: string): Promise<Report> {
  try {
    return JSON.parse(await Deno.readTextFile(path));
  } catch (cause) {
    throw new Error(`Cannot read the result in '${path}'`, { cause });
  }
}
