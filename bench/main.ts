/** The command behind `deno task bench`: what the operator costs, and how soon it does what. */
import { systemClock } from "../src/runtime/clock.ts";
import { rfc3339 } from "../src/api/time.ts";
import { errorText } from "../src/telemetry/error_text.ts";
import { type BenchArguments, parseBenchArguments, USAGE } from "./arguments.ts";
import { writeDocs } from "./docs.ts";
import { machine } from "./machine.ts";
import type { Outcome } from "./outcome.ts";
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
    const baseline = options.baseline === undefined ? undefined : await readReport(options.baseline);
    const report = await measure(options, stopping.signal);
    print(tableText(report.rows, baseline?.rows));
    print(`\n${costText(report.outcomes)}`);
    return report.rows.every(({ ok = true }) => ok) ? 0 : 1;
  } catch (error) {
    complain(errorText(error));
    return stopping.signal.aborted ? 130 : 1;
  }
}

/** Runs the scenarios one after another. What was measured so far is in the file also if a later one fails. */
async function measure(options: BenchArguments, signal: AbortSignal): Promise<Report> {
  const { program, latencyMs, windowMs, n, profiles } = options;
  const outcomes: Outcome[] = [];
  const report = async (): Promise<Report> => ({
    at: rfc3339(systemClock.now()),
    machine: await machine(program),
    options: { program, latencyMs, windowMs },
    rows: rowsOf(outcomes),
    outcomes,
  });
  hideEnvironment();
  if (profiles !== undefined) await Deno.mkdir(profiles, { recursive: true });
  for (const name of options.scenarios) {
    complain(`${name}: ${SCENARIOS[name].summary}`);
    outcomes.push(
      ...await SCENARIOS[name].run({ program, latencyMs, windowMs, n, profiles, signal, progress: complain }),
    );
    complain(tableText(rowsOf(outcomes.filter(({ scenario }) => scenario === name))));
    if (options.json !== undefined) await Deno.writeTextFile(options.json, JSON.stringify(await report(), null, 2));
  }
  return await report();
}

async function readReport(path: string): Promise<Report> {
  try {
    return JSON.parse(await Deno.readTextFile(path));
  } catch (cause) {
    throw new Error(`Cannot read the result in '${path}'`, { cause });
  }
}
