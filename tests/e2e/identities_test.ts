/** Who the compiled program is to AWS: each way to give it credentials, while they change, and when they can't be had. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { NAMESPACE_ANNOTATIONS } from "../../src/api/group.ts";
import { errorAnswer } from "../../src/sagemaker/stand_in/answer.ts";
import { type CallRecord, type StandIn, startStandIn } from "../../src/sagemaker/stand_in/server.ts";
import { testCluster } from "../support/control_plane.ts";
import { eventually } from "../support/eventually.ts";
import { IdentityServices, json, type Kind, stsError } from "../support/identity_services.ts";
import { freePort, startOperator } from "../support/operator.ts";
import { freshNamespace, installCrd, Resources } from "../support/resources.ts";
import "./binary.ts";

const cluster = testCluster();
Deno.test.beforeAll(() => installCrd(cluster));

const ROLE = "arn:aws:iam::123456789012:role/operator";
/** So long before the end the program renews what it has. */
const AHEAD_MS = 5 * 60_000;

/** An identity's files, its services, and a SageMaker that notes who signed. */
class Stage implements AsyncDisposable {
  readonly calls: CallRecord[] = [];
  readonly services = new IdentityServices();
  private constructor(readonly folder: string, readonly resources: Resources, readonly standIn: StandIn) {}

  static async open(): Promise<Stage> {
    const folder = await Deno.makeTempDir({ dir: "/tmp", prefix: "sagemaker-operator-identity-" });
    const resources = new Resources(cluster, await freshNamespace(cluster));
    const standIn = await startStandIn({ jobDuration: 3_600_000 });
    const stage = new Stage(folder, resources, standIn);
    standIn.intercept = (operation, request, { region, accessKeyId = "" }) => {
      stage.calls.push({ operation, region, accessKeyId, request, at: 0, outcome: 200 });
      return stage.refusedKey === accessKeyId
        ? errorAnswer("ExpiredTokenException", "The security token included in the request is expired")
        : undefined;
    };
    return stage;
  }

  /** The key that SageMaker does not take any more. */
  refusedKey: string | undefined;

  path(name: string): string {
    return join(this.folder, name);
  }

  write(name: string, text: string): Promise<void> {
    return Deno.writeTextFile(this.path(name), text);
  }

  start(env: Record<string, string>) {
    const none = { AWS_ACCESS_KEY_ID: "", AWS_SECRET_ACCESS_KEY: "", AWS_REGION: "us-west-2" };
    return startOperator({
      kubeconfig: cluster.kubeconfig,
      endpoint: this.standIn.url,
      flags: ["--namespace", this.resources.namespace, "--allowed-assume-role-arns", ROLE],
      env: { ...none, AWS_ENDPOINT_URL_STS: this.services.url, ...env },
    });
  }

