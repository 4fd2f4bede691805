import assert from "node:assert/strict";
import { minutesOf } from "./main.ts";

Deno.test("minutesOf() takes minutes or hours, not both", () => {
  assert.equal(minutesOf({}), 10);
  assert.equal(minutesOf({ minutes: "90" }), 90);
  assert.equal(minutesOf({ hours: "1.5" }), 90);
  assert.throws(() => minutesOf({ minutes: "1", hours: "1" }), /Cannot use --minutes together with --hours/);
  assert.throws(() => minutesOf({ hours: "0" }), /Cannot use '0' for --hours: expected a number above 0/);
});
