/**
 * Each field of a spec in turn is left out and set to its limits and beyond them, through the API: it is either refused with a
 * word of where and why, or it becomes a request that SageMaker's own model takes.
 */
import assert from "node:assert/strict";
import type { ProcessingJobSpec } from "../../src/api/processing_job.ts";
import { toCreateRequest } from "../../src/sagemaker/convert.ts";
import { validate } from "../../src/sagemaker/validate.ts";
import { causes, tryCreate } from "../support/admission.ts";
import { testCluster } from "../support/control_plane.ts";
import { changed, FULL_SPEC } from "../support/full_spec.ts";
import { installCrd } from "../support/resources.ts";

const cluster = testCluster();
let namespace: string;
Deno.test.beforeAll(async () => {
  await installCrd(cluster);
  namespace = await cluster.freshNamespace("limits");
});

/** Every field and element under `value`, by its path: `processingInputs.0.s3Input`. */
function paths(value: unknown, path = ""): string[] {
  if (typeof value !== "object" || value === null) return [];
  return Object.entries(value).flatMap(([key, inner]) => {
    const here = path === "" ? key : `${path}.${key}`;
    return [here, ...paths(inner, here)];
  });
}

function at(spec: unknown, path: string): unknown {
  return path.split(".").reduce<unknown>((value, key) => (value as Record<string, unknown>)?.[key], spec);
}

/** What to try in place of `value`: nothing, the least, the most, more than that, and what is of another type. */
function variants(value: unknown): unknown[] {
  const wrong = [undefined, null, {}, []];
  if (typeof value === "string") return [...wrong, "", "a", "a".repeat(256), "a".repeat(20_000), "ä b", 1, true];
  if (typeof value === "number") return [...wrong, 0, 1, -1, 100, 101, 777_600, 777_601, 1.5, 2 ** 53, "1"];
  if (typeof value === "boolean") return [...wrong, !value, "true", 0];
  if (Array.isArray(value)) return [...wrong, [...value, ...value], Array(200).fill(value[0]), "x"];
  return [...wrong, "x"];
}

const tried: [path: string, value: unknown][] = paths(FULL_SPEC).flatMap((path) =>
  variants(at(FULL_SPEC, path)).map((value): [string, unknown] => [path, value])
);

Deno.test(`the apiserver refuses each of ${tried.length} changes with a reason, or SageMaker's model takes what comes of it`, async () => {
  let taken = 0;
  for (let start = 0; start < tried.length; start += 16) {
    await Promise.all(
      tried.slice(start, start + 16).map(async ([path, value]) => {
        const answer = await tryCreate(cluster, namespace, changed(FULL_SPEC, path, value));
        const what = `${path}: ${JSON.stringify(value)?.slice(0, 60)}`;
        if (answer.status !== 201) {
          assert.ok(answer.status === 422 || answer.status === 400, `${what}: ${answer.status}`);
          const why = causes(answer).map(({ field, message }) => `${field} ${message}`).join() || answer.body.message;
          assert.match(why, /\S+ \S+/, what);
          return;
        }
        taken++;
        // A role that is left out is the namespace's, or nothing is sent.
        const spec = { roleArn: FULL_SPEC.roleArn, ...answer.body.spec } as ProcessingJobSpec;
        const request = toCreateRequest(spec, "job-1");
        // Instance types that the model does not know yet are taken on purpose.
        const refused = validate("CreateProcessingJobRequest", request, { unknownMembers: true })
          .filter((violation) => !violation.path.endsWith(".instanceType"));
        assert.deepEqual(refused, [], what);
      }),
    );
  }
  assert.ok(taken > 50 && taken < tried.length - 200, `${taken} of ${tried.length} were taken`);
});
