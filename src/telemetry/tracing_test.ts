import { equal, rejects } from "node:assert/strict";
import { traced } from "./tracing.ts";

Deno.test("traced() gives what the work gives, and throws what it throws", async () => {
  equal(await traced("reconcile", { key: "a/b" }, () => Promise.resolve(7)), 7);
  await rejects(traced("reconcile", {}, () => Promise.reject(new Error("no"))), { message: "no" });
});
