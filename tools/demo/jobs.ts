import { join } from "node:path";
import { type Manifest, manifestsOf } from "./apply.ts";

const SAMPLE = join(import.meta.dirname!, "../../samples/kmeans-mnist-processingjob.yaml");

/** The resources of the demo, all made from the sample of the documentation; the stand-in heeds their environment. */
export interface DemoJobs {
  /** Completes. */
  sample: Manifest;
  /** Fails for want of capacity, and completes as its second attempt. */
  retried: Manifest;
  /** Fails. */
  failing: Manifest;
  /** Runs until it is deleted. */
  long: Manifest;
}

/** Reads the sample and makes the others of it, all in `namespace`. */
export async function demoJobs(namespace: string): Promise<DemoJobs> {
  const [manifest] = manifestsOf(await Deno.readTextFile(SAMPLE));
  const variant = (name: string, environment: Record<string, string>, policies: object = {}): Manifest => {
    const added = Object.entries(environment).map(([name, value]) => ({ name, value }));
    const spec = manifest!.spec as { environment?: object[] };
    return {
      ...manifest!,
      metadata: { ...manifest!.metadata, name, namespace },
      spec: { ...spec, ...policies, environment: [...spec.environment ?? [], ...added] },
    };
  };
  return {
    sample: variant(manifest!.metadata.name, { SIMULATE_EXIT_MESSAGE: "70000 rows written" }),
    retried: variant("no-capacity-yet", {
      SIMULATE_FAILURE: "CapacityError: Unable to provision requested ML compute capacity",
      SIMULATE_FAILURES: "1",
      SIMULATE_DURATION: "2s",
    }, { retryPolicy: { maxAttempts: 3, backoffSeconds: 1 } }),
    failing: variant("no-such-bucket", {
      SIMULATE_FAILURE: "AlgorithmError: exit code 1: cannot read s3://no-such-bucket",
      SIMULATE_DURATION: "3s",
    }),
    long: variant("too-long", { SIMULATE_DURATION: "1h" }),
  };
}
