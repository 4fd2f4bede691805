import assert from "node:assert/strict";
import { eventually } from "../../tests/support/eventually.ts";
import { accessKeyIn, accessKeyOf, Sts } from "../../tests/support/sts.ts";
import { NAMESPACE_ANNOTATIONS } from "../api/group.ts";
import { SageMakerError } from "../api/job.ts";
import { type Clock, systemClock } from "../runtime/clock.ts";
import { FakeClock } from "../runtime/fake_clock.ts";
import { sageMakerFactory } from "./client.ts";
import { endpoints } from "./endpoints.ts";
import { assumeRoleFailure } from "./errors.ts";

const KEY = "AKIDEXAMPLE";
const MINUTE = 60_000;
const ROLE = "arn:aws:iam::999999999999:role/team-a";

/** SageMaker that knows no job, a stand-in of STS, and clients of both. */
async function setUp(variables: Record<string, string> = {}, clock: Clock = systemClock) {
  for (const [name, value] of Object.entries({ AWS_ACCESS_KEY_ID: KEY, AWS_SECRET_ACCESS_KEY: "x", ...variables })) {
    Deno.env.set(name, value);
  }
  const sts = await Sts.start();
  sts.now = () => clock.now();
  const signedWith: (string | undefined)[] = [];
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, (request) => {
    signedWith.push(accessKeyIn(request.headers.get("authorization") ?? ""));
    return Response.json({ ProcessingJobStatus: "InProgress" });
  });
  const endpoint = `http://127.0.0.1:${server.addr.port}`;
  const factory = sageMakerFactory({
    endpoints: endpoints({ endpointUrl: endpoint }),
    clock,
    version: "0",
  });
  return {
    sts,
    factory,
    signedWith,
    describe: (region: string, roleArn?: string, externalId?: string) => {
      const account = roleArn === undefined ? undefined : { roleArn, ...(externalId !== undefined && { externalId }) };
      return factory.sageMakerFor({ region, account }).describe("job-a");
    },
    async [Symbol.asyncDispose]() {
      factory.close();
      await server.shutdown();
      await sts[Symbol.asyncDispose]();
    },
  };
}

Deno.test("calls for an account are signed with a session of its role, which all regions share", async () => {
  await using it = await setUp();
  await it.describe("us-west-2");
  for (const region of ["us-west-2", "eu-west-1", "us-west-2"]) await it.describe(region, ROLE, "id-1");
  await it.describe("us-west-2");
  assert.deepEqual(it.signedWith, [KEY, accessKeyOf(ROLE), accessKeyOf(ROLE), accessKeyOf(ROLE), KEY]);
  assert.deepEqual(it.sts.assumed, [
    { roleArn: ROLE, externalId: "id-1", sessionName: "sagemaker-operator", tags: {}, accessKeyId: KEY },
  ]);
});

Deno.test("accounts are told apart by their role and their external id", async () => {
  await using it = await setUp();
  for (const [role, id] of [[ROLE, "id-1"], [ROLE, "id-2"], [ROLE], [`${ROLE}-2`]]) {
    await it.describe("eu-west-1", role, id);
  }
  assert.deepEqual(it.sts.assumed.map(({ roleArn, externalId }) => [roleArn, externalId]), [
    [ROLE, "id-1"],
    [ROLE, "id-2"],
    [ROLE, undefined],
    [`${ROLE}-2`, undefined],
  ]);
});

Deno.test("a session carries its namespace in its name and as a tag, and is that of no other namespace", async () => {
  await using it = await setUp();
  const long = "n".repeat(63);
  for (const namespace of ["team-a", "team-b", long, "team-a"]) {
    await it.factory.sageMakerFor({ region: "eu-west-1", account: { roleArn: ROLE, namespace } }).describe("job-a");
  }
  assert.deepEqual(it.sts.assumed.map(({ sessionName, tags }) => [sessionName, tags]), [
    ["sagemaker-operator-team-a", { "kubernetes-namespace": "team-a" }],
    ["sagemaker-operator-team-b", { "kubernetes-namespace": "team-b" }],
    [`sagemaker-operator-${"n".repeat(45)}`, { "kubernetes-namespace": long }],
  ]);
});

