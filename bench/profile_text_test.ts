import assert from "node:assert/strict";
import { placeOf, profileText } from "./profile_text.ts";
import type { ProfileNode } from "./profiler.ts";

function node(id: number, functionName: string, url = "", children: number[] = []): ProfileNode {
  return { id, callFrame: { functionName, url, lineNumber: 9 }, children };
}

const OURS = "file:///home/me/operator/src/kubernetes/watch.ts";
const PACKAGE = "file:///home/me/.cache/npm/registry.example/@smithy/core/3.0.0/dist/index.js";

Deno.test("time is told by place, and by function alone and with what it calls", () => {
  const text = profileText({
    nodes: [
      node(1, "(root)", "", [2, 5]),
      node(2, "read", OURS, [3]),
      node(3, "parse", PACKAGE, [4]),
      node(4, "read", OURS),
      node(5, "(idle)"),
    ],
    samples: [2, 3, 4, 5, 5],
    timeDeltas: [0, 1_000, 3_000, 4_000, 500_000],
    startTime: 0,
    endTime: 2_000_000,
  });
  assert.match(text, /^0\.01 s of CPU in 2\.0 s$/m);
  assert.match(text, /^ +5 ms +62\.5 % +src\/kubernetes\/watch\.ts$/m);
  assert.match(text, /^ +3 ms +37\.5 % +npm:@smithy\/core$/m);
  const [, kinds, , alone, within] = text.split("\n\n");
  assert.match(kinds!, /^ +5 ms +62\.5 % +watch and store$/m);
  assert.match(kinds!, /^ +3 ms +37\.5 % +calls of AWS/m);
  assert.match(alone!, /^ +5 ms +62\.5 % +read src\/kubernetes\/watch\.ts:10$/m);
  assert.match(within!, /^ +8 ms +100\.0 % +read src\/kubernetes\/watch\.ts:10$/m);
  assert.doesNotMatch(text, /idle/);
});

Deno.test("a place is a file of ours, a package, a part of Deno or the engine's own name", () => {
  const cases: [ProfileNode, string][] = [
    [node(1, "f", OURS), "src/kubernetes/watch.ts"],
    [node(1, "f", PACKAGE), "npm:@smithy/core"],
    [node(1, "op", "ext:deno_fetch/26_fetch.js"), "ext:deno_fetch"],
    [node(1, "(garbage collector)"), "(garbage collector)"],
    [node(1, "stringify"), "(engine)"],
  ];
  for (const [each, place] of cases) assert.equal(placeOf(each), place);
});
