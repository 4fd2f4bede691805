import type { Failure, QuotaRefusal } from "../api/job.ts";
import type { Call } from "./gate_rules.ts";

/**
 * How SageMaker words a refusal, as users report it: "The account-level service limit 'ml.p3.8xlarge for training job usage' is 2
 * Instances, with current utilization of 3 Instances and a request delta of 1 Instances." No AWS page documents the text, so a
 * refusal in other words still counts as one of the instance type's quota.
 */
const REFUSAL =
  /service limit '([^']+)' is ([\d.]+) *(\w*), with current utilization of ([\d.]+) *\w* and a request delta of ([\d.]+)/i;
const INSTANCE_TYPE = /\bml\.[\w-]+\.[\w-]+/;

/** What the text of a `ResourceLimitExceeded` says of the quota; `undefined` where it is worded differently. */
export function readQuotaRefusal(text: string): QuotaRefusal | undefined {
  const match = REFUSAL.exec(text.replace(/(\\n|\s)+/g, " "));
  if (match === null) return undefined;
  const [, name = "", limit, unit = "", used, requested] = match;
  return { name, unit, limit: Number(limit), used: Number(used), requested: Number(requested) };
}

/** Whether the request is larger than the whole quota: it cannot succeed, however long it waits. */
export function isOversized({ quota }: Failure): boolean {
  return quota !== undefined && quota.requested > quota.limit;
}

/** Which quota a line is for. */
export interface QuotaKey {
  /** Where the quota is one of an instance type, that type; it identifies the quota together with the unit. */
  type?: string;
  /** Otherwise its name. */
  name?: string;
  unit: string;
}

/** The quota that `failure` of `call` is about. */
export function quotaOf({ quota }: Failure, { instanceType = "" }: Call): QuotaKey {
  if (quota === undefined) return { type: instanceType, unit: "Instances" };
  const type = INSTANCE_TYPE.exec(quota.name)?.[0];
  return { ...(type === undefined ? { name: quota.name } : { type }), unit: quota.unit };
}

/** Whether `call` counts against the quota, as far as that is known before the service says so. */
export function countsAgainst(quota: QuotaKey, call: Call): boolean {
  return sizeIn(quota, call) !== undefined && (quota.type === undefined || quota.type === (call.instanceType ?? ""));
}

/** How much of the quota `call` asks for; `undefined` where that is not known. */
export function sizeIn({ unit }: QuotaKey, { instances = 1, volumeGB }: Call): number | undefined {
  if (/^instances?$/i.test(unit)) return instances;
  return /^(GBs?|gigabytes?)$/i.test(unit) ? volumeGB : undefined;
}
