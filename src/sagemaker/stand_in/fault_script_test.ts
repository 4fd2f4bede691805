import assert from "node:assert/strict";
import { parseFaultScript } from "./fault_script.ts";

Deno.test("parseFaultScript() reads every kind of fault", () => {
  const script = {
    seed: 7,
    rules: [
      { fault: { kind: "error", code: "X", message: "why", status: 500, applied: true }, operation: "A", times: 1 },
      { fault: { kind: "latency", ms: 100 }, operation: ["A", "B"], probability: 0.5 },
      { fault: { kind: "hang" }, job: "j", after: 2 },
      { fault: { kind: "reset", applied: true } },
      { fault: { kind: "duplicate" } },
      { fault: { kind: "throttle", perSecond: 3 } },
      { fault: { kind: "stale", ms: 5_000 } },
      { fault: { kind: "repeat-token" }, page: "later" },
    ],
  };
  assert.deepEqual(parseFaultScript(JSON.stringify(script)), script);
});

const REFUSED: [script: string, message: RegExp][] = [
  ["nonsense", /^Cannot use the script: it is not JSON$/],
  ["[]", /^Cannot use the script: it must be a JSON object$/],
  ["{}", /^Cannot use the script: it needs a list 'rules'$/],
  ['{"rules":[],"speed":1}', /^Cannot use the script: it has an unknown member 'speed'$/],
  ['{"rules":[],"seed":"x"}', /'seed' must be a number, 0 or more$/],
  ['{"rules":[3]}', /^Cannot use rules\[0\]: it must be a JSON object$/],
  ['{"rules":[{}]}', /^Cannot use rules\[0\]\.fault: it must be a JSON object$/],
  [
    '{"rules":[{"fault":{"kind":"oops"}}]}',
    /'kind' must be one of error, latency, hang, reset, duplicate, throttle, stale, repeat-token, endless$/,
  ],
  ['{"rules":[{"fault":{"kind":"error"}}]}', /^Cannot use rules\[0\]\.fault: 'code' must be a string$/],
  ['{"rules":[{"fault":{"kind":"latency","ms":-1}}]}', /'ms' must be a number, 0 or more$/],
  ['{"rules":[{"fault":{"kind":"hang","ms":1}}]}', /it has an unknown member 'ms'$/],
  ['{"rules":[{"fault":{"kind":"hang"},"operation":5}]}', /'operation' must be a name or a list of names$/],
  ['{"rules":[{"fault":{"kind":"hang"},"page":"last"}]}', /^Cannot use rules\[0\]: 'page' must be first or later$/],
  ['{"rules":[{"fault":{"kind":"hang"},"time":1}]}', /^Cannot use rules\[0\]: it has an unknown member 'time'$/],
];

for (const [script, message] of REFUSED) {
  Deno.test(`parseFaultScript() refuses ${script}`, () => {
    assert.throws(() => parseFaultScript(script), { name: "TypeError", message });
  });
}
