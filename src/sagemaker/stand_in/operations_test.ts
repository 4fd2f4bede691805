import assert from "node:assert/strict";
import {
  AddTagsCommand,
  DeleteProcessingJobCommand,
  ListProcessingJobsCommand,
  ListTagsCommand,
  paginateListProcessingJobs,
  StopProcessingJobCommand,
} from "@aws-sdk/client-sagemaker";
import { changed, FULL_SPEC } from "../../../tests/support/full_spec.ts";
import { REFUSED } from "../../../tests/support/refused.ts";
import type { ProcessingJobSpec } from "../../api/processing_job.ts";
import { toCreateRequest } from "../convert.ts";
import { create, describe, REGION, request, withStandIn } from "./fixture.ts";

const stop = (name: string) => new StopProcessingJobCommand({ ProcessingJobName: name });
const remove = (name: string) => new DeleteProcessingJobCommand({ ProcessingJobName: name });

Deno.test("a job runs to Completed and Describe gives the request back", () =>
  withStandIn(async ({ clock, client }) => {
    const created = new Date(clock.now());
    const environment = { Environment: { SIMULATE_EXIT_MESSAGE: "all done" } };
    const { ProcessingJobArn } = await client().send(
      create("job", { ...environment, Tags: [{ Key: "a", Value: "b" }] }),
    );
    assert.equal(ProcessingJobArn, `arn:aws:sagemaker:${REGION}:123456789012:processing-job/job`);

    await clock.advance(9_999);
    const { $metadata, ...running } = await client().send(describe("job"));
    assert.match($metadata.requestId ?? "", /^[0-9a-f-]{36}$/);
    const start = { CreationTime: created, ProcessingStartTime: created };
    const echo = { ...request("job", environment), ...start, ProcessingJobArn };
    assert.deepEqual(running, { ...echo, ProcessingJobStatus: "InProgress", LastModifiedTime: created });

    await clock.advance(1);
    const { $metadata: _, ...ended } = await client().send(describe("job"));
    const end = new Date(clock.now());
    assert.deepEqual(ended, {
      ...echo,
      ProcessingJobStatus: "Completed",
      ProcessingEndTime: end,
      LastModifiedTime: end,
      ExitMessage: "all done",
    });
  }));

Deno.test("the environment of a job steers it", () =>
  withStandIn(async ({ clock, client }) => {
    const failure = "AlgorithmError: See job logs for more information";
    await client().send(create("fails", { Environment: { SIMULATE_FAILURE: failure, SIMULATE_DURATION: "3s" } }));
    await client().send(create("long", { StoppingCondition: { MaxRuntimeInSeconds: 5 } }));
    await client().send(create("in-time", { StoppingCondition: { MaxRuntimeInSeconds: 10 } }));
    await clock.advance(3_000);
    const failed = await client().send(describe("fails"));
    assert.deepEqual([failed.ProcessingJobStatus, failed.FailureReason], ["Failed", failure]);
    assert.equal((await client().send(describe("long"))).ProcessingJobStatus, "InProgress");
    await clock.advance(2_000);
    assert.equal((await client().send(describe("long"))).ProcessingJobStatus, "Stopped");
    await clock.advance(5_000);
    assert.equal((await client().send(describe("in-time"))).ProcessingJobStatus, "Completed");
    await assert.rejects(client().send(create("x", { Environment: { SIMULATE_DURATION: "s3cret" } })), {
      name: "ValidationException",
      message: "Environment variable SIMULATE_DURATION must be a duration such as 500ms or 1m30s",
    });
  }));

Deno.test("the first of the preferred instances is selected", () =>
  withStandIn(async ({ client }) => {
    const InstancePreferences = [{ InstanceType: "ml.m5.xlarge" as const }, { InstanceType: "ml.m5.large" as const }];
    const cluster = { InstancePreferences, InstanceCount: 3, VolumeSizeInGB: 10 };
    await client().send(create("job", { ProcessingResources: { ClusterConfig: cluster } }));
    const { ProcessingResources } = await client().send(describe("job"));
    assert.deepEqual(ProcessingResources?.ClusterConfig, {
      ...cluster,
      SelectedInstanceType: "ml.m5.xlarge",
      SelectedInstanceCount: 3,
    });
  }));

