import { deepEqual } from "node:assert/strict";
import { exitCodeOf, Interrupted, UsageError } from "./errors.ts";

async function endOf(command: () => Promise<void>): Promise<[number, string]> {
  let written = "";
  const code = await exitCodeOf(command, (line) => written += line);
  return [code, written];
}

Deno.test("exitCodeOf() is 0 and silent on success, else one line with 2 for wrong usage and 1 for the rest; silent 130 for Ctrl-C", async () => {
  deepEqual(await endOf(() => Promise.resolve()), [0, ""]);
  deepEqual(await endOf(() => Promise.reject(new UsageError("Unknown flag '--x'"))), [
    2,
    "sagemaker-operator: Unknown flag '--x'\n",
  ]);
  deepEqual(await endOf(() => Promise.reject(new Interrupted())), [130, ""]);
  const error = new Error("Cannot reach the cluster\nat all", { cause: new TypeError("Connection refused") });
  deepEqual(await endOf(() => Promise.reject(error)), [
    1,
    "sagemaker-operator: Cannot reach the cluster at all: Connection refused\n",
  ]);
});
