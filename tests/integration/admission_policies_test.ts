/** The admission policies on a real apiserver: what they let pass, what they refuse, and in which words. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { API_VERSION, KIND } from "../../src/api/group.ts";
import { type ControlPlane, startControlPlane } from "../../tools/control_plane/control_plane.ts";
import { resourcePath, tryCreate, tryPatch } from "../support/admission.ts";
import { MINIMAL_SPEC } from "../support/builders.ts";
import { eventually } from "../support/eventually.ts";
import { kubectl } from "../support/kubectl.ts";
import { freshNamespace, installCrd } from "../support/resources.ts";

const POLICIES = join(import.meta.dirname!, "../../manifests/policies");
const ROLES = "sagemaker.aws.amazon.com/allowed-role-arns";
const REGIONS = "sagemaker.aws.amazon.com/allowed-regions";
const ROLE = "arn:aws:iam::123456789012:role/";

/** Of this file alone, since the policies are for all namespaces. */
let cluster: ControlPlane;
Deno.test.beforeAll(async () => {
  cluster = await startControlPlane();
  await installCrd(cluster);
  const { code, stderr } = await kubectl(cluster, ["apply", "-f", POLICIES]);
  assert.deepEqual([code, stderr], [0, ""]);
  // The apiserver takes a moment to hold a new policy.
  const namespace = await makeNamespace({ [ROLES]: "", [REGIONS]: "" });
  for (const field of ["roleArn", "region", "sageMakerEndpoint"]) {
    await eventually(`the policy on ${field} holds`, async () => {
      const allowed = { [ROLES]: field === "roleArn" ? "" : "*", [REGIONS]: field === "region" ? "" : "*" };
      // One thing at a time is wrong, since the answer names one.
      const spec = field === "sageMakerEndpoint" ? { ...MINIMAL_SPEC, [field]: "http://127.0.0.1" } : MINIMAL_SPEC;
      await annotate(namespace, allowed);
      assert.match(await answerTo(namespace, spec), new RegExp(field));
    });
  }
});
Deno.test.afterAll(() => cluster.stop());

async function makeNamespace(annotations: Record<string, string>): Promise<string> {
  const name = await freshNamespace(cluster);
  await annotate(name, annotations);
  return name;
}

async function annotate(namespace: string, annotations: Record<string, string | null>): Promise<void> {
  const { status } = await tryPatch(cluster, `/api/v1/namespaces/${namespace}`, { metadata: { annotations } });
  assert.equal(status, 200);
}

/** `created`, or why not. */
async function answerTo(namespace: string, spec: unknown): Promise<string> {
  const { status, body } = await tryCreate(cluster, namespace, spec, { dryRun: true });
  if (status === 201) return "created";
  assert.equal(status, 403, JSON.stringify(body));
  return body.message;
}

/** The apiserver reads Namespaces from a cache of its own, so an annotation takes a moment to hold. */
async function expectAnswer(namespace: string, spec: unknown, expected: string, what: string): Promise<void> {
  await eventually(what, async () => {
    const answer = await answerTo(namespace, spec);
    if (expected === "created") assert.equal(answer, expected, what);
    else assert.ok(answer.endsWith(expected), `${what}: ${answer}`);
  });
}

const TEAM = `${ROLE}team-a-*`;
const roleMessage = (role: string, rest: string) =>
  `spec.roleArn '${role}' is not allowed in the namespace 'NS': ${rest}`;
const regionMessage = (region: string, rest: string) =>
  `spec.region '${region}' is not allowed in the namespace 'NS': ${rest}`;

const CASES: [annotations: Record<string, string>, spec: Record<string, unknown>, expected: string][] = [
  [{}, {}, "created"],
  [{ "other.example/annotation": "x" }, {}, "created"],
  [{ [ROLES]: TEAM }, { roleArn: `${ROLE}team-a-train` }, "created"],
  [{ [ROLES]: ` ${ROLE}x , ${TEAM},` }, { roleArn: `${ROLE}team-a-` }, "created"],
  [{ [ROLES]: "*" }, { roleArn: `${ROLE}any` }, "created"],
  [{ [ROLES]: "arn:aws:iam::*:role/*" }, { roleArn: `${ROLE}path/any` }, "created"],
  [
    { [ROLES]: TEAM },
    { roleArn: `${ROLE}team-b-train` },
    roleMessage(`${ROLE}team-b-train`, `write one that matches '${TEAM}'`),
  ],
  [
    { [ROLES]: `${ROLE}x,${TEAM}` },
    { roleArn: `${ROLE}team-b` },
    roleMessage(`${ROLE}team-b`, `write one that matches '${ROLE}x' or '${TEAM}'`),
  ],
  // From the first letter to the last, and a dot is a dot.
  [{ [ROLES]: `${ROLE}x` }, { roleArn: `${ROLE}xy` }, roleMessage(`${ROLE}xy`, `write one that matches '${ROLE}x'`)],
  [
    { [ROLES]: `${ROLE}a.b` },
    { roleArn: `${ROLE}axb` },
    roleMessage(`${ROLE}axb`, `write one that matches '${ROLE}a.b'`),
  ],
  // '*' does not cross a colon: this one is no role at all.
  [
    { [ROLES]: "arn:*:role/x" },
    { roleArn: `${ROLE}x` },
    roleMessage(`${ROLE}x`, "write one that matches 'arn:*:role/x'"),
  ],
  [{ [ROLES]: " " }, { roleArn: `${ROLE}x` }, roleMessage(`${ROLE}x`, `its annotation ${ROLES} names none`)],
  [{ [REGIONS]: "us-west-2,eu-*" }, { region: "eu-central-1" }, "created"],
  [
    { [REGIONS]: "us-west-2,eu-*" },
    { region: "us-west-1" },
    regionMessage("us-west-1", "write one that matches 'us-west-2' or 'eu-*'"),
  ],
  [{ [REGIONS]: "" }, {}, regionMessage("us-west-2", `its annotation ${REGIONS} names none`)],
  [{ [ROLES]: TEAM, [REGIONS]: "eu-*" }, { roleArn: `${ROLE}team-a-1`, region: "eu-west-1" }, "created"],
  [
    { [ROLES]: TEAM, [REGIONS]: "eu-*" },
    { roleArn: `${ROLE}team-a-1`, region: "us-east-1" },
    regionMessage("us-east-1", "write one that matches 'eu-*'"),
  ],
];

