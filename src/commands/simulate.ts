import { LIST_MODES } from "../sagemaker/stand_in/list.ts";
import { parseQuota, QUOTA_SETS, QUOTAS, type Quotas } from "../sagemaker/stand_in/quotas.ts";
import { type StandIn, startStandIn } from "../sagemaker/stand_in/server.ts";
import { configureLog, LOG_FORMATS, LOG_LEVELS } from "../telemetry/log.ts";
import { type BindAddress, parseBindAddress } from "../telemetry/http.ts";
import { parseArguments } from "./arguments.ts";
import type { Command } from "./command.ts";
import { UsageError } from "./errors.ts";
import { boolean, duration, integer, list, oneOf, string } from "./flags.ts";

const spec = {
  name: "simulate",
  summary: "Runs a local stand-in for SageMaker's processing jobs, to try the operator without an AWS account",
  flags: {
    "listen": string({
      help: "Where to serve; port 0 picks a free one",
      placeholder: "HOST:PORT",
      default: "127.0.0.1:4599",
    }),
    "job-duration": duration({
      help: "How long a job runs unless its environment has SIMULATE_DURATION",
      default: "10s",
    }),
    "stop-duration": duration({ help: "How long a job takes to stop", default: "2s" }),
    "lists": oneOf(LIST_MODES, {
      help:
        "When lists filter by status, modification time and name: late (a page of jobs is taken first, so that pages " +
        "may be empty and lead on) or narrow (before pages are made)",
      default: "late",
    }),
    "history": integer({
      help: "How many finished jobs each region has from the start, more than a day old, over 30 days",
      min: 0,
      default: 0,
    }),
    "quotas": oneOf(QUOTA_SETS, {
      help: "Calls a second beyond which they are throttled; account: create 1, list 2 (the published quota of " +
        "ListTrainingJobs), describe and stop 5 (assumed)",
      default: "none",
    }),
    "quota": list({
      help: "The quota of one operation; may be repeated, and takes precedence over --quotas",
      placeholder: "OPERATION=RATE[:BURST]",
    }),
    "admin": boolean({
      help: "Serve /_admin/ as well: counts of calls, the record of jobs, and scripts of faults (docs/testing.md)",
    }),
    "log-level": oneOf(LOG_LEVELS, { help: "The least that is logged; debug shows each request", default: "info" }),
    "log-format": oneOf(LOG_FORMATS, { help: "Form of the log", defaultText: "text on a terminal, else json" }),
  },
};

export const simulate: Command = {
  spec,
  async run(argv, { env, signal, stdout }) {
    const { flags } = parseArguments(spec, argv, env);
    const { hostname: host, port } = bindAddress(flags.listen);
    const quotas = { ...QUOTAS[flags.quotas], ...ownQuotas(flags.quota) };
    configureLog({ level: flags.logLevel, format: flags.logFormat ?? (Deno.stderr.isTerminal() ? "text" : "json") });
    let standIn: StandIn;
    try {
      const { jobDuration, stopDuration, admin, lists, history } = flags;
      standIn = await startStandIn({ host, port, jobDuration, stopDuration, admin, lists, history, quotas });
    } catch (cause) {
      throw new Error(`Cannot listen on '${flags.listen}' (--listen names another address)`, { cause });
    }
    stdout(`listening on ${standIn.url}\n`);
    await aborted(signal);
    await standIn.close();
  },
};

function bindAddress(text: string): BindAddress {
  try {
    const address = parseBindAddress(text);
    if (address) return address;
  } catch {
    // Told below, together with the texts that mean "off" to other servers.
  }
  throw new UsageError(`Cannot use '${text}' for --listen: expected host:port, as in 127.0.0.1:4599`);
}

function ownQuotas(texts: readonly string[]): Quotas {
  return Object.fromEntries(texts.map((text) => {
    try {
      return parseQuota(text);
    } catch {
      throw new UsageError(
        `Cannot use '${text}' for --quota: expected OPERATION=RATE[:BURST], as in ListProcessingJobs=2:4`,
      );
    }
  }));
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) return resolve();
    signal.addEventListener("abort", () => resolve(), { once: true });
  });
}
