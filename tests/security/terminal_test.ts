/**
 * What others have written is text on a terminal, and no command to it: lines of containers, messages of AWS and of the cluster, files and
 * arguments. Fails at 939be82, which prints all of it as it is.
 */
import assert from "node:assert/strict";
import { join } from "node:path";
import { runCommand } from "../../src/commands/main.ts";
import { findingLine } from "../../src/doctor/finding.ts";
import { textOf } from "../../src/logs/printer.ts";
import { configureLog } from "../../src/telemetry/log.ts";
import { getLogger } from "@logtape/logtape";

const ROOT = join(import.meta.dirname!, "..", "..");
/** Writes to the clipboard, in 7 and in 8 bits; clears the screen; overwrites the line; rubs out; takes a line back. */
const HOSTILE = "\x1b]52;c;cm0=\x07 \x9d52;c;cm0=\x9c \x1b[2J \x9b2J \rfake \x7f\b \x1bc";
/** Any control character but tab and line feed. */
const CONTROL = /[^\t\n\P{Cc}]/u;

async function onTerminal(argv: string[], isTerminal: boolean): Promise<{ stdout: string; stderr: string }> {
  let [stdout, stderr] = ["", ""];
  await runCommand(argv, {
    env: () => undefined,
    signal: new AbortController().signal,
    stdout: (text) => stdout += text,
    stderr: (text) => stderr += text,
    terminal: { stdout: isTerminal, stderr: isTerminal },
  });
  return { stdout, stderr };
}

const commands = [
  [HOSTILE],
  ["logs", HOSTILE, "--kubeconfig", "/nowhere"],
  ["render", "-f", HOSTILE],
  ["doctor", "--output", HOSTILE],
  ["run", "--log-level", HOSTILE],
  ["completion", HOSTILE],
];
for (const argv of commands) {
  Deno.test(`a message of '${argv.length === 1 ? "an unknown command" : argv[0]}' has no control characters on a terminal`, async () => {
    const { stderr } = await onTerminal(argv, true);
    assert.notEqual(stderr, "");
    assert.doesNotMatch(stderr, CONTROL);
  });
}

Deno.test("render shows a terminal no control characters of a file, and keeps them in a pipe", async () => {
  const file = await Deno.makeTempFile();
  try {
    const request = { ProcessingJobName: "a", Environment: { A: HOSTILE } };
    await Deno.writeTextFile(file, `# ${HOSTILE}\n${JSON.stringify(request)}`);
    for (const argv of [["render", "-f", file], ["render", "--from", "aws", "-f", file]]) {
      const { stdout, stderr } = await onTerminal(argv, true);
      assert.doesNotMatch(stdout + stderr, CONTROL);
    }
  } finally {
    await Deno.remove(file);
  }
});

Deno.test("logs shows a terminal no control characters of a container or of a stream's name", () => {
  const line = { id: "1", stream: `job/algo-1${HOSTILE}`, timestamp: 0, message: HOSTILE };
  for (const prefix of ["none", "host", "stream"] as const) {
    assert.doesNotMatch(textOf([line], { prefix, timestamps: true, colours: false, plain: true }), CONTROL);
  }
  assert.equal(textOf([line], { prefix: "none", timestamps: false, colours: false, plain: false }), `${HOSTILE}\n`);
});

Deno.test("a finding of doctor is one line, whatever AWS has said", () => {
  const text = "AccessDenied: no\n✓ credentials: fine\r\n✓ all: fine";
  assert.ok(!/[\r\n]/.test(findingLine({ check: "credentials", level: "failure", text })));
});

for (const format of ["text", "json"] as const) {
  Deno.test(`the operator's log, as ${format}, has control characters escaped`, () => {
    let output = "";
    configureLog({ level: "debug", format, write: (line) => output += line });
    getLogger(["operator", "test"]).error("A call failed", {
      message_: HOSTILE,
      error: new Error(HOSTILE),
      deep: { x: [HOSTILE] },
    });
    assert.doesNotMatch(output, CONTROL);
    assert.match(output, /\\u001b\]52/);
  });
}

const hasScript = await new Deno.Command("script", { args: ["--version"] }).output().then(
  ({ success }) => success,
  () => false,
);
Deno.test({
  name: `the program finds out by itself that it writes to a terminal${
    hasScript ? "" : " (skipped: 'script' is not installed)"
  }`,
  ignore: !hasScript,
  async fn() {
    const command = `'${Deno.execPath()}' run -A main.ts '${HOSTILE}'`;
    const { stdout } = await new Deno.Command("script", {
      args: ["-qec", command, "/dev/null"],
      cwd: ROOT,
      stdin: "null",
    }).output();
    // The terminal itself makes CR LF of a line's end.
    const text = new TextDecoder().decode(stdout).replaceAll("\r\n", "\n");
    assert.match(text, /A command must come|Unknown command/);
    assert.doesNotMatch(text, CONTROL);
  },
});
