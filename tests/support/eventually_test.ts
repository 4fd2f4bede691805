import assert from "node:assert/strict";
import { eventually } from "./eventually.ts";

Deno.test("eventually() gives the value of the first check that doesn't throw", async () => {
  let calls = 0;
  const check = () => {
    calls++;
    assert.equal(calls, 3);
    return "there";
  };
  assert.equal(await eventually("third call", check, { intervalMs: 1 }), "there");
});

Deno.test("eventually() throws after its time, with what it waited for and the last failure", async () => {
  const failure = new Error("still red");
  const waiting = eventually("light is green", () => Promise.reject(failure), { timeoutMs: 5, intervalMs: 1 });
  await assert.rejects(waiting, (error: Error) => {
    assert.match(error.message, /^light is green: not so within 5 ms: still red$/);
    assert.equal(error.cause, failure);
    return true;
  });
});
