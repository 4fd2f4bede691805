/**
 * What AWS says of one namespace's call names its job, role or resource. Another namespace, whose call waits because of that failure, is
 * told the code and a fixed sentence. All tests of this file fail at 939be82.
 */
import assert from "node:assert/strict";
import { type Failure, type Reason, SageMakerError } from "../../src/api/job.ts";
import { FakeClock } from "../../src/runtime/fake_clock.ts";
import { CallBudgets } from "../../src/sagemaker/budget.ts";
import type { SageMaker } from "../../src/sagemaker/client.ts";
import { type Call, CallGate } from "../../src/sagemaker/gate.ts";
import { JobInformer } from "../../src/sagemaker/informer/informer.ts";

const SECRET = "arn:aws:sagemaker:us-west-2:123456789012:processing-job/payroll-1234567890abcdef1234567890abcdef";
const CALL: Call = {
  operation: "CreateProcessingJob",
  region: "us-west-2",
  roleArn: "arn:aws:iam::123456789012:role/shared",
  instanceType: "ml.m5.large",
  createdAt: 0,
};

function failure(reason: Reason, retry: Failure["retry"], code: string): Failure {
  return { reason, retry, code, message: `Refused for ${SECRET} (request id 1)` };
}

const FAILURES: [what: string, failure: Failure, text: string][] = [
  [
    "a role that was refused",
    failure("AccessDenied", "person", "AccessDeniedException"),
    `Waiting because others with the role '${CALL.roleArn}' were refused (AccessDeniedException)`,
  ],
  [
    "an operation without credentials",
    failure("CredentialsUnavailable", "person", "ExpiredToken"),
    "Waiting because CreateProcessingJob fails for others (ExpiredToken)",
  ],
  [
    "a throttled operation",
    failure("Throttled", "soon", "ThrottlingException"),
    "Waiting for its turn: SageMaker accepts about 1 CreateProcessingJob call a second for this account and region " +
    "(ThrottlingException)",
  ],
  [
    "a quota",
    failure("QuotaExceeded", "slowly", "ResourceLimitExceeded"),
    "Waiting for quota of ml.m5.large behind others, which were refused with ResourceLimitExceeded",
  ],
];

for (const [what, refusal, text] of FAILURES) {
  Deno.test(`${what}: another namespace is told the code, and none of the words of the refusal`, () => {
    const gate = new CallGate({ clock: new FakeClock(), onRelease: () => {}, random: () => 0.5 });
    for (const key of ["team-a/1", "team-a/2"]) {
      gate.admit(key, { ...CALL, tenant: "team-a" });
      gate.report(key, { ...CALL, tenant: "team-a" }, refusal);
    }
    const others = gate.admit("team-b/1", { ...CALL, tenant: "team-b", createdAt: 1 });
    assert.ok(!others.go);
    assert.equal(others.failure.message, text);
    assert.doesNotMatch(JSON.stringify(others.failure), /payroll/);
    const own = gate.admit("team-a/1", { ...CALL, tenant: "team-a" });
    assert.ok(!own.go);
    if (refusal.reason !== "Throttled") assert.equal(own.failure.message, refusal.message);
  });
}

Deno.test("a look at one namespace's job that fails: what another's job shows for it names no job but its own", async () => {
  const clock = new FakeClock();
  const refused = (what: string) => {
    const code = "AccessDeniedException";
    throw new SageMakerError({ retry: "person", reason: "AccessDenied", code, message: `Not authorized for ${what}` });
  };
  const sageMaker = {
    list: () => Promise.resolve().then(() => refused("lists")),
    describe: (name: string) => Promise.resolve().then(() => refused(`the job '${name}'`)),
  };
  const informer = new JobInformer({
    sageMakerFor: () => sageMaker as unknown as SageMaker,
    budgets: new CallBudgets({ clock, random: () => 0.5 }),
    clock,
    pollIntervalMs: 1_000,
    stalenessMs: 30_000,
    onChange: () => {},
  });
  const names = ["payroll", "other", "third"];
  const refOf = (name: string) => ({ region: "us-west-2", name });
  for (const name of names) {
    informer.record(name, refOf(name), { name, arn: `arn:${name}`, status: "InProgress" }, clock.now());
    informer.watch(name, refOf(name), { details: true, createdAfter: clock.now() });
  }
  const stopping = new AbortController();
  const running = informer.run(stopping.signal);
  const seen = new Set<string>();
  for (let second = 0; second < 300; second++) {
    await clock.advance(1_000);
    for (const name of names) {
      const message = informer.get(name, refOf(name))?.failure?.message;
      if (message !== undefined) seen.add(`${name}: ${message}`);
    }
  }
  stopping.abort();
  await running;
  assert.ok(seen.size > names.length, `${[...seen]}`);
  for (const text of seen) {
    const [name, message] = text.split(": ");
    for (const other of names) if (other !== name) assert.ok(!message!.includes(`'${other}'`), text);
  }
});
