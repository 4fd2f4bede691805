/** The command behind `deno task soak`: the operator through minutes of faults, churn and crashes. */
import { parseArgs } from "node:util";
import { errorText } from "../../src/telemetry/error_text.ts";
import { runSoak } from "./soak.ts";

const USAGE = `Usage: deno task soak [--minutes N | --hours N] [--jobs N] [--seed N]
                      [--sources]

Runs the operator on a control plane of its own, through faults of SageMaker and
of the apiserver, crashes, and resources that come and go. Then the faults end,
and everything must come to agree. Uses the binary in dist/ if there is one, else
the sources. Everything listens on 127.0.0.1 only and is removed at the end.

Options:
      --minutes N  How long there are faults (default: 10)
      --hours N    The same in hours. The process of the second half lives to
                   the end, and its live heap may grow by 1 MiB an hour at
                   most; that takes 50 minutes or more to tell
      --jobs N     How many resources there are at once (default: 500)
      --seed N     What the dice start from (default: any; it is printed). What
                   meets what still depends on timing
      --sources    Use the sources even if there is a binary
  -h, --help       Print this help

Exit code 0 if nothing was violated, 1 if something was or could not be run,
130 after Ctrl-C.
`;

const OPTIONS = {
  minutes: { type: "string" },
  hours: { type: "string" },
  jobs: { type: "string", default: "500" },
  seed: { type: "string" },
  sources: { type: "boolean", default: false },
  help: { type: "boolean", short: "h", default: false },
} as const;

const encoder = new TextEncoder();
const print = (text: string) => void Deno.stdout.writeSync(encoder.encode(text));
const complain = (text: string) => void Deno.stderr.writeSync(encoder.encode(`soak: ${text}\n`));

if (import.meta.main) Deno.exit(await main(Deno.args));

async function main(args: string[]): Promise<number> {
  let values;
  let numbers;
  try {
    ({ values } = parseArgs({ args, options: OPTIONS }));
    numbers = {
      minutes: minutesOf(values),
      jobs: positive("jobs", values.jobs),
      seed: values.seed === undefined ? Math.floor(Math.random() * 2 ** 31) : positive("seed", values.seed),
    };
  } catch (error) {
    complain(`${errorText(error)}; --help says what there is`);
    return 2;
  }
  if (values.help) {
    print(USAGE);
    return 0;
  }
  const controller = new AbortController();
  for (const name of ["SIGINT", "SIGTERM"] as const) {
    // Leaving at once would leave servers behind.
    Deno.addSignalListener(name, () => controller.abort(new DOMException("Stopped", "AbortError")));
  }
  try {
    const violations = await runSoak({
      ...numbers,
      sources: values.sources,
      say: (line) => print(`${line}\n`),
      signal: controller.signal,
    });
    return violations === 0 ? 0 : 1;
  } catch (error) {
    if (controller.signal.aborted) return 130;
    complain(errorText(error));
    return 1;
  }
}

/** How long there are faults, in minutes; 10 unless given. */
export function minutesOf({ minutes, hours }: { minutes?: string; hours?: string }): number {
  if (hours === undefined) return positive("minutes", minutes ?? "10");
  if (minutes !== undefined) throw new RangeError("Cannot use --minutes together with --hours: give one of them");
  return 60 * positive("hours", hours);
}

function positive(name: string, text: string): number {
  const number = Number(text);
  if (text !== "" && number > 0 && Number.isFinite(number)) return number;
  throw new RangeError(`Cannot use '${text}' for --${name}: expected a number above 0`);
}
