import { join } from "node:path";
import { type Manifest, manifestsOf } from "./apply.ts";

const SAMPLE = join(import.meta.dirname!, "../../samples/kmeans-mnist-processingjob.yaml");

/** The three resources of the demo, all made from the sample of the documentation; the stand-in heeds their environment. */
export interface DemoJobs {
  /** Completes. */
  sample: Manifest;
  /** Fails. */
  failing: Manifest;
  /** Runs until it is deleted. */
  long: Manifest;
}

/** Reads the sample and makes the other two of it, all in `namespace`. */
export async function demoJobs(namespace: string): Promise<DemoJobs> {
  const [manifest] = manifestsOf(await Deno.readTextFile(SAMPLE));
  const variant = (name: string, environment: Record<string, string>): Manifest => {
    const added = Object.entries(environment).map(([name, value]) => ({ name, value }));
    const spec = manifest!.spec as { environment?: object[] };
    return {
      ...manifest!,
      metadata: { ...manifest!.metadata, name, namespace },
      spec: { ...spec, environment: [...spec.environment ?? [], ...added] },
    };
  };
  return {
    sample: variant(manifest!.metadata.name, { SIMULATE_EXIT_MESSAGE: "70000 rows written" }),
    failing: variant("no-such-bucket", {
      SIMULATE_FAILURE: "AlgorithmError: exit code 1: cannot read s3://no-such-bucket",
      SIMULATE_DURATION: "3s",
    }),
    long: variant("too-long", { SIMULATE_DURATION: "1h" }),
  };
}
