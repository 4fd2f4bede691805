import assert from "node:assert/strict";
import { makeProcessingJob } from "../../tests/support/builders.ts";
import type { JobRef } from "../api/job.ts";
import type { JobSite } from "../api/processing_job.ts";
import type { NamespacePolicy } from "./namespace_policy.ts";
import { JobSites } from "./site.ts";

const A = "arn:aws:iam::111111111111:role/a";
const OTHER_OF_A = "arn:aws:iam::111111111111:role/other";
const B = "arn:aws:iam::222222222222:role/b";
const NONE: NamespacePolicy = { defaults: {} };
const UNKNOWN: NamespacePolicy = { defaults: {}, unknown: "it has not been read yet" };

function sites(policy: NamespacePolicy, endpoint?: string): JobSites {
  const isAws = (url: string) => url.endsWith(".amazonaws.com");
  return new JobSites({ endpoint, isAws }, () => policy);
}

function naming(roleArn: string, externalId?: string): NamespacePolicy {
  return { defaults: {}, account: { roleArn, ...(externalId !== undefined && { externalId }) } };
}

function refIn(where: ReturnType<JobSites["toCreate"]>): JobRef {
  assert.ok("ref" in where);
  return where.ref;
}

const CASES: [
  what: string,
  site: JobSite | undefined,
  policy: NamespacePolicy,
  role: string | undefined | "unknown",
][] = [
  ["no site, and nothing annotated: the operator's own", undefined, NONE, undefined],
  ["no site: what is annotated", undefined, naming(A), A],
  ["no site, and an unknown Namespace: nowhere", undefined, UNKNOWN, "unknown"],
  ["an unknown Namespace: the role of the site", { assumedRoleArn: A }, UNKNOWN, A],
  ["an unknown Namespace: the operator's own, if it was that", { account: "111111111111" }, UNKNOWN, undefined],
  ["another account is annotated: the role of the site", { assumedRoleArn: A }, naming(B), A],
  ["nothing is annotated any more: the role of the site", { assumedRoleArn: A }, NONE, A],
  ["another role of the same account is annotated: that one", { assumedRoleArn: A }, naming(OTHER_OF_A), OTHER_OF_A],
  [
    "a role is annotated of another account than the operator's own: its own",
    { account: "111111111111" },
    naming(B),
    undefined,
  ],
  ["a role is annotated of the operator's own account: that one", { account: "111111111111" }, naming(A), A],
  ["the annotation can't be a role: the role of the site", { assumedRoleArn: A }, naming("none"), A],
];

for (const [what, site, policy, role] of CASES) {
  Deno.test(`JobSites.whereIs(): ${what}`, () => {
    const where = sites(policy).whereIs(makeProcessingJob({ status: { ...(site && { site }) } }));
    if (role === "unknown") {
      assert.ok("failure" in where);
      assert.equal(where.failure.reason, "NamespaceUnknown");
    } else {
      assert.ok("ref" in where);
      assert.equal(where.ref.account?.roleArn, role);
    }
  });
}

Deno.test("JobSites.whereIs() goes to no other endpoint, but for AWS's own, which are one place", () => {
  const at = (site: JobSite, endpoint?: string) => {
    const where = sites(NONE, endpoint).whereIs(makeProcessingJob({ status: { site } }));
    return "failure" in where ? where.failure.reason : "there";
  };
  const vpc = "https://vpce-1.api.sagemaker.us-west-2.vpce.amazonaws.com";
  assert.equal(at({}, undefined), "there");
  assert.equal(at({}, vpc), "there");
  assert.equal(at({ endpoint: vpc }, undefined), "there");
  assert.equal(at({ endpoint: "http://127.0.0.1:1" }, "http://127.0.0.1:1"), "there");
  assert.equal(at({ endpoint: "http://127.0.0.1:1" }, "http://127.0.0.1:2"), "WrongEndpoint");
  assert.equal(at({ endpoint: "http://127.0.0.1:1" }, undefined), "WrongEndpoint");
  assert.equal(at({}, "http://127.0.0.1:1"), "WrongEndpoint");
});

Deno.test("JobSites.toCreate() goes by the Namespace alone, whatever a status says", () => {
  const forged = makeProcessingJob({ status: { site: { assumedRoleArn: B } } });
  const create = (policy: NamespacePolicy) => refIn(sites(policy).toCreate(forged));
  assert.equal(create(naming(A)).account?.roleArn, A);
  assert.equal(create(NONE).account, undefined);
});

Deno.test("JobSites remembers where this process has sent a create, before a status says so", () => {
  let policy = naming(A, "external");
  const known = new JobSites({ isAws: () => false }, () => policy);
  const resource = makeProcessingJob();
  const { site } = known.note(resource, refIn(known.toCreate(resource)));
  assert.deepEqual(site, { assumedRoleArn: A, externalId: "external" });
  policy = naming(B);
  const where = known.whereIs(resource);
  assert.ok("ref" in where);
  assert.deepEqual(where.ref.account, { roleArn: A, externalId: "external" });
  // A later create that is refused changes nothing.
  known.note(resource, refIn(known.toCreate(resource))).takeBack();
  assert.deepEqual(known.whereIs(resource), where);
  known.delete("team-a/job");
  known.note(resource, refIn(known.toCreate(resource))).takeBack();
  assert.equal(known.size, 0);
});
