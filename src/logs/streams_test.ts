import assert from "node:assert/strict";
import { chosenLines, hostOf, streamPrefix } from "./streams.ts";

Deno.test("hostOf() gives the host in a stream's name", () => {
  const table = [
    ["job-1234/algo-1-1700000000", "algo-1"],
    ["job-1234/algo-12-1700000000", "algo-12"],
    ["job-1234/algo-1", "algo-1"],
    ["job-1700000000/other", "other"],
    ["nothing", "nothing"],
  ];
  for (const [stream, host] of table) assert.equal(hostOf(stream!), host);
});

Deno.test("streamPrefix() keeps other jobs out and takes what somebody chose", () => {
  assert.equal(streamPrefix("job", {}), "job/");
  assert.equal(streamPrefix("job", { host: "algo-1" }), "job/algo-1");
  assert.equal(streamPrefix("job", { prefix: "algo", host: "algo-1" }), "job/algo");
});

Deno.test("chosenLines() tells algo-1 from algo-10", () => {
  const lines = ["algo-1", "algo-10"].map((id) => ({ id, stream: `job/${id}-1700000000`, timestamp: 0, message: "" }));
  assert.deepEqual(chosenLines(lines, { host: "algo-1" }).map(({ id }) => id), ["algo-1"]);
  assert.equal(chosenLines(lines, {}).length, 2);
});