Deno.test("Stop takes a job through Stopping to Stopped and is refused at its end", () =>
  withStandIn(async ({ clock, client }) => {
    await client().send(create("job"));
    await clock.advance(9_000);
    await client().send(stop("job"));
    const stopping = await client().send(describe("job"));
    assert.deepEqual([stopping.ProcessingJobStatus, stopping.ProcessingEndTime], ["Stopping", undefined]);
    assert.deepEqual(stopping.LastModifiedTime, new Date(clock.now()));
    await clock.advance(1_999);
    await client().send(stop("job"));
    await clock.advance(1);
    const stopped = await client().send(describe("job"));
    assert.deepEqual([stopped.ProcessingJobStatus, stopped.ProcessingEndTime], ["Stopped", new Date(clock.now())]);
    await assert.rejects(client().send(stop("job")), {
      name: "ValidationException",
      message: "The request was rejected because the processing job is in status Stopped.",
    });
  }));

Deno.test("Delete takes away ended jobs only and frees the name", () =>
  withStandIn(async ({ clock, standIn, client }) => {
    await client().send(create("job"));
    await assert.rejects(client().send(remove("job")), { name: "ResourceInUse" });
    await clock.advance(10_000);
    await client().send(remove("job"));
    await assert.rejects(client().send(describe("job")), { name: "ValidationException" });
    const { ProcessingJobSummaries } = await client().send(new ListProcessingJobsCommand({}));
    assert.deepEqual(ProcessingJobSummaries, []);
    await client().send(create("job"));
    assert.equal((await client().send(describe("job"))).ProcessingJobStatus, "InProgress");
    assert.deepEqual(standIn.created.map(({ name }) => name), ["job", "job"]);
  }));

Deno.test("errors have the service's names and texts", () =>
  withStandIn(async ({ client }) => {
    await client().send(create("job"));
    for (const command of [describe("none"), stop("none"), remove("none")]) {
      await assert.rejects(client().send(command as ReturnType<typeof describe>), {
        name: "ValidationException",
        message: "Could not find requested job with name: none",
      });
    }
    await assert.rejects(client().send(create("job")), {
      name: "ResourceInUse",
      message: "Job name must be unique within an AWS account and region, and a job with this name already exists " +
        `(arn:aws:sagemaker:${REGION}:123456789012:processing-job/job)`,
    });
    await assert.rejects(client().send(create("my.job", { ProcessingInputs: [] })), {
      name: "ValidationException",
      message: /^1 validation error detected: Value 'my\.job' at 'processingJobName' failed to satisfy constraint: /,
    });
    await assert.rejects(client().send(create("x", { ProcessingInputs: [{ InputName: "a" }] })), {
      name: "ValidationException",
      message: "Input 'a' must have exactly one of S3Input and DatasetDefinition",
    });
  }));

Deno.test("Create refuses what the service refuses, in its words where they are known", () =>
  withStandIn(async ({ client }) => {
    for (const { title, changes, said, answer, isOurs } of REFUSED) {
      let spec: object = FULL_SPEC;
      for (const [path, value] of Object.entries(changes)) spec = changed(spec, path, value);
      const creating = client().send(
        create("x", { ...toCreateRequest(spec as ProcessingJobSpec, "x"), ProcessingJobName: crypto.randomUUID() }),
      );
      if (isOurs) await creating;
      else {await assert.rejects(creating, ({ name, message }: Error) => {
          assert.equal(name, "ValidationException", title);
          assert.ok(message.startsWith(answer ?? said), `${title}: ${message}`);
          return true;
        });}
    }
  }));

Deno.test("AddTags refuses keys that are AWS's own, and takes the operator's", () =>
  withStandIn(async ({ client }) => {
    const { ProcessingJobArn: ResourceArn } = await client().send(create("job"));
    const add = (Key: string) => client().send(new AddTagsCommand({ ResourceArn, Tags: [{ Key, Value: "v" }] }));
    await add("sagemaker-operator/uid");
    await assert.rejects(add("aws:team"), { name: "ValidationException", message: /are reserved for AWS/ });
  }));

