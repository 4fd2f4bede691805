/** Random steps, as many of each kind as find something. */
import * as fc from "fast-check";
import type { NAMESPACE_ANNOTATIONS } from "../../src/api/group.ts";
import { OTHER_ACCOUNT, OWN_ACCOUNT, roleOf } from "./accounts.ts";
import { WATCH_FAULTS } from "./connection.ts";
import type { Annotating, Policies } from "./stage.ts";
import type { Step } from "./steps.ts";
import { type Fault, FAULTS } from "./wire.ts";
import { ENDPOINT, type System } from "./world.ts";

const name = fc.constantFrom("a", "b", "c", "d");

const POLICIES = {
  retryPolicy: fc.constantFrom(
    { maxAttempts: 3, backoffSeconds: 5 },
    { maxAttempts: 2, backoffSeconds: 0 },
    { maxAttempts: 10, backoffSeconds: 20, expireAfterSeconds: 90 },
  ),
  suspend: fc.boolean(),
  ttlSecondsAfterFinished: fc.constantFrom(0, 30),
  deletionPolicy: fc.constantFrom("Stop" as const, "Retain" as const, "Delete" as const),
};

/** A quarter of them have none. */
const policies: fc.Arbitrary<Policies> = fc.oneof(
  fc.constant({}),
  fc.record(POLICIES, { requiredKeys: [] }),
  fc.record({ ...POLICIES, sageMakerEndpoint: fc.constant(ENDPOINT) }, { requiredKeys: [] }),
  // A job is created in the account of its role.
  fc.record({ ...POLICIES, roleArn: fc.constant(roleOf(OTHER_ACCOUNT)) }, { requiredKeys: ["roleArn"] }),
);

/** One policy with a new value or none. */
const edit = fc.oneof(
  ...Object.entries(POLICIES).map(([name, value]) => {
    return fc.option(value as fc.Arbitrary<unknown>, { nil: undefined, freq: 2 }).map((to) => ({ [name]: to }));
  }),
);

const namespaceAnnotations = fc.constantFrom<Annotating<typeof NAMESPACE_ANNOTATIONS>>(
  { assumeRoleArn: roleOf(OTHER_ACCOUNT) },
  { assumeRoleArn: roleOf(OTHER_ACCOUNT) },
  { assumeRoleArn: roleOf(OWN_ACCOUNT) },
  { assumeRoleArn: undefined },
  { assumeRoleArn: undefined },
  { assumeRoleArn: "none" },
  { allowedRegions: "none" },
  { allowedRegions: undefined },
  { defaultDeletionPolicy: "Retain" },
  { defaultDeletionPolicy: undefined },
);

/** Annotations of a resource; a deletion by force is seldom asked for, as it leaves little to be checked. */
const annotations = fc.oneof(
  { weight: 6, arbitrary: fc.constant({ paused: "true" }) },
  { weight: 6, arbitrary: fc.constant({ paused: undefined }) },
  { weight: 1, arbitrary: fc.constant({ forceDelete: "true" }) },
);

const seconds = fc.constantFrom(1, 15, 60, 200);

const SAGEMAKER_OPERATIONS = [
  "CreateProcessingJob",
  "CreateProcessingJob",
  "DescribeProcessingJob",
  "StopProcessingJob",
  "DeleteProcessingJob",
  undefined,
];
const SAGEMAKER_FAULTS = FAULTS.filter((fault) => fault !== "conflict");
const APISERVER_FAULTS = FAULTS.filter((fault) => !["stale", "denied", "unresolved"].includes(fault));
const APISERVER_OPERATIONS = ["PATCH", "PATCH", "GET", "WATCH", undefined];

/** Any step, the usual ones more often. */
export const anyStep: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 9,
    arbitrary: fc.record({
      do: fc.constant("create" as const),
      name,
      policies,
      reconcileAt: fc.option(fc.constant("at creation"), { nil: undefined, freq: 8 }),
    }).map(({ reconcileAt, ...step }) => ({ ...step, ...(reconcileAt !== undefined && { reconcileAt }) })),
  },
  { weight: 3, arbitrary: fc.record({ do: fc.constant("set policies" as const), name, policies: edit }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant("annotate" as const), name, annotations }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant("ask again" as const), name }) },
  {
    weight: 1,
    arbitrary: fc.record({
      do: fc.constant("restore" as const),
      name,
      statusAfterMs: fc.constantFrom(0, 3_000, null),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      do: fc.constant("inherit" as const),
      name: fc.constantFrom("a", "b"),
      word: fc.constantFrom("Completed" as const, "Failed" as const, "Stopped" as const),
      hasRecord: fc.boolean(),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ do: fc.constant("annotate namespace" as const), annotations: namespaceAnnotations }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constantFrom("wrong account" as const, "unresolved" as const, "contend" as const),
      seconds,
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      do: fc.constant("deny" as const),
      operation: fc.constantFrom(...SAGEMAKER_OPERATIONS.filter((operation) => operation !== undefined), "ListTags"),
      seconds,
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("allow endpoint" as const), isAllowed: fc.boolean() }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("take lease" as const) }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant("suspend" as const), name, suspend: fc.boolean() }) },
  {
    weight: 1,
    arbitrary: fc.record({ do: fc.constant("skew" as const), aheadMs: fc.constantFrom(-120_000, 0, 120_000) }),
  },
  { weight: 3, arbitrary: fc.record({ do: fc.constant("delete" as const), name }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("edit" as const), name }) },
  {
    weight: 6,
    arbitrary: fc.record({
      do: fc.constant("end job" as const),
      name,
      failureReason: fc.constantFrom(
        "AlgorithmError: exit code 1",
        "CapacityError: none left",
        "CapacityError: none left",
      ),
      status: fc.constantFrom("Completed" as const, "Failed" as const, "Failed" as const, "Stopping" as const),
    }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constantFrom("delete record" as const, "take name" as const), name }) },
  { weight: 4, arbitrary: faults("sagemaker", SAGEMAKER_OPERATIONS, SAGEMAKER_FAULTS) },
  { weight: 3, arbitrary: faults("apiserver", APISERVER_OPERATIONS, APISERVER_FAULTS) },
  {
    weight: 1,
    arbitrary: fc.record({
      do: fc.constant("pause" as const),
      system: fc.constantFrom("apiserver" as const, "sagemaker" as const),
      seconds: fc.constantFrom(1, 5, 15, 60),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ do: fc.constant("harm watches" as const), how: fc.constantFrom(...WATCH_FAULTS) }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("compact" as const) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("kill" as const) }) },
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constant("kill at effect" as const),
      when: fc.constantFrom("before" as const, "after" as const),
      countdown: fc.integer({ min: 1, max: 6 }),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ do: fc.constant("roll out" as const), overlapMs: fc.constantFrom(0, 500, 5_000, 30_000) }),
  },
  {
    weight: 14,
    arbitrary: fc.record({
      do: fc.constant("wait" as const),
      ms: fc.oneof(
        fc.constantFrom(1, 10, 50, 200),
        fc.integer({ min: 500, max: 10_000 }),
        fc.constantFrom(30_000, 90_000, 150_000),
      ),
    }),
  },
);

function faults(system: System, operations: (string | undefined)[], kinds: readonly Fault[]): fc.Arbitrary<Step> {
  return fc.record({
    do: fc.constant("fault" as const),
    system: fc.constant(system),
    operation: fc.constantFrom(...operations),
    fault: fc.constantFrom(...kinds),
    times: fc.integer({ min: 1, max: 3 }),
  });
}
