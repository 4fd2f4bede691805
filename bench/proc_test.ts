import assert from "node:assert/strict";
import {
  cpuSeconds,
  machineCpuSeconds,
  memoryOf,
  parseCpuSeconds,
  parseMachineCpuSeconds,
  parseMemory,
} from "./proc.ts";

Deno.test("CPU time is that in user mode and that in the kernel, whatever the program is called", () => {
  const stat = "42 (a program) R 1) S 1 42 42 0 -1 4194560 5000 0 10 0 150 25 0 0 20 0 9 0 100 200 300";
  assert.equal(parseCpuSeconds(stat), 1.75);
});

Deno.test("CPU time of the machine leaves out what was idle, waiting or another machine's", () => {
  const stat = "cpu  1000 200 300 9000 800 10 20 7000 0 0\ncpu0 500 100 150 4500 400 5 10 3500 0 0\n";
  assert.equal(parseMachineCpuSeconds(stat), 15.3);
});

Deno.test("memory is what /proc says, in MiB", () => {
  const status = "Name:\tdeno\nVmHWM:\t  102400 kB\nVmRSS:\t   81920 kB\n";
  const rollup =
    "Rss:  81920 kB\nPss:  61440 kB\nPss_Dirty:  1 kB\nPrivate_Clean:  10240 kB\nPrivate_Dirty:  40960 kB\n";
  assert.deepEqual(parseMemory(status, rollup), { rss: 80, peak: 100, pss: 60, private: 50 });
});

Deno.test("memory of a process that has ended is an error, not a number", () => {
  assert.throws(() => parseMemory("Name:\tdeno\nState:\tZ (zombie)\n", ""), /Cannot find 'VmRSS'/);
});

Deno.test("this process has used some of both", { ignore: Deno.build.os !== "linux" }, async () => {
  const own = await cpuSeconds(Deno.pid);
  assert.ok(own > 0 && await machineCpuSeconds() > own);
  const { rss, peak, pss } = await memoryOf(Deno.pid);
  assert.ok(pss > 0 && rss > 0 && peak > 0);
});
