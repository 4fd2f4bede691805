/**
 * A program for tests of what the environment does: looks once at a job in each region that is named after the endpoint, and
 * prints how each look ended as one line of JSON.
 */
import { SageMakerError } from "../../src/api/job.ts";
import { systemClock } from "../../src/runtime/clock.ts";
import { sageMakerFactory } from "../../src/sagemaker/client.ts";
import { endpoints } from "../../src/sagemaker/endpoints.ts";

const [endpointUrl, callTimeoutMs, ...regions] = Deno.args;
using factory = sageMakerFactory({
  endpoints: endpoints({ endpointUrl }),
  clock: systemClock,
  version: "0",
  callTimeoutMs: Number(callTimeoutMs),
});

async function look(region: string): Promise<unknown> {
  try {
    return { status: (await factory.sageMakerFor({ region }).describe("job-a"))?.status };
  } catch (error) {
    if (error instanceof SageMakerError) return error.failure;
    throw error;
  }
}

const ends = await Promise.all(regions.map(look));
await Deno.stdout.write(new TextEncoder().encode(ends.map((end) => `${JSON.stringify(end)}\n`).join("")));
Deno.exit();