Deno.test(`a Namespace's annotations say which roles and regions its ProcessingJobs may name: ${CASES.length} cases`, async () => {
  for (const [annotations, spec, expected] of CASES) {
    const namespace = await makeNamespace(annotations);
    const what = `${JSON.stringify(spec)} where ${JSON.stringify(annotations)}`;
    await expectAnswer(namespace, { ...MINIMAL_SPEC, ...spec }, expected.replace("'NS'", `'${namespace}'`), what);
  }
});

Deno.test("an endpoint must be one of SageMaker's", async () => {
  const namespace = await makeNamespace({});
  const allowed = [
    "https://api.sagemaker.us-west-2.amazonaws.com",
    "https://api.sagemaker.us-west-2.amazonaws.com/",
    "https://api.sagemaker.cn-north-1.amazonaws.com.cn",
    "https://api.sagemaker-fips.us-east-1.amazonaws.com",
    "https://api-fips.sagemaker.us-gov-west-1.amazonaws.com",
    "https://vpce-0a1b-2c3d.api.sagemaker.us-west-2.vpce.amazonaws.com",
    "https://api.sagemaker.us-west-2.api.aws",
  ];
  const refused = [
    "http://api.sagemaker.us-west-2.amazonaws.com",
    "https://evil.example",
    "https://api.sagemaker.us-west-2.amazonaws.com.evil.example",
    "https://api.sagemaker.us-west-2.amazonaws.com@evil.example",
    "https://user@api.sagemaker.us-west-2.amazonaws.com",
    "https://api.sagemaker.bucket.s3.amazonaws.com",
    "https://apixsagemaker.us-west-2.amazonaws.com",
    "https://api.sagemaker.us-west-2.amazonaws.com:8443",
    "https://api.sagemaker.us-west-2.amazonaws.com/path",
    "https://169.254.169.254",
    "http://127.0.0.1:4566",
  ];
  for (const sageMakerEndpoint of allowed) {
    assert.equal(await answerTo(namespace, { ...MINIMAL_SPEC, sageMakerEndpoint }), "created", sageMakerEndpoint);
  }
  for (const sageMakerEndpoint of refused) {
    const answer = await answerTo(namespace, { ...MINIMAL_SPEC, sageMakerEndpoint });
    const message =
      `spec.sageMakerEndpoint '${sageMakerEndpoint}' is not allowed: leave it out to call AWS in spec.region, ` +
      "or write an endpoint of SageMaker, such as 'https://api.sagemaker.us-west-2.amazonaws.com'";
    assert.ok(answer.endsWith(message), answer);
  }
});

Deno.test("a resource that is no longer allowed can still be changed and deleted", async () => {
  const namespace = await makeNamespace({});
  const { status, body } = await tryCreate(cluster, namespace, MINIMAL_SPEC);
  assert.equal(status, 201, JSON.stringify(body));
  const path = resourcePath(namespace, body.metadata.name);
  await annotate(namespace, { [ROLES]: "", [REGIONS]: "" });
  await expectAnswer(namespace, MINIMAL_SPEC, "names none", "the annotations hold");
  for (const finalizers of [["sagemaker-operator-finalizer"], null]) {
    assert.equal((await tryPatch(cluster, path, { metadata: { finalizers } })).status, 200);
  }
  assert.equal((await tryPatch(cluster, `${path}/status`, { status: { additional: "x" } })).status, 200);
  assert.equal((await cluster.request("DELETE", path)).status, 200);
});

