/** Sequences of steps that have broken a rule once, shrunk; each with the seed of everything else that is left to chance. */
import assert from "node:assert/strict";
import { play, report } from "./run.ts";
import { ENDPOINT } from "./world.ts";
import type { Step } from "./steps.ts";

interface Case {
  name: string;
  seed: number;
  steps: Step[];
}

const create = (policies: Extract<Step, { do: "create" }>["policies"] = {}): Step => ({
  do: "create",
  name: "a",
  policies,
});
const wait = (ms: number): Step => ({ do: "wait", ms });
const endJob = (status: "Completed" | "Failed"): Step => ({ do: "end job", name: "a", status, failureReason: "" });
const lost: Step = { do: "fault", system: "sagemaker", operation: "CreateProcessingJob", fault: "lost", times: 1 };
const late: Step = { ...lost, fault: "late" };

const CASES: Case[] = [
  {
    name: "a resource that is resumed before the stop of its job was seen runs again",
    seed: 1,
    steps: [
      create(),
      wait(5_000),
      { do: "suspend", name: "a", suspend: true },
      wait(1_000),
      { do: "kill" },
      { do: "suspend", name: "a", suspend: false },
    ],
  },
  {
    name: "credentials of another account for a few minutes end nothing",
    seed: 1,
    steps: [create(), wait(5_000), { do: "wrong account", seconds: 400 }, wait(150_000), wait(150_000), wait(90_000)],
  },
  {
    name: "a resource that is deleted while credentials are of another account waits for its own",
    seed: 1,
    steps: [
      create(),
      wait(5_000),
      { do: "wrong account", seconds: 200 },
      wait(90_000),
      { do: "delete", name: "a" },
      wait(90_000),
    ],
  },
  {
    name: "a role that the namespace names late, in another account, ends nothing",
    seed: 1,
    steps: [
      { do: "create", name: "c", policies: {} },
      wait(5_000),
      { do: "annotate namespace", annotations: { assumeRoleArn: "arn:aws:iam::210987654321:role/operator" } },
      wait(150_000),
      wait(150_000),
    ],
  },
  {
    name: "a record is deleted no sooner than a create that may still arrive would find its name in use",
    seed: 3,
    steps: [
      wait(10_000),
      { ...late, times: 2 },
      { do: "create", name: "c", policies: { deletionPolicy: "Delete" } },
      wait(20_000),
      { do: "delete", name: "c" },
      wait(90_000),
    ],
  },
  {
    name: "a record that is deleted while looks are throttled costs no loop",
    seed: 583729318,
    steps: [
      { do: "inherit", name: "b", word: "Stopped", hasRecord: true },
      { do: "delete", name: "b" },
      { do: "fault", system: "sagemaker", operation: "DescribeProcessingJob", fault: "throttled", times: 3 },
      { do: "set policies", name: "b", policies: { deletionPolicy: "Delete" } },
      { do: "delete record", name: "b" },
      wait(90_000),
    ],
  },
  {
    name:
      "a create without an answer keeps its place while its endpoint is not allowed and its namespace is not understood",
    seed: 314595421,
    steps: [
      { ...lost, fault: "reset", times: 2 },
      { do: "create", name: "d", policies: { sageMakerEndpoint: ENDPOINT } },
      { do: "deny", operation: "DescribeProcessingJob", seconds: 60 },
      wait(200),
      { do: "delete", name: "d" },
      wait(150_000),
      { do: "annotate namespace", annotations: { assumeRoleArn: "none" } },
      { do: "allow endpoint", isAllowed: false },
      { do: "kill" },
      wait(90_000),
    ],
  },
  {
    name: "a resource whose role was refused in another account goes once the namespace names none",
    seed: 1642203177,
    steps: [
      wait(90_000),
      { do: "annotate namespace", annotations: { assumeRoleArn: "arn:aws:iam::210987654321:role/operator" } },
      wait(150_000),
      { do: "create", name: "c", policies: {} },
      wait(503),
      { do: "kill" },
      wait(30_000),
      { do: "delete", name: "c" },
    ],
  },
  {
    name: "a resource that is deleted as its namespace gets another role waits for the job that was just created",
    seed: 1,
    steps: [
      wait(5_000),
      { do: "create", name: "d", policies: {} },
      wait(20),
      { do: "delete", name: "d" },
      { do: "annotate namespace", annotations: { assumeRoleArn: "arn:aws:iam::210987654321:role/operator" } },
    ],
  },
  {
    name: "a resource that its namespace refuses is suspended after a restart too",
    seed: 1,
    steps: [
      { do: "create", name: "c", policies: {} },
      { do: "fault", system: "sagemaker", operation: "CreateProcessingJob", fault: "throttled", times: 3 },
      wait(300),
      { do: "annotate namespace", annotations: { allowedRegions: "none" } },
      wait(30_000),
      { do: "kill" },
      { do: "suspend", name: "c", suspend: true },
    ],
  },
  {
    name: "a create without an answer is looked up, also where the namespace refuses others by now",
    seed: 1,
    steps: [
      wait(1_000),
      late,
      { do: "create", name: "c", policies: {} },
      wait(200),
      { do: "annotate namespace", annotations: { allowedRegions: "none" } },
      wait(60_000),
    ],
  },
  {
    name: "a create whose answer was lost is not forgotten when the host does not resolve",
    seed: 1,
    steps: [
      wait(1_000),
      lost,
      create(),
      wait(20),
      { do: "unresolved", seconds: 60 },
      wait(500),
      { do: "delete", name: "a" },
      wait(5_000),
    ],
  },
  {
    name: "a create whose answer was lost is not forgotten when its endpoint is no longer allowed",
    seed: 1,
    steps: [
      wait(1_000),
      lost,
      create({ sageMakerEndpoint: ENDPOINT }),
      wait(20),
      { do: "allow endpoint", isAllowed: false },
      { do: "kill" },
      wait(10_000),
      { do: "delete", name: "a" },
      wait(30_000),
    ],
  },
  {
    name: "a job that was just created is not forgotten when the host does not resolve",
    seed: 4,
    steps: [
      { do: "fault", system: "sagemaker", operation: "StopProcessingJob", fault: "unresolved", times: 1 },
      wait(1_000),
      create(),
      { do: "delete", name: "a" },
      wait(30_000),
    ],
  },
  {
    name: "a create that arrives late is not forgotten by a leader that loses its lease and gets it back",
    seed: 1,
    steps: [wait(1_000), late, create(), wait(200), { do: "take lease" }, { do: "delete", name: "a" }, wait(90_000)],
  },
  {
    name: "an ending stays when the record can't be deleted",
    seed: 1,
    steps: [
      create({ deletionPolicy: "Delete" }),
      wait(5_000),
      endJob("Completed"),
      wait(10_000),
      { do: "deny", operation: "DeleteProcessingJob", seconds: 60 },
      { do: "delete", name: "a" },
      wait(30_000),
    ],
  },
  {
    name: "a record that another account does not have is not taken for deleted",
    seed: 1,
    steps: [
      { do: "create", name: "c", policies: { deletionPolicy: "Delete" } },
      wait(5_000),
      { do: "end job", name: "c", status: "Completed", failureReason: "" },
      wait(30_000),
      { do: "annotate namespace", annotations: { assumeRoleArn: "arn:aws:iam::210987654321:role/operator" } },
      wait(1_000),
      { do: "delete", name: "c" },
    ],
  },
  {
    name: "a record of the controller before this one is deleted, also if another account was asked first",
    seed: 1,
    steps: [
      { do: "inherit", name: "a", word: "Failed", hasRecord: true },
      { do: "deny", operation: "DescribeProcessingJob", seconds: 15 },
      { do: "set policies", name: "a", policies: { deletionPolicy: "Delete" } },
      wait(90_000),
      { do: "wrong account", seconds: 60 },
      { do: "kill" },
      { do: "delete", name: "a" },
      wait(30_000),
    ],
  },
  {
    name: "a conflict that lasts is not tried again and again",
    seed: 1,
    steps: [
      create(),
      wait(5_000),
      { do: "harm watches", how: "silence" },
      { do: "edit", name: "a" },
      endJob("Completed"),
      wait(30_000),
    ],
  },
  {
    name: "a resource that the controller before this one has finished keeps its last word",
    seed: 1,
    steps: [{ do: "inherit", name: "a", word: "Completed", hasRecord: false }],
  },
  {
    name: "a record that is deleted before it is known whose it was is not asked for again and again",
    seed: 1,
    steps: [
      { do: "contend", seconds: 60 },
      { do: "inherit", name: "a", word: "Completed", hasRecord: true },
      wait(10_000),
      { do: "delete record", name: "a" },
    ],
  },
  {
    name: "under 'Retain' a create may arrive when its resource is gone",
    seed: -181386314,
    steps: [create({ deletionPolicy: "Retain" }), { ...late }, wait(30_000), { do: "delete", name: "a" }, wait(30_000)],
  },
];

for (const { name, seed, steps } of CASES) {
  Deno.test(`model: ${name}`, async () => {
    const { violation } = await play(steps, seed);
    assert.equal(violation && report(violation, seed), undefined);
  });
}
