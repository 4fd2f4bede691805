import assert from "node:assert/strict";
import { groupOrNothing, LogsError, type LogSource, pages } from "./source.ts";

const QUERY = { streamPrefix: "job/", from: 0 };
const signal = new AbortController().signal;

/** A source that gives no lines, and tokens one after the other. */
function tokens(...given: (string | undefined)[]): LogSource & { asked: (string | undefined)[] } {
  const asked: (string | undefined)[] = [];
  return {
    asked,
    page(_query, token) {
      asked.push(token);
      const nextToken = given[asked.length - 1];
      return Promise.resolve(nextToken === undefined ? { lines: [] } : { lines: [], nextToken });
    },
  };
}

Deno.test("pages() goes on through empty pages, to the one without a token", async () => {
  const source = tokens("a", "b");
  assert.equal((await Array.fromAsync(pages(source, QUERY, signal))).length, 3);
  assert.deepEqual(source.asked, [undefined, "a", "b"]);
});

Deno.test("pages() ends where a token comes again", async () => {
  const source = tokens("a", "b", "a", "b");
  assert.equal((await Array.fromAsync(pages(source, QUERY, signal))).length, 3);
});

Deno.test("pages() leaves out lines of other jobs, which some services give all the same", async () => {
  const lines = ["job/a", "job-2/a"].map((stream) => ({ id: stream, stream, timestamp: 0, message: "" }));
  const source = { page: () => Promise.resolve({ lines }) };
  assert.deepEqual((await Array.fromAsync(pages(source, QUERY, signal))).flat(), lines.slice(0, 1));
});

Deno.test("groupOrNothing() gives no lines while there is no log group, and lets other errors through", async () => {
  const failing = (error: Error) =>
    groupOrNothing({ page: () => Promise.reject(error) }).page(QUERY, undefined, signal);
  assert.deepEqual(await failing(new LogsError("no-log-group", "None")), { lines: [] });
  await assert.rejects(failing(new LogsError("refused", "No")), /No/);
});
