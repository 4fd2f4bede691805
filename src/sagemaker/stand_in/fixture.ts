import {
  CreateProcessingJobCommand,
  type CreateProcessingJobCommandInput,
  DescribeProcessingJobCommand,
  SageMakerClient,
} from "@aws-sdk/client-sagemaker";
import { FakeClock } from "../../runtime/fake_clock.ts";
import { type StandIn, type StandInOptions, startStandIn } from "./server.ts";

/** Where clients are unless they say otherwise. */
export const REGION = "eu-west-1";

export interface Fixture {
  clock: FakeClock;
  standIn: StandIn;
  /** The real SDK, against the stand-in. */
  client(region?: string): SageMakerClient;
}

/** Runs a test with a stand-in on a clock that the test moves. Jobs take 10 s, stops 2 s. */
export async function withStandIn(
  test: (fixture: Fixture) => Promise<void>,
  options: StandInOptions = {},
): Promise<void> {
  const clock = new FakeClock();
  const standIn = await startStandIn({ clock, jobDuration: 10_000, stopDuration: 2_000, ...options });
  const clients = new Map<string, SageMakerClient>();
  const client = (region = REGION) => {
    const credentials = { accessKeyId: "AKID", secretAccessKey: "secret" };
    const found = clients.get(region) ??
      new SageMakerClient({ region, endpoint: standIn.url, credentials, maxAttempts: 1 });
    clients.set(region, found);
    return found;
  };
  try {
    await test({ clock, standIn, client });
  } finally {
    for (const each of clients.values()) each.destroy();
    await standIn.close();
  }
}

/** The least that SageMaker takes, with `changes`. */
export function request(
  name: string,
  changes: Partial<CreateProcessingJobCommandInput> = {},
): CreateProcessingJobCommandInput {
  return {
    ProcessingJobName: name,
    RoleArn: "arn:aws:iam::123456789012:role/job",
    AppSpecification: {
      ImageUri: "123456789012.dkr.ecr.eu-west-1.amazonaws.com/image:1",
      ContainerArguments: ["--größe", "1"],
    },
    ProcessingResources: { ClusterConfig: { InstanceType: "ml.m5.large", InstanceCount: 1, VolumeSizeInGB: 10 } },
    ...changes,
  };
}

export function create(name: string, changes?: Partial<CreateProcessingJobCommandInput>): CreateProcessingJobCommand {
  return new CreateProcessingJobCommand(request(name, changes));
}

export function describe(name: string): DescribeProcessingJobCommand {
  return new DescribeProcessingJobCommand({ ProcessingJobName: name });
}
