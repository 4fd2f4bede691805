import assert from "node:assert/strict";
import { type Failure, SageMakerError } from "../api/job.ts";
import { systemClock } from "../runtime/clock.ts";
import { passingOverBlip } from "./second_attempt.ts";

function error(code: string, reason: Failure["reason"] = "NetworkUnavailable"): SageMakerError {
  return new SageMakerError({ retry: "soon", reason, code, message: code });
}

const lost = error("ECONNRESET");
const refused = error("ECONNREFUSED");
const inUse = error("ResourceInUse", "NameConflict");
const unresolved = error("ENOTFOUND", "InvalidRegion");
const throttled = error("ThrottlingException", "Throttled");
const unwell = error("InternalFailure", "ServiceUnavailable");

const PAIRS: [first: SageMakerError, second: SageMakerError, told: SageMakerError][] = [
  [lost, unresolved, lost],
  [lost, throttled, lost],
  [unwell, refused, unwell],
  [lost, inUse, inUse],
  [refused, lost, lost],
  [refused, throttled, throttled],
  [refused, unwell, unwell],
];

for (const [first, second, told] of PAIRS) {
  const title = `a create that fails with ${first.message}, then with ${second.message}, is told as ${told.message}`;
  Deno.test(title, async () => {
    const errors = [first, second];
    const options = {
      operation: "CreateProcessingJob",
      clock: systemClock,
      limit: new AbortController().signal,
      signal: undefined,
    };
    const call = passingOverBlip(() => Promise.reject(errors.shift()), options);
    assert.equal(await call.catch((error) => error), told);
  });
}