Deno.test("a session tag that the operator's own session has already is told with what to change", () => {
  const error = Object.assign(new Error("One or more tag keys conflict with transitive tags of the calling session"), {
    name: "InvalidParameterValue",
    $metadata: { httpStatusCode: 400 },
  });
  const { retry, message } = assumeRoleFailure(error, { roleArn: ROLE });
  assert.equal(retry, "person");
  assert.match(message, /turn off the session tags of the operator's EKS Pod Identity association/);
});

Deno.test("a session is renewed five minutes before it expires, once", async () => {
  const clock = new FakeClock();
  await using it = await setUp({}, clock);
  await it.describe("eu-west-1", ROLE);
  await clock.advance(55 * MINUTE - 1);
  await it.describe("eu-west-1", ROLE);
  assert.equal(it.sts.assumed.length, 1);
  await clock.advance(2);
  await it.describe("eu-west-1", ROLE);
  await eventually("STS is asked", () => assert.equal(it.sts.assumed.length, 2));
  await clock.advance(54 * MINUTE);
  for (let call = 0; call < 3; call++) await it.describe("eu-west-1", ROLE);
  assert.equal(it.sts.assumed.length, 2);
});

Deno.test("a role that may not be assumed is a person's matter, and SageMaker is not called", async () => {
  await using it = await setUp();
  it.sts.denied.add(ROLE);
  await assert.rejects(it.describe("eu-west-1", ROLE, "id-1"), (error) => {
    assert.ok(error instanceof SageMakerError);
    const { reason, retry, message } = error.failure;
    assert.deepEqual([reason, retry], ["CredentialsUnavailable", "person"]);
    assert.match(
      message,
      /^Cannot assume the role 'arn:.*team-a' .*AccessDenied: User is not authorized .* with the external id 'id-1'$/,
    );
    return true;
  });
  assert.deepEqual(it.signedWith, []);
  it.sts.denied.clear();
  assert.equal((await it.describe("eu-west-1", ROLE))?.status, "InProgress");
});

Deno.test("an STS that does not answer is tried again slowly", async () => {
  await using it = await setUp();
  Deno.env.set("AWS_ENDPOINT_URL_STS", "http://127.0.0.1:1");
  await assert.rejects(it.describe("eu-west-1", ROLE), (error) => {
    assert.ok(error instanceof SageMakerError);
    assert.deepEqual([error.failure.reason, error.failure.retry], ["CredentialsUnavailable", "slowly"]);
    assert.match(error.message, /ECONNREFUSED/);
    return true;
  });
});

Deno.test("nothing is sent for a role that is no ARN, least of all as the operator itself", async () => {
  await using it = await setUp();
  for (const role of ["", "team-a", "arn:aws:iam::999999999999:user/team-a", `${ROLE}\n`]) {
    assert.throws(() => it.describe("eu-west-1", role), (error) => {
      assert.ok(error instanceof SageMakerError);
      assert.equal(error.failure.reason, "InvalidNamespaceAnnotation");
      assert.ok(error.message.includes(NAMESPACE_ANNOTATIONS.assumeRoleArn));
      return true;
    });
  }
  assert.deepEqual([it.signedWith, it.sts.assumed], [[], []]);
});

Deno.test("a session is used until it expires while STS fails, and STS is asked every 15 s", async () => {
  const clock = new FakeClock();
  await using it = await setUp({}, clock);
  await it.describe("eu-west-1", ROLE);
  await clock.advance(56 * MINUTE);
  it.sts.isDown = true;
  const before = it.sts.assumed.length;
  for (let call = 0; call < 3; call++) await it.describe("eu-west-1", ROLE);
  // Two requests each: the SDK repeats a 503 at once.
  await eventually("STS is asked", () => assert.equal(it.sts.assumed.length, before + 2));
  await clock.advance(3 * MINUTE + 59_000);
  await it.describe("eu-west-1", ROLE);
  assert.deepEqual(new Set(it.signedWith), new Set([accessKeyOf(ROLE)]));
  await clock.advance(1_000);
  await assert.rejects(it.describe("eu-west-1", ROLE), /Cannot assume the role .*ServiceUnavailable/);
  it.sts.isDown = false;
  assert.equal((await it.describe("eu-west-1", ROLE))?.status, "InProgress");
});

for (const code of ["InvalidClientTokenId", "ExpiredToken", "UnrecognizedClientException"]) {
  Deno.test(`the operator's own credentials are read anew when STS refuses them with ${code}`, async () => {
    const clock = new FakeClock();
    await using it = await setUp({}, clock);
    await it.describe("eu-west-1", ROLE);
    it.sts.revoked.set(KEY, code);
    Deno.env.set("AWS_ACCESS_KEY_ID", "AKIDNEW");
    assert.equal((await it.describe("eu-west-1", `${ROLE}-2`))?.status, "InProgress");
    assert.deepEqual(it.sts.assumed.map(({ accessKeyId }) => accessKeyId), [KEY, KEY, "AKIDNEW"]);
  });
}

Deno.test("credentials of the operator that STS refuses and that are not replaced are told as such", async () => {
  await using it = await setUp();
  it.sts.revoked.set(KEY, "InvalidClientTokenId");
  await assert.rejects(it.describe("eu-west-1", ROLE), (error) => {
    assert.ok(error instanceof SageMakerError);
    assert.deepEqual([error.failure.reason, error.failure.retry], ["CredentialsUnavailable", "person"]);
    assert.match(error.message, /^Cannot assume the role '.*: STS does not accept the operator's own credentials: /);
    assert.doesNotMatch(error.message, /trust policy/);
    return true;
  });
  assert.equal(it.sts.assumed.length, 1);
});

Deno.test("dropIdle() keeps the session of an account whose jobs are called for, and closes that of one which no call is made for", async () => {
  const clock = new FakeClock();
  await using it = await setUp({}, clock);
  await it.describe("us-west-2", ROLE);
  await it.describe("us-west-2", `${ROLE}-2`);
  assert.equal(it.factory.size, 6, "two sessions, two clients that use them, two identities of the caller");
  for (let minutes = 0; minutes < 30; minutes += 5) {
    await it.describe("us-west-2", ROLE);
    await clock.advance(5 * 60_000);
    it.factory.dropIdle();
  }
  assert.equal(it.factory.size, 3);
  assert.equal(it.sts.assumed.length, 2, "the session in use was never made anew");
  await clock.advance(5 * 60_000);
  it.factory.dropIdle();
  assert.equal(it.factory.size, 0);
  assert.equal((await it.describe("us-west-2", ROLE))?.status, "InProgress");
});
