/**
 * What AWS sends back may repeat the values of a job's environment: in a refusal, in a job's failure reason or exit message, in the lines
 * that the job has logged. None of them reaches a status, an Event, a log or a trace, however it is encoded. All tests of this file
 * fail at 939be82, where plain values were shown everywhere, secret ones in base64 and URLs, and a job's own texts as they were.
 */
import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { SageMakerError } from "../../src/api/job.ts";
import { noteWithLines } from "../../src/logs/failure_note.ts";
import { systemClock } from "../../src/runtime/clock.ts";
import { type SageMaker, sageMakerFactory } from "../../src/sagemaker/client.ts";
import { endpoints } from "../../src/sagemaker/endpoints.ts";
import { textWithout } from "../../src/sagemaker/hidden.ts";
import { errorAnswer } from "../../src/sagemaker/stand_in/answer.ts";
import { type Fixture, REGION, request, withStandIn } from "../../src/sagemaker/stand_in/fixture.ts";
import { FAKE_CREDENTIALS } from "../support/operator.ts";

const TOKEN = 'tok/en?+"n0tforyou~é';
const ENVIRONMENT = { TOKEN, PLAIN: "plain-text-value", LEVEL: "verbose", N: "12" };
const BASIC = Buffer.from(`user:${TOKEN}`).toString("base64");
/** A text that repeats the token in each way. */
const LEAKS: Record<string, string> = {
  "as it is": TOKEN,
  "cut off": `${TOKEN.slice(0, 10)}...`,
  "in JSON": JSON.stringify({ TOKEN }),
  "in ASCII JSON": JSON.stringify({ TOKEN }).replace("é", "\\u00e9"),
  "in JSON in JSON": JSON.stringify(JSON.stringify({ TOKEN })),
  "in a URL": `https://host/?token=${encodeURIComponent(TOKEN)}&x=1`,
  "in a form": new URLSearchParams({ TOKEN }).toString(),
  "in base64": Buffer.from(TOKEN).toString("base64"),
  "in base64url": Buffer.from(TOKEN).toString("base64url"),
  "in base64 with a user's name before it": `Authorization: Basic ${BASIC}`,
  "in base64 in a URL": `https://host/?auth=${encodeURIComponent(BASIC)}`,
  "a plain value": "PLAIN is plain-text-value here",
  "a word": "LEVEL verbose is wrong",
  "a number": "{N=12}",
};

function assertHidden(shown: string | undefined, what: string): void {
  assert.match(shown ?? "", /\(not shown\)/, what);
  const readable = `${shown}\n${
    Buffer.from((shown ?? "").replace(/.*(?:Basic |auth=)/s, ""), "base64").toString("latin1")
  }`;
  for (const part of ["tok/", "n0tfor", "foryou", "plain-text", "verbose", "N=12", TOKEN.slice(0, 6)]) {
    assert.ok(!readable.includes(part), `${what}: ${shown}`);
  }
}

async function withSageMaker(test: (sageMaker: SageMaker, fixture: Fixture, told: string[]) => Promise<void>) {
  for (const [name, value] of Object.entries(FAKE_CREDENTIALS)) Deno.env.set(name, value);
  await withStandIn(async (fixture) => {
    const told: string[] = [];
    using factory = sageMakerFactory({
      endpoints: endpoints({ endpointUrl: fixture.standIn.url }),
      clock: systemClock,
      version: "0",
      async traced(_name, _attributes, call) {
        try {
          return await call();
        } catch (error) {
          told.push(Deno.inspect(error, { depth: 9, showHidden: true }));
          throw error;
        }
      },
    });
    await test(factory.sageMakerFor({ region: REGION }), fixture, told);
  });
}