  /** Waits until a call arrives that `key` has signed, and none comes by another key any more. */
  async untilSignedBy(key: string): Promise<void> {
    await eventually(`calls are signed by ${key}`, () => {
      assert.ok(this.calls.length > 3);
      assert.deepEqual([...new Set(this.calls.slice(-3).map(({ accessKeyId }) => accessKeyId))], [key]);
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.standIn.close();
    await this.services[Symbol.asyncDispose]();
    await this.resources.clear();
    await Deno.remove(this.folder, { recursive: true });
  }
}

interface Identity {
  name: string;
  kind: Kind;
  /** What proves who the program is, at first and after the change. */
  proofs: [string, string];
  /** Writes the proof to where the program reads it. */
  prove(stage: Stage, proof: string): Promise<void>;
  env(stage: Stage): Record<string, string>;
}

const profile = (text: (key: string) => string) => (stage: Stage, key: string) => stage.write("credentials", text(key));
const keysOf = (name: string, key: string) => `[${name}]\naws_access_key_id = ${key}\naws_secret_access_key = x\n`;
const inFile = (stage: Stage, name: string) => ({
  AWS_SHARED_CREDENTIALS_FILE: stage.path("credentials"),
  AWS_PROFILE: name,
});

const WEB_IDENTITY: Identity = {
  name: "IRSA",
  kind: "AssumeRoleWithWebIdentity",
  proofs: ["first.web.token", "second.web.token"],
  prove: (stage, proof) => stage.write("token", proof),
  env: (stage) => ({ AWS_ROLE_ARN: ROLE, AWS_WEB_IDENTITY_TOKEN_FILE: stage.path("token") }),
};
const POD_IDENTITY: Identity = {
  name: "EKS Pod Identity",
  kind: "container",
  proofs: ["first-pod-token", "second-pod-token"],
  prove: (stage, proof) => stage.write("token", proof),
  env: (stage) => ({
    AWS_CONTAINER_CREDENTIALS_FULL_URI: `${stage.services.url}/container`,
    AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE: stage.path("token"),
  }),
};
const INSTANCE: Identity = {
  name: "instance metadata",
  kind: "instance",
  proofs: ["a-session-of-imdsv2", "a-session-of-imdsv2"],
  prove: async () => {},
  env: (stage) => ({
    AWS_EC2_METADATA_DISABLED: "false",
    AWS_EC2_METADATA_SERVICE_ENDPOINT: stage.services.url,
  }),
};
const SOURCE_PROFILE: Identity = {
  name: "a profile's role with source_profile",
  kind: "AssumeRole",
  proofs: ["AKIABASE1", "AKIABASE2"],
  prove: profile((key) =>
    `${keysOf("base", key)}[team]\nrole_arn = ${ROLE}\nsource_profile = base\nregion = us-west-2\n`
  ),
  env: (stage) => inFile(stage, "team"),
};
const CREDENTIAL_SOURCE: Identity = {
  name: "a profile's role with credential_source",
  kind: "AssumeRole",
  proofs: ["AKIAENV", "AKIAENV"],
  prove: (stage) => stage.write("credentials", `[team]\nrole_arn = ${ROLE}\ncredential_source = Environment\n`),
  env: (stage) => ({ ...inFile(stage, "team"), AWS_ACCESS_KEY_ID: "AKIAENV", AWS_SECRET_ACCESS_KEY: "x" }),
};

for (const identity of [WEB_IDENTITY, POD_IDENTITY, INSTANCE, SOURCE_PROFILE, CREDENTIAL_SOURCE]) {
  Deno.test(`binary: ${identity.name} signs calls, and is renewed ahead of its end`, async () => {
    await using stage = await Stage.open();
    const { services } = stage;
    const { kind, proofs } = identity;
    services.lifetimeMs = AHEAD_MS + 2_500;
    await identity.prove(stage, proofs[0]);
    await using operator = stage.start(identity.env(stage));
    await stage.resources.create("job");
    await stage.resources.untilStatus("job", "InProgress");
    await stage.untilSignedBy("ASIAFIRST");
    assert.deepEqual(services.questions.filter((asked) => asked.kind === kind).map(({ proof }) => proof), [proofs[0]]);

    await identity.prove(stage, proofs[1]);
    Object.assign(services, { accessKeyId: "ASIASECOND", lifetimeMs: 3_600_000 });
    await stage.untilSignedBy("ASIASECOND");
    assert.deepEqual(services.questions.filter((asked) => asked.kind === kind).map(({ proof }) => proof), proofs);
    assert.equal(await operator.stop(), 0);
  });
}

Deno.test("binary: calls for a namespace that names a role are signed by that role's session", async () => {
  await using stage = await Stage.open();
  const path = `/api/v1/namespaces/${stage.resources.namespace}`;
  const patch = { metadata: { annotations: { [NAMESPACE_ANNOTATIONS.assumeRoleArn]: ROLE } } };
  await cluster.request("PATCH", path, patch, { contentType: "application/merge-patch+json" });
  await using _ = stage.start({ AWS_ACCESS_KEY_ID: "AKIASTATIC", AWS_SECRET_ACCESS_KEY: "x" });
  await stage.resources.create("job");
  await stage.resources.untilStatus("job", "InProgress");
  await stage.untilSignedBy("ASIAFIRST");
  assert.deepEqual(stage.services.questions, [{ kind: "AssumeRole", proof: "AKIASTATIC", role: ROLE }]);
  assert.ok(!stage.calls.some(({ accessKeyId }) => accessKeyId === "AKIASTATIC"));
});

Deno.test("binary: static keys sign calls", async () => {
  await using stage = await Stage.open();
  await using _ = stage.start({ AWS_ACCESS_KEY_ID: "AKIASTATIC", AWS_SECRET_ACCESS_KEY: "x" });
  await stage.resources.create("job");
  await stage.resources.untilStatus("job", "InProgress");
  await stage.untilSignedBy("AKIASTATIC");
});

Deno.test("binary: keys of a profile that AWS refuses are read anew, and no call is lost", async () => {
  await using stage = await Stage.open();
  await stage.write("credentials", keysOf("team", "AKIAOLD"));
  await using _ = stage.start(inFile(stage, "team"));
  await stage.resources.create("job");
  await stage.resources.untilStatus("job", "InProgress");
  await stage.untilSignedBy("AKIAOLD");
  await stage.write("credentials", keysOf("team", "AKIANEW"));
  stage.refusedKey = "AKIAOLD";
  await stage.untilSignedBy("AKIANEW");
  await stage.resources.create("after");
  await stage.resources.untilStatus("after", "InProgress");
});

const DENIED = stsError("AccessDenied", "Not authorized to perform this");
const EXPIRED = stsError(
  "ExpiredTokenException",
  "Token expired: current date/time must be before the expiration",
  400,
);
const NOBODY = `http://127.0.0.1:${freePort()}`;
const FAILURES: [what: string, identity: Identity, harm: (stage: Stage) => Record<string, string>, message: RegExp][] =
  [
    ["IRSA denied", WEB_IDENTITY, answering(DENIED), /from the role '.*' by the web identity in .*: AccessDenied: Not/],
    [
      "IRSA with an expired token",
      WEB_IDENTITY,
      answering(EXPIRED),
      /web identity .*: ExpiredTokenException: Token exp/,
    ],
    [
      "IRSA without STS",
      WEB_IDENTITY,
      () => ({ AWS_ENDPOINT_URL_STS: NOBODY }),
      /web identity .*: it cannot be reached/,
    ],
    [
      "IRSA without its token",
      WEB_IDENTITY,
      () => ({ AWS_WEB_IDENTITY_TOKEN_FILE: "/tmp/none/token" }),
      /web identity .*: the file is not there/,
    ],
    [
      "IRSA with a token where it may not read",
      WEB_IDENTITY,
      () => ({ AWS_WEB_IDENTITY_TOKEN_FILE: "/etc/shadow" }),
      /web identity .*: the file is not where this program may read/,
    ],
    [
      "Pod Identity denied",
      POD_IDENTITY,
      answering(json({ Code: "AccessDenied", Message: "no association" }, 403)),
      /from the container's credentials at .*status: 403 \(AccessDenied: no association\)/,
    ],
    [
      "Pod Identity without its agent",
      POD_IDENTITY,
      () => ({ AWS_CONTAINER_CREDENTIALS_FULL_URI: `${NOBODY}/container` }),
      /from the container's credentials at .*: it cannot be reached/,
    ],
    [
      "an agent that is silent",
      POD_IDENTITY,
      answering("hang"),
      /container's credentials at .*: their source does not/,
    ],
    [
      "an instance without a role",
      INSTANCE,
      answering({ status: 404, body: "" }),
      /instance's metadata at .*status 404/,
    ],
    [
      "metadata that are not there",
      INSTANCE,
      () => ({ AWS_EC2_METADATA_SERVICE_ENDPOINT: NOBODY }),
      /from the instance's metadata at .*: it cannot be reached/,
    ],
    ["a profile's role denied", SOURCE_PROFILE, answering(DENIED), /from the profile 'team' .*: AccessDenied: Not/],
    [
      "a profile that is not there",
      SOURCE_PROFILE,
      () => ({ AWS_PROFILE: "none" }),
      /from the profile 'none' .*: Could not/,
    ],
  ];

function answering(fault: ReturnType<typeof stsError> | "hang") {
  return ({ services }: Stage): Record<string, string> => {
    services.fault = () => fault;
    return {};
  };
}

for (const [what, identity, harm, message] of FAILURES) {
  Deno.test(`binary: ${what} is told by the condition, and no call is sent`, async () => {
    await using stage = await Stage.open();
    await identity.prove(stage, identity.proofs[0]);
    await using _ = stage.start({ ...identity.env(stage), ...harm(stage) });
    await stage.resources.create("job");
    await stage.resources.until("job", "tells of its credentials", ({ status }) => {
      const ready = status?.conditions?.find(({ type }) => type === "Ready");
      assert.equal(ready?.reason, "CredentialsUnavailable", JSON.stringify(status));
      assert.match(ready.message, message);
    });
    assert.deepEqual(stage.calls, []);
  });
}
