import assert from "node:assert/strict";
import fc from "fast-check";
import facts from "../sagemaker/facts.json" with { type: "json" };
import { MAX_JOB_NAME_LENGTH } from "./group.ts";
import { attemptName, jobName } from "./job_name.ts";

const UID = "12345678-90ab-cdef-1234-567890abcdef";
const ID = "1234567890abcdef1234567890abcdef";
const dnsName = fc.stringMatching(/^[a-z0-9]([-a-z0-9]{0,20}[a-z0-9])?(\.[a-z0-9]([-a-z0-9]{0,20}[a-z0-9])?){0,5}$/);

Deno.test("jobName() is the name and the UID without hyphens", () => {
  assert.equal(jobName("job", UID), `job-${ID}`);
});

Deno.test("jobName() keeps a name that fits exactly", () => {
  assert.equal(jobName("n".repeat(30), UID), `${"n".repeat(30)}-${ID}`);
});

Deno.test("jobName() cuts a long name from its right end and keeps the whole UID", () => {
  assert.equal(jobName(`${"n".repeat(30)}-tail`, UID), `${"n".repeat(30)}-${ID}`);
});

Deno.test("jobName() writes dots as hyphens", () => {
  assert.equal(jobName("my.job", UID), `my-job-${ID}`);
});

Deno.test("jobName() cuts the UID only where nothing of the name is left", () => {
  assert.equal(jobName("job", UID, 32), ID);
  assert.equal(jobName("job", UID, 33), ID);
  assert.equal(jobName("job", UID, 34), `j-${ID}`);
  assert.equal(jobName("job", UID, 10), "1234567890");
});

Deno.test("jobName() is always a name that SageMaker takes, and tells UIDs apart", () => {
  const pattern = new RegExp(`^(?:${facts.shapes.ProcessingJobName.pattern})$`);
  fc.assert(fc.property(dnsName, fc.uuid(), fc.uuid(), (name, uid, other) => {
    const job = jobName(name, uid);
    assert.ok(job.length <= MAX_JOB_NAME_LENGTH);
    assert.match(job, pattern);
    assert.ok(job.endsWith(uid.replaceAll("-", "")));
    assert.equal(jobName(name, uid), job);
    if (uid !== other) assert.notEqual(jobName(name, other), job);
  }));
});

Deno.test("attemptName() is the plain name for the first attempt, and adds a number within 63 characters for each other", () => {
  assert.equal(attemptName("job", UID, 1), jobName("job", UID));
  assert.equal(attemptName("job", UID, 2), `job-${ID}-r2`);
  const long = attemptName("n".repeat(60), UID, 10);
  assert.equal(long, `${"n".repeat(26)}-${ID}-r10`);
  assert.equal(long.length, MAX_JOB_NAME_LENGTH);
});
