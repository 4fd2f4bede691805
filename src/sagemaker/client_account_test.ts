import assert from "node:assert/strict";
import { AwsHosts } from "../../tests/support/aws_hosts.ts";
import { stsIdentity } from "../../tests/support/sts.ts";
import { type Clock, systemClock } from "../runtime/clock.ts";
import { sageMakerFactory, type SageMakerFactoryOptions } from "./client.ts";
import { endpoints } from "./endpoints.ts";
import { errorAnswer } from "./stand_in/answer.ts";
import { ACCOUNT_ID } from "./stand_in/service.ts";
import { type StandIn, startStandIn } from "./stand_in/server.ts";

const SITE = { region: "us-west-2" };
const OTHER = "210987654321";
const NOT_FOUND = "Could not find requested job with name: job";

/** A stand-in and clients of it, which are disposed of together. */
async function setUp(options: (standIn: StandIn) => Partial<SageMakerFactoryOptions> = () => ({})) {
  Deno.env.set("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE");
  Deno.env.set("AWS_SECRET_ACCESS_KEY", "of-no-use");
  const standIn = await startStandIn();
  const factory = sageMakerFactory({
    endpoints: endpoints({ endpointUrl: standIn.url }),
    clock: systemClock,
    version: "1.2.3",
    ...options(standIn),
  });
  return {
    standIn,
    factory,
    sageMaker: factory.sageMakerFor(SITE),
    async [Symbol.asyncDispose]() {
      factory.close();
      await standIn.close();
    },
  };
}

Deno.test("describeWithAccount() asks STS at the endpoint of a simulator, once", async () => {
  await using it = await setUp();
  const absent = { job: undefined, account: ACCOUNT_ID };
  assert.deepEqual(await it.sageMaker.describeWithAccount("job"), absent);
  assert.deepEqual(await it.factory.sageMakerFor({ region: "eu-west-1" }).describeWithAccount("job"), absent);
  assert.deepEqual(it.standIn.calls, { DescribeProcessingJob: 2, GetCallerIdentity: 1 });
});

Deno.test("account() asks STS once, and SageMaker nothing", async () => {
  await using it = await setUp();
  assert.equal(await it.sageMaker.account(), ACCOUNT_ID);
  assert.equal(await it.sageMaker.account(), ACCOUNT_ID);
  assert.deepEqual(it.standIn.calls, { GetCallerIdentity: 1 });
});

Deno.test("describeWithAccount() needs no STS once a job was listed", async () => {
  await using it = await setUp();
  it.standIn.createForeign(SITE.region, 1, 60_000);
  await it.sageMaker.list({});
  assert.equal((await it.sageMaker.describeWithAccount("job")).account, ACCOUNT_ID);
  assert.equal(it.standIn.calls["GetCallerIdentity"], undefined);
});

Deno.test("describeWithAccount() asks the STS that AWS_ENDPOINT_URL_STS names", async () => {
  await using it = await setUp();
  await using other = await setUp();
  other.standIn.intercept = () => stsIdentity(OTHER);
  Deno.env.set("AWS_ENDPOINT_URL_STS", other.standIn.url);
  try {
    assert.equal((await it.sageMaker.describeWithAccount("job")).account, OTHER);
  } finally {
    Deno.env.delete("AWS_ENDPOINT_URL_STS");
  }
  assert.equal(it.standIn.calls["GetCallerIdentity"], undefined);
});

for (
  const [ownRegion, region, host] of [
    ["eu-central-1", "us-west-2", "sts.eu-central-1.amazonaws.com"],
    [undefined, "us-west-2", "sts.us-east-1.amazonaws.com"],
    ["eu-central-1", "cn-north-1", "sts.cn-north-1.amazonaws.com.cn"],
  ] as const
) {
  Deno.test(`describeWithAccount() asks '${host}' for ${region}, from ${ownRegion ?? "no region"}`, async () => {
    await using it = await setUp(() => ({ endpoints: endpoints({}), ownRegion, partitions: ["aws-cn"] }));
    using _hosts = new AwsHosts({ "api.sagemaker.": it.standIn.url, [host]: it.standIn.url });
    assert.equal((await it.factory.sageMakerFor({ region }).describeWithAccount("job")).account, ACCOUNT_ID);
  });
}

Deno.test("describeWithAccount() says why the account is not known, and throws what is wrong with SageMaker", async () => {
  await using it = await setUp();
  it.standIn.intercept = (operation) =>
    operation === "GetCallerIdentity" ? errorAnswer("ServiceUnavailable", "STS is out", 503) : undefined;
  const { job, account } = await it.sageMaker.describeWithAccount("job");
  assert.equal(job, undefined);
  assert.ok(typeof account === "object");
  it.standIn.intercept = () => errorAnswer("AccessDeniedException", "you may not");
  await assert.rejects(it.sageMaker.describeWithAccount("job"), /you may not/);
});

Deno.test("describeWithAccount() names no account where the credentials changed meanwhile", async () => {
  let skipped = 0;
  const clock: Clock = { ...systemClock, monotonic: () => systemClock.monotonic() + skipped };
  await using it = await setUp(() => ({ clock }));
  it.standIn.intercept = (operation) => {
    if (operation !== "DescribeProcessingJob") return undefined;
    Deno.env.set("AWS_ACCESS_KEY_ID", "AKIDANOTHER");
    skipped += 61_000;
    return errorAnswer("ValidationException", NOT_FOUND);
  };
  // What is due is renewed while the old ones are in use, so the first call with new ones may be a later one.
  const answers = [];
  for (let call = 0; call < 3; call++) answers.push(await it.sageMaker.describeWithAccount("job"));
  assert.ok(answers.some(({ account }) => typeof account === "object" && account.code === "CredentialsChanged"));
});