Deno.test("a refusal that repeats a value is shown and traced without it, in every encoding", () =>
  withSageMaker(async (sageMaker, { standIn }, told) => {
    for (const [what, text] of Object.entries(LEAKS)) {
      told.length = 0;
      standIn.intercept = () => errorAnswer("ValidationException", `Refused: ${text}`);
      const error = await sageMaker.create(request("job", { Environment: ENVIRONMENT })).catch((error) => error);
      assert.ok(error instanceof SageMakerError, String(error));
      assert.equal(error.failure.code, "ValidationException");
      assertHidden(error.failure.message, what);
      assertHidden(told.join(), `${what}, traced`);
      assertHidden(Deno.inspect(error, { depth: 9, showHidden: true }), `${what}, in the error`);
    }
  }));

Deno.test("a value that looks like a quota's name hides it, and the refusal counts as what it was", () =>
  withSageMaker(async (sageMaker, { standIn }) => {
    const text =
      "The account-level service limit 'ml.m5.xlarge for processing job usage' is 4 Instances, with current utilization " +
      "of 4 Instances and a request delta of 1 Instances.";
    standIn.intercept = () => errorAnswer("ResourceLimitExceeded", text);
    const Environment = { TYPE: "ml.m5.xlarge for processing" };
    const error = await sageMaker.create(request("job", { Environment })).catch((error) => error);
    assert.equal(error.failure.quota?.limit, 4);
    assertHidden(error.failure.message, "a quota");
  }));

Deno.test("a job's failure reason and exit message are shown without its values, and the code stays for retry policies", () =>
  withSageMaker(async (sageMaker, { standIn, clock }) => {
    for (const [index, [what, text]] of Object.entries(LEAKS).entries()) {
      const name = `job-${index}`;
      const Environment = { ...ENVIRONMENT, CODE: "AlgorithmError", SIMULATE_EXIT_MESSAGE: `wrote ${text}` };
      await sageMaker.create(request(name, { Environment }));
      await clock.advance(1);
      standIn.finish(name, "Failed", `AlgorithmError: exit 1: ${text}`);
      const failed = await sageMaker.describe(name);
      assert.match(failed?.failureReason ?? "", /^AlgorithmError: exit 1: /);
      assertHidden(failed?.failureReason, what);
      const done = `${name}-done`;
      await sageMaker.create(request(done, { Environment }));
      await clock.advance(20_000);
      assertHidden((await sageMaker.describe(done))?.exitMessage, what);
    }
  }));

Deno.test("a list has no environment to go by, so of a job's texts it gives SageMaker's own words alone", () =>
  withSageMaker(async (sageMaker, { standIn, clock }) => {
    const reasons: [reason: string, shown: string][] = [
      [`AlgorithmError: ${TOKEN}`, "AlgorithmError: (shown once SageMaker has described the job)"],
      [`ClientError: cannot read s3://bucket/${TOKEN}`, "ClientError: (shown once SageMaker has described the job)"],
      [TOKEN, "(shown once SageMaker has described the job)"],
      [
        "CapacityError: Unable to provision requested ML compute capacity",
        "CapacityError: Unable to provision requested ML compute capacity",
      ],
    ];
    for (const [index, [reason]] of reasons.entries()) {
      const Environment = { TOKEN, SIMULATE_EXIT_MESSAGE: TOKEN };
      await sageMaker.create(request(`job-${index}`, { Environment }));
      await clock.advance(1_000);
      standIn.finish(`job-${index}`, "Failed", reason);
    }
    const { jobs } = await sageMaker.list({});
    assert.deepEqual(jobs.map(({ failureReason }) => failureReason).reverse(), reasons.map(([, shown]) => shown));
    assert.ok(!JSON.stringify(jobs).includes("n0tforyou"));
  }));

Deno.test("log lines in an Event are without the values, which are taken out before the line is cut", () => {
  for (const [what, text] of Object.entries(LEAKS)) {
    const message = `${"x".repeat(1_000)} ${text} ${"y".repeat(800)}`;
    const line = { id: "1", stream: "job/algo-1", timestamp: 0, message };
    const note = noteWithLines("Failed", [line], (text) => textWithout(ENVIRONMENT, text));
    assertHidden(note, what);
    assert.ok(new TextEncoder().encode(note).length <= 1_024);
  }
});
