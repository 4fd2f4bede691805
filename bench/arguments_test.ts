import assert from "node:assert/strict";
import { parseBenchArguments, USAGE } from "./arguments.ts";
import { SCENARIOS } from "./scenarios.ts";

Deno.test("without arguments everything is measured, from the sources", () => {
  const parsed = parseBenchArguments([]);
  assert.deepEqual(parsed.scenarios, Object.keys(SCENARIOS));
  assert.match(parsed.program, /\/main\.ts$/);
  assert.deepEqual([parsed.latencyMs, parsed.windowMs, parsed.n], [20, 60_000, undefined]);
});

Deno.test("flags are read", () => {
  const flags = ["--scenario", "burst,cold", "--n", "100000", "--binary", "/x/y", "--latency", "0", "--window", "5m"];
  const parsed = parseBenchArguments(flags);
  assert.deepEqual(parsed.scenarios, ["burst", "cold"]);
  assert.deepEqual([parsed.program, parsed.latencyMs, parsed.windowMs, parsed.n], ["/x/y", 0, 300_000, 100_000]);
});

Deno.test("the account that is simulated is late and without quotas unless flags say so", () => {
  assert.deepEqual(parseBenchArguments([]).account, { lists: "late", history: 0, quotas: "none", quota: [] });
  const flags = ["--lists", "narrow", "--history", "20000", "--quotas", "account", "--quota", "A=1,B=2:3"];
  const account = { lists: "narrow", history: 20_000, quotas: "account", quota: ["A=1", "B=2:3"] };
  assert.deepEqual(parseBenchArguments(flags).account, account);
});

Deno.test("what makes no sense is refused, with what is wanted", () => {
  const cases: [string[], RegExp][] = [
    [["--scenario", "brust"], /Cannot run scenario 'brust': expected one of account, lists, cold, single/],
    [["--n", "0"], /Cannot use '0' for --n/],
    [["--n", "1e9"], /Cannot use '1e9' for --n/],
    [["--latency", "20"], /Cannot parse duration '20'/],
    [["--lists", "early"], /Cannot use 'early' for --lists: expected late or narrow/],
    [["--history", "many"], /Cannot use 'many' for --history: expected a number from 0/],
    [["--quotas", "all"], /Cannot use 'all' for --quotas: expected none or account/],
    [["--window", "10ms"], /Cannot use '10ms' for --window/],
    [["--fast"], /Unknown option '--fast'/],
    [["burst"], /burst/],
  ];
  for (const [args, message] of cases) assert.throws(() => parseBenchArguments(args), message);
});

Deno.test("help names every scenario", () => {
  for (const name of Object.keys(SCENARIOS)) assert.match(USAGE, new RegExp(`^  ${name} `, "m"));
});
