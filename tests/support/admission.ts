import assert from "node:assert/strict";
import { API_VERSION, KIND, PLURAL } from "../../src/api/group.ts";
import type { Answer } from "../../tools/control_plane/api_client.ts";
import type { Administrator } from "./resources.ts";

/** Path of the processing jobs of a namespace, or of one of them. */
export function resourcePath(namespace: string, name?: string): string {
  return `/apis/${API_VERSION}/namespaces/${namespace}/${PLURAL}${name === undefined ? "" : `/${name}`}`;
}

/** Asks for a processing job of any shape; unknown fields are an error. With `dryRun`, it is judged but not kept. */
export async function tryCreate(
  cluster: Administrator,
  namespace: string,
  spec: unknown,
  { dryRun = false }: { dryRun?: boolean } = {},
): Promise<Answer> {
  const query = `?fieldValidation=Strict${dryRun ? "&dryRun=All" : ""}`;
  const body = { apiVersion: API_VERSION, kind: KIND, metadata: { generateName: "job-" }, spec };
  return await cluster.request("POST", resourcePath(namespace) + query, body);
}

/** Sends a merge patch of any shape. */
export async function tryPatch(cluster: Administrator, path: string, body: unknown): Promise<Answer> {
  return await cluster.request("PATCH", path, body, { contentType: "application/merge-patch+json" });
}

/** What the apiserver says of one field that it does not take. */
export interface Cause {
  field: string;
  message: string;
}

/** Asserts that the apiserver found the object invalid, and gives what it says of it. */
export function causes({ status, body }: Answer): Cause[] {
  assert.equal(status, 422, JSON.stringify(body));
  return body.details.causes;
}
