import assert from "node:assert/strict";
import { systemClock } from "../../src/runtime/clock.ts";
import { runCommand, withHeartbeat } from "./run_command.ts";

const options = { clock: systemClock, timeoutMs: 10_000 };

Deno.test("runCommand() gives stdout", async () => {
  assert.equal(await runCommand("sh", ["-c", "echo $WORD"], { ...options, extraEnv: { WORD: "hello" } }), "hello\n");
});

Deno.test("runCommand() says why a command failed", async () => {
  const script = "for i in $(seq 20); do echo line $i >&2; done; exit 3";
  await assert.rejects(runCommand("sh", ["-c", script], options), /^Error: 'sh -c' failed: line 11\n(.*\n)+line 20$/);
  await assert.rejects(runCommand("no-such-command", [], options), { message: "'no-such-command' is not installed" });
});

Deno.test("runCommand() ends a command that takes too long", async () => {
  const running = runCommand("sleep", ["60"], { ...options, timeoutMs: 20 });
  await assert.rejects(running, { message: "'sleep 60' did not end within 0.02 s" });
});

Deno.test("runCommand() ends a command when the signal aborts", async () => {
  const stopping = new AbortController();
  const running = runCommand("sleep", ["60"], { ...options, signal: stopping.signal });
  stopping.abort(new Error("enough"));
  await assert.rejects(running, { message: "enough" });
});

Deno.test("withHeartbeat() reports start, every 15 s, and end", async () => {
  const lines: string[] = [];
  const timers: { ms: number; callback: () => void }[] = [];
  let now = 0;
  const clock = {
    now: () => now,
    monotonic: () => now,
    setTimer(ms: number, callback: () => void) {
      const timer = { ms, callback };
      timers.push(timer);
      return () => void timers.splice(timers.indexOf(timer), 1);
    },
  };
  const step = () => {
    for (let beat = 0; beat < 2; beat++) {
      const timer = timers.shift()!;
      now += timer.ms;
      timer.callback();
    }
    return Promise.resolve("result");
  };
  assert.equal(await withHeartbeat("Building", { clock, progress: (line) => lines.push(line) }, step), "result");
  assert.deepEqual(lines, ["Building", "Building: 15 s so far", "Building: 30 s so far", "Building: done in 30 s"]);
  assert.equal(timers.length, 0);
});
