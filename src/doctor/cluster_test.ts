import assert from "node:assert/strict";
import { parse } from "yaml";
import { CRD_YAML } from "../api/crd.ts";
import { KubeClient } from "../kubernetes/client.ts";
import { FakeCluster } from "../kubernetes/fake_cluster.ts";
import { checkCluster } from "./cluster.ts";
import { checkCrd, firstDifference } from "./crd.ts";
import { checkPermissions } from "./permissions.ts";

const { signal } = new AbortController();

/** An API server that answers by path; what is not there is not found. */
function server(answers: Record<string, unknown>): KubeClient {
  return new KubeClient(
    new FakeCluster(({ url }) => {
      const answer = answers[url.pathname];
      if (typeof answer === "number") return Response.json({ kind: "Status", message: "no" }, { status: answer });
      if (answer === undefined) return Response.json({ kind: "Status", message: "not there" }, { status: 404 });
      return Response.json(answer);
    }),
  );
}

const CRD = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions/processingjobs.sagemaker.aws.amazon.com";
const SERVED = "/apis/sagemaker.aws.amazon.com/v1";
const REVIEW = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews";

function crd(change: (spec: Record<string, unknown>) => void = () => {}, conditions: unknown[] = []) {
  const { spec } = parse(CRD_YAML);
  change(spec);
  return { spec, status: { conditions } };
}

Deno.test("checkCluster() tells the version and who we are, as far as the cluster says it", async () => {
  const table: [answers: Record<string, unknown>, level: string, text: RegExp][] = [
    [{ "/version": { gitVersion: "v1.36.3", minor: "36" } }, "ok", /^Kubernetes v1.36.3 at https:\/\/\S+ \(a test\)$/],
    [
      {
        "/version": { gitVersion: "v1.31.4-eks", minor: "31+" },
        "/apis/authentication.k8s.io/v1/selfsubjectreviews": { status: { userInfo: { username: "jane" } } },
      },
      "ok",
      /, as 'jane'$/,
    ],
    [{ "/version": { gitVersion: "v1.24.0", minor: "24" } }, "warning", /does not check the rules/],
    [{ "/version": 403 }, "warning", /\(403\)$/],
    [{ "/version": 401 }, "failure", /does not accept the credentials of a test/],
  ];
  for (const [answers, level, text] of table) {
    const { finding } = await checkCluster(server(answers), signal);
    assert.equal(finding.level, level);
    assert.match(finding.text, text);
  }
});

Deno.test("checkCrd() tells what is wrong with the CRD", async () => {
  const notEstablished = { type: "Established", status: "False", message: "the names are taken" };
  const table: [answers: Record<string, unknown>, level: string, text: RegExp][] = [
    [{ [CRD]: crd() }, "ok", /has all of version/],
    [{ [CRD]: crd(undefined, [{ type: "Established", status: "True" }]) }, "ok", /has all of version/],
    [{ [CRD]: crd(undefined, [notEstablished]) }, "failure", /is not served: the names are taken$/],
    [{ [CRD]: crd((spec) => spec["scope"] = "Cluster") }, "failure", /it differs in 'spec.scope'$/],
    [
      { [CRD]: crd((spec) => spec["preserveUnknownFields"] = true) },
      "failure",
      /is of apiextensions\.k8s\.io\/v1beta1/,
    ],
    [{}, "failure", /^The cluster does not have the CustomResourceDefinition/],
    [{ [CRD]: 403 }, "failure", /^The cluster does not have the CustomResourceDefinition/],
    [{ [CRD]: 403, [SERVED]: { resources: [] } }, "failure", /^The cluster does not have/],
    [{ [CRD]: 403, [SERVED]: { resources: [{ name: "processingjobs" }] } }, "ok", /is served; whether/],
    [{ [CRD]: 403, [SERVED]: 503 }, "warning", /\(503\)$/],
    [{ [CRD]: 500 }, "warning", /\(500\)$/],
  ];
  for (const [answers, level, text] of table) {
    const finding = await checkCrd(server(answers), signal);
    assert.equal(finding.level, level, finding.text);
    assert.match(finding.text, text);
  }
});

Deno.test("firstDifference() finds what is missing, and nothing in what the apiserver adds", () => {
  const versions = (...all: unknown[]) => ({ versions: all });
  const v1 = { name: "v1", schema: { type: "object", properties: { a: { maxLength: 5 } } } };
  const table: [wanted: unknown, actual: unknown, expected: string | undefined][] = [
    [{ a: 1 }, { a: 1, b: 2 }, undefined],
    [{ a: false }, {}, undefined],
    [{ a: true }, {}, "spec.a"],
    [{ a: [1, 2] }, { a: [1, 2, 3] }, "spec.a"],
    [{ a: [1, 2] }, { a: [1, 3] }, "spec.a.1"],
    [{ a: [] }, {}, "spec.a"],
    [{ a: {} }, { a: [] }, undefined],
    [versions(v1), versions({ name: "v2" }, { ...v1, served: true }), undefined],
    [versions(v1), versions({ name: "v2" }), "spec.versions"],
    [
      versions(v1),
      versions({ name: "v1", schema: { type: "object", properties: { a: { maxLength: 4 } } } }),
      "spec.versions.0.schema.properties.a.maxLength",
    ],
  ];
  for (const [wanted, actual, expected] of table) assert.equal(firstDifference(wanted, actual), expected);
});

Deno.test("checkPermissions() names the namespaces that lack a permission, and asks for the manifests' ones by name", async () => {
  const asked: Record<string, string>[] = [];
  const kube = new KubeClient(
    new FakeCluster(({ body }) => {
      const { resourceAttributes } = JSON.parse(body).spec;
      asked.push(resourceAttributes);
      const { namespace, verb } = resourceAttributes;
      return Response.json({ status: { allowed: verb !== "watch" || namespace !== "team-b" } });
    }),
  );
  const findings = await checkPermissions(kube, { watched: ["team-a", "team-b"], own: "system" }, signal);
  assert.deepEqual(findings.filter(({ level }) => level !== "ok").map(({ text }) => text), [
    "May not watch processingjobs of sagemaker.aws.amazon.com in namespace 'team-b'",
  ]);
  assert.deepEqual(asked.filter(({ resource }) => resource === "namespaces"), [
    { group: "", resource: "namespaces", verb: "get", namespace: "team-a", name: "team-a" },
    { group: "", resource: "namespaces", verb: "get", namespace: "team-b", name: "team-b" },
    { group: "", resource: "namespaces", verb: "get", namespace: "system", name: "system" },
  ]);
  const status = asked.find(({ subresource }) => subresource !== undefined);
  assert.deepEqual([status?.resource, status?.subresource], ["processingjobs", "status"]);
});

Deno.test("checkPermissions() warns where the cluster does not say", async () => {
  const findings = await checkPermissions(server({ [REVIEW]: 403 }), { watched: [], own: "system" }, signal);
  assert.ok(findings.every(({ level, text }) => level === "warning" && text.startsWith("Cannot tell whether to ")));
});
