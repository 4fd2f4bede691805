import assert from "node:assert/strict";
import { parse } from "yaml";
import { CRD_YAML } from "../api/crd.ts";
import type { Condition } from "../api/conditions.ts";
import type { ProcessingJobStatus } from "../api/processing_job.ts";
import { fitStatus } from "./fit_status.ts";

const LONG = "ä🚀".repeat(100_000);

interface Schema {
  maxLength?: number;
  properties?: Record<string, Schema>;
  items?: Schema;
}

const STATUS: Schema = parse(CRD_YAML).spec.versions[0].schema.openAPIV3Schema.properties.status;

/** A text in each field of the schema that takes any, and in the lists that hold such fields. */
function full(schema: Schema, key = ""): unknown {
  if (schema.items) return [full(schema.items)];
  if (!schema.properties) return key === "type" ? "Ready" : LONG;
  return Object.fromEntries(Object.entries(schema.properties).map(([key, each]) => [key, full(each, key)]));
}

function tooLong(value: unknown, schema: Schema, path = ""): string[] {
  if (typeof value === "string") {
    return [...value].length > (schema.maxLength ?? 32_768) ? [path] : [];
  }
  if (Array.isArray(value)) return value.flatMap((each) => tooLong(each, schema.items!, `${path}[]`));
  return Object.entries(value as object).flatMap(([key, each]) =>
    tooLong(each, schema.properties![key]!, `${path}.${key}`)
  );
}

Deno.test("fitStatus() cuts a message to the limit that the CRD's schema has for it, and other texts as well", () => {
  const status = full(STATUS) as ProcessingJobStatus;
  const fit = fitStatus(status);
  const { message } = fit.conditions![0]!;
  assert.deepEqual(tooLong({ ...fit, conditions: [{ message }] }, STATUS), []);
  assert.ok(fit.conditions![0]!.message.endsWith("…"));
});

Deno.test("fitStatus() changes nothing that fits, and no condition of another controller", () => {
  const foreign = { type: "Approved", message: LONG } as unknown as Condition;
  const status: ProcessingJobStatus = {
    additional: "x",
    billableInstanceSeconds: 3,
    conditions: [foreign],
    attempts: [],
  };
  assert.deepEqual(fitStatus(status), status);
});
