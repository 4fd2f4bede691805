/**
 * Requests with the shape of those that others' tools make: the SageMaker Python SDK (`ScriptProcessor`, `FrameworkProcessor`,
 * `SKLearnProcessor`, `PySparkProcessor`), Clarify, Model Monitor, Data Wrangler, Feature Store and Autopilot. Written by hand after
 * the public sources of these; accounts are those of AWS's own images, or made up.
 */
import type { CreateProcessingJobCommandInput } from "@aws-sdk/client-sagemaker";

const FOLDER = new URL("requests/", import.meta.url);

/** The requests by the name of the tool that makes them. */
export const GENERATED: ReadonlyMap<string, CreateProcessingJobCommandInput> = new Map(
  [...Deno.readDirSync(FOLDER)].map(({ name }) => name).sort().map((name) => [
    name.replace(".json", ""),
    JSON.parse(Deno.readTextFileSync(new URL(name, FOLDER))),
  ]),
);