Deno.test("List pages through 250 jobs, filters and sorts", () =>
  withStandIn(async ({ clock, client }) => {
    const names = Array.from({ length: 250 }, (_, index) => `job-${String((index * 101) % 250).padStart(3, "0")}`);
    for (const [index, name] of names.entries()) {
      const fails = index % 50 === 7;
      await client().send(create(name, fails ? { Environment: { SIMULATE_FAILURE: "ClientError: no" } } : {}));
      await clock.advance(10);
    }
    const list = async (input: ListProcessingJobsCommand["input"], pageSize: number) => {
      const pages: string[][] = [];
      for await (const page of paginateListProcessingJobs({ client: client(), pageSize }, input)) {
        pages.push((page.ProcessingJobSummaries ?? []).map((job) => job.ProcessingJobName ?? ""));
      }
      return pages;
    };
    const all = await list({}, 100);
    assert.deepEqual(all.map((page) => page.length), [100, 100, 50]);
    assert.deepEqual(all.flat(), names);
    assert.deepEqual((await list({ SortOrder: "Descending" }, 60)).flat(), names.toReversed());
    assert.deepEqual((await list({ SortBy: "Name" }, 99)).flat(), names.toSorted());
    assert.deepEqual((await list({ NameContains: "24" }, 100)).flat(), names.filter((name) => name.includes("24")));

    const moment = new Date(clock.now());
    await clock.advance(60_000);
    const failed = await list({ StatusEquals: "Failed" }, 100);
    assert.deepEqual(failed.flat(), names.filter((_, index) => index % 50 === 7));
    await client().send(create("late"));
    assert.deepEqual((await list({ CreationTimeAfter: moment }, 100)).flat(), ["late"]);
    assert.equal((await list({ LastModifiedTimeAfter: moment }, 100)).flat().length, 251);
    const { ProcessingJobSummaries: page } = await client().send(
      new ListProcessingJobsCommand({ StatusEquals: "Failed" }),
    );
    assert.equal(page?.[0]?.FailureReason, "ClientError: no");
    assert.equal(page?.[0]?.ProcessingEndTime?.getTime(), page?.[0]?.LastModifiedTime?.getTime());
    const { ProcessingJobSummaries: standard } = await client().send(new ListProcessingJobsCommand({}));
    assert.equal(standard?.length, 10);
  }));

Deno.test("tags are set by Create, added to by AddTags and limited to 50", () =>
  withStandIn(async ({ client }) => {
    const { ProcessingJobArn: ResourceArn } = await client().send(create("job", { Tags: [{ Key: "a", Value: "1" }] }));
    const added = await client().send(
      new AddTagsCommand({ ResourceArn, Tags: [{ Key: "b", Value: "" }, { Key: "a", Value: "2" }] }),
    );
    const expected = [{ Key: "a", Value: "2" }, { Key: "b", Value: "" }];
    assert.deepEqual(added.Tags, expected);
    assert.deepEqual((await client().send(new ListTagsCommand({ ResourceArn }))).Tags, expected);
    const many = Array.from({ length: 49 }, (_, index) => ({ Key: `k${index}`, Value: "" }));
    await assert.rejects(client().send(new AddTagsCommand({ ResourceArn, Tags: many })), {
      name: "ResourceLimitExceeded",
    });
    assert.equal((await client().send(new ListTagsCommand({ ResourceArn }))).Tags?.length, 2);
    await assert.rejects(client().send(new ListTagsCommand({ ResourceArn: `${ResourceArn}x` })), {
      name: "ValidationException",
    });
  }));

Deno.test("each region has jobs of its own", () =>
  withStandIn(async ({ standIn, client }) => {
    await client("eu-west-1").send(create("job"));
    const { ProcessingJobArn } = await client("cn-north-1").send(create("job"));
    assert.equal(ProcessingJobArn, "arn:aws-cn:sagemaker:cn-north-1:123456789012:processing-job/job");
    await assert.rejects(client("us-east-1").send(describe("job")), { name: "ValidationException" });
    assert.deepEqual(standIn.jobs().map(({ region }) => region), ["eu-west-1", "cn-north-1"]);
  }));