/** Of a resource whose metadata is given; `created`, or the status and the message. */
async function answerToMetadata(namespace: string, metadata: Record<string, unknown>): Promise<string> {
  const body = {
    apiVersion: API_VERSION,
    kind: KIND,
    metadata: { generateName: "job-", ...metadata },
    spec: MINIMAL_SPEC,
  };
  const answer = await cluster.request("POST", `${resourcePath(namespace)}?dryRun=All`, body);
  return answer.status === 201 ? "created" : `${answer.status} ${answer.body.message}`;
}

Deno.test("a resource whose metadata is larger than it need be is refused", async () => {
  const namespace = await makeNamespace({});
  const reconcileAt = "sagemaker.aws.amazon.com/reconcile-at";
  await eventually("the policy on the size holds", async () => {
    const annotations = { [reconcileAt]: "x".repeat(65) };
    assert.match(await answerToMetadata(namespace, { annotations }), /^403 .* has at most 64 characters$/);
  });
  const many = (count: number) => Array.from({ length: count }, (_, index) => `${index}`);
  const labels = (count: number) => Object.fromEntries(many(count).map((key) => [`example.com/${key}`, "x"]));
  const CASES: [metadata: Record<string, unknown>, expected: RegExp][] = [
    [{ annotations: { [reconcileAt]: "x".repeat(64), other: "y".repeat(65_000) }, labels: labels(64) }, /^created$/],
    [
      { annotations: { notes: "x".repeat(65_532) } },
      /^403 .*finalizers have 65537 characters in all: at most 65536 are/,
    ],
    [{ annotations: { "sagemaker.aws.amazon.com/notes": "x".repeat(255_000) } }, /^403 /],
    [{ finalizers: many(2_000).map((key) => `example.com/${"f".repeat(40)}-${key}`) }, /^403 .* characters in all/],
    [{ labels: labels(65) }, /^403 .*metadata.labels has 65 labels: at most 64 are allowed$/],
  ];
  for (const [metadata, expected] of CASES) assert.match(await answerToMetadata(namespace, metadata), expected);
});

Deno.test("a resource that was larger before the policy can be changed and let go, but can't grow", async () => {
  const namespace = await makeNamespace({});
  const before = "sagemaker-operator-size";
  const binding = `/apis/admissionregistration.k8s.io/v1/validatingadmissionpolicybindings/${before}`;
  const audit = (validationActions: string[]) => tryPatch(cluster, binding, { spec: { validationActions } });
  assert.equal((await audit(["Audit"])).status, 200);
  const annotations = { "sagemaker.aws.amazon.com/notes": "x".repeat(100_000) };
  await eventually("the policy does not hold", async () => {
    assert.equal(await answerToMetadata(namespace, { annotations }), "created");
  });
  const { body } = await tryCreate(cluster, namespace, MINIMAL_SPEC);
  const path = resourcePath(namespace, body.metadata.name);
  assert.equal((await tryPatch(cluster, path, { metadata: { annotations } })).status, 200);
  assert.equal((await audit(["Deny"])).status, 200);
  await eventually(
    "the policy holds",
    async () => assert.match(await answerToMetadata(namespace, { annotations }), /^403/),
  );
  const grown = { annotations: { other: "y" } };
  assert.equal((await tryPatch(cluster, path, { metadata: grown })).status, 403);
  assert.equal((await tryPatch(cluster, path, { spec: { suspend: true } })).status, 200);
  assert.equal((await tryPatch(cluster, `${path}/status`, { status: { additional: "x" } })).status, 200);
  assert.equal((await cluster.request("DELETE", path)).status, 200);
});

Deno.test("the quota counts ProcessingJobs, and the apiserver refuses the one beyond it", async () => {
  const namespace = await makeNamespace({});
  const applied = await kubectl(cluster, ["apply", "-n", namespace, "-f", join(POLICIES, "quota")]);
  assert.deepEqual([applied.code, applied.stderr], [0, ""]);
  const path = `/api/v1/namespaces/${namespace}/resourcequotas/sagemaker-operator-processingjobs`;
  const { hard } = (await cluster.request("GET", path)).body.spec;
  // What a controller of Kubernetes counts, which does not run here.
  const used = Object.fromEntries(Object.entries(hard).map(([key, count]) => [key, `${Number(count) - 1}`]));
  assert.equal((await tryPatch(cluster, `${path}/status`, { status: { hard, used } })).status, 200);
  await eventually("the quota is full", async () => {
    const { status, body } = await tryCreate(cluster, namespace, MINIMAL_SPEC);
    assert.equal(status, 403);
    assert.match(body.message, /exceeded quota: sagemaker-operator-processingjobs, requested: count\/processingjobs/);
  });
  const { items } = (await cluster.request("GET", resourcePath(namespace))).body;
  assert.equal(items.length, 1);
});

Deno.test("the policies are applied without a warning, and a second time change nothing", async () => {
  const { code, stdout, stderr } = await kubectl(cluster, ["diff", "-f", POLICIES]);
  assert.deepEqual([code, stdout, stderr], [0, "", ""]);
});
