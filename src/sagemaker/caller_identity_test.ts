import assert from "node:assert/strict";
import type { SageMakerClient } from "@aws-sdk/client-sagemaker";
import { SageMakerError } from "../api/job.ts";
import { FakeClock } from "../runtime/fake_clock.ts";
import type { AwsCall } from "./aws_call.ts";
import { CallerIdentity } from "./caller_identity.ts";

const ACCOUNT = "123456789012";
const ARN = `arn:aws:sagemaker:us-west-2:${ACCOUNT}:processing-job/a`;
const { signal } = new AbortController();
const client = {} as SageMakerClient;

/** Asks a server that answers what `answers` holds, in that order. */
class Asked extends CallerIdentity {
  readonly calls: AwsCall[] = [];
  readonly answers: (string | Error)[] = [];
  readonly clock: FakeClock;

  constructor(clock = new FakeClock()) {
    super(clock, () => ({ region: "us-west-2", url: "https://sts.us-west-2.amazonaws.com" }));
    this.clock = clock;
  }

  protected override send(_: SageMakerClient, call: AwsCall): Promise<string> {
    this.calls.push(call);
    const answer = this.answers.shift() ?? `<Account>${ACCOUNT}</Account>`;
    return typeof answer === "string" ? Promise.resolve(answer) : Promise.reject(answer);
  }
}

Deno.test("account() asks STS once for each access key", async () => {
  const it = new Asked();
  const both = await Promise.all([it.account(client, "KEY1", signal), it.account(client, "KEY1", signal)]);
  assert.deepEqual(both, [ACCOUNT, ACCOUNT]);
  assert.equal(await it.account(client, "KEY1", signal), ACCOUNT);
  assert.equal(it.calls.length, 1);
  assert.match(it.calls[0]!.body, /^Action=GetCallerIdentity&/);
  it.answers.push("<Account>210987654321</Account>");
  assert.equal(await it.account(client, "KEY2", signal), "210987654321");
  assert.equal(it.calls.length, 2);
});

Deno.test("account() makes no call where an ARN has told the account of this access key", async () => {
  const it = new Asked();
  it.note("KEY1", "no ARN");
  assert.equal(it.knows("KEY1"), false);
  it.note("KEY1", ARN);
  assert.equal(it.knows("KEY1"), true);
  assert.equal(await it.account(client, "KEY1", signal), ACCOUNT);
  assert.equal(it.calls.length, 0);
  await it.account(client, "KEY2", signal);
  assert.equal(it.calls.length, 1);
});

for (
  const [what, answer] of [
    ["does not answer", Object.assign(new Error("the connection was refused"), { code: "ECONNREFUSED" })],
    ["answers something else", "<html>a proxy</html>"],
  ] as const
) {
  Deno.test(`account() fails where STS ${what}, and asks again after half a minute`, async () => {
    const it = new Asked();
    it.answers.push(answer);
    await assert.rejects(it.account(client, "KEY1", signal), SageMakerError);
    await assert.rejects(it.account(client, "KEY1", signal), SageMakerError);
    assert.equal(it.calls.length, 1);
    await it.clock.advance(30_000);
    assert.equal(await it.account(client, "KEY1", signal), ACCOUNT);
    assert.equal(it.calls.length, 2);
  });
}
