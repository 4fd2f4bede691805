import assert from "node:assert/strict";
import { join } from "node:path";
import type { Administrator } from "./resources.ts";

interface Schema {
  type?: string;
  properties?: Record<string, unknown>;
  additionalProperties?: unknown;
  "x-kubernetes-group-version-kind"?: { group: string; version: string; kind: string }[];
}

/**
 * Writes the JSON schema of each kind of an API group as the apiserver publishes it, without fields that it doesn't know:
 * `deployment.json` for a Deployment. What the apiserver lets pass in silence, a checker then finds.
 *
 * @param groupVersions as in `apis/apps/v1` or `api/v1`
 */
export async function writeSchemas(cluster: Administrator, groupVersions: string[], folder: string): Promise<void> {
  for (const groupVersion of groupVersions) {
    const { status, body } = await cluster.request("GET", `/openapi/v3/${groupVersion}`);
    assert.equal(status, 200, JSON.stringify(body));
    const schemas: Record<string, Schema> = body.components.schemas;
    Object.values(schemas).forEach(close);
    for (const [name, { "x-kubernetes-group-version-kind": kinds }] of Object.entries(schemas)) {
      if (kinds?.length !== 1) continue;
      const schema = { $ref: `#/components/schemas/${name}`, components: { schemas } };
      await Deno.writeTextFile(join(folder, `${kinds[0]!.kind.toLowerCase()}.json`), JSON.stringify(schema));
    }
  }
}

function close(schema: Schema): void {
  if (schema.properties !== undefined) schema.additionalProperties ??= false;
}
