import assert from "node:assert/strict";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";

const PROGRAM = new URL("../support/describe_jobs.ts", import.meta.url).pathname;

/** SageMaker, STS and instance metadata at one address; metadata never answers. */
async function startAws() {
  const calls: string[] = [];
  const server = createServer(async (request, response) => {
    const body = await text(request);
    if (request.headers["x-amz-target"] !== undefined) {
      calls.push(`SageMaker as ${/Credential=(\w+)/.exec(request.headers.authorization ?? "")?.[1]}`);
      response.end(JSON.stringify({ ProcessingJobStatus: "InProgress" }));
    } else if (body.includes("Action=AssumeRoleWithWebIdentity")) {
      calls.push("STS");
      response.end(ASSUMED);
    } else {
      calls.push("metadata");
    }
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    calls,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

const ASSUMED = `<AssumeRoleWithWebIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/">
<AssumeRoleWithWebIdentityResult><Credentials><AccessKeyId>ASIAFROMSTS</AccessKeyId>
<SecretAccessKey>of-no-use</SecretAccessKey><SessionToken>token</SessionToken>
<Expiration>2100-01-01T00:00:00Z</Expiration></Credentials></AssumeRoleWithWebIdentityResult>
</AssumeRoleWithWebIdentityResponse>`;

/** Runs the program with nothing of AWS in its environment but `env`; gives what it printed. */
async function describe(url: string, env: Record<string, string>, timeoutMs: number, ...regions: string[]) {
  const kept = ["HOME", "PATH", "DENO_DIR"].flatMap((name) => {
    const value = Deno.env.get(name);
    return value === undefined ? [] : [[name, value]];
  });
  const none = { AWS_CONFIG_FILE: "/nonexistent", AWS_SHARED_CREDENTIALS_FILE: "/nonexistent" };
  const { stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", PROGRAM, url, String(timeoutMs), ...regions],
    clearEnv: true,
    env: { ...Object.fromEntries(kept), ...none, ...env },
  }).output();
  const decoder = new TextDecoder();
  // Nothing of the SDK's own reaches the user's screen.
  assert.equal(decoder.decode(stderr), "");
  return decoder.decode(stdout).trim().split("\n").map((line) => JSON.parse(line));
}

Deno.test("without credentials a call says so and which ways there are, and sends nothing", async () => {
  await using aws = await startAws();
  const [failure] = await describe(aws.url, { AWS_EC2_METADATA_DISABLED: "true" }, 10_000, "us-west-2");
  assert.deepEqual([failure.retry, failure.reason], ["slowly", "CredentialsUnavailable"]);
  assert.match(failure.message, /^Cannot get AWS credentials: .*; give the operator one of .*IRSA.*AWS_PROFILE/);
  assert.deepEqual(aws.calls, []);
});

Deno.test("instance metadata that does not answer ends at the call's deadline", async () => {
  await using aws = await startAws();
  const [failure] = await describe(aws.url, { AWS_EC2_METADATA_SERVICE_ENDPOINT: aws.url }, 300, "us-west-2");
  assert.equal(failure.reason, "CredentialsUnavailable");
  assert.match(failure.message, /their source does not answer/);
  assert.deepEqual(new Set(aws.calls), new Set(["metadata"]));
});

Deno.test("a web identity costs one call of STS for all regions, whatever the first region is", async () => {
  await using aws = await startAws();
  const token = await Deno.makeTempFile();
  try {
    await Deno.writeTextFile(token, "a.b.c");
    const env = {
      AWS_ROLE_ARN: "arn:aws:iam::123456789012:role/operator",
      AWS_WEB_IDENTITY_TOKEN_FILE: token,
      AWS_ENDPOINT_URL_STS: aws.url,
      AWS_EC2_METADATA_DISABLED: "true",
    };
    const regions = ["us-nowhere-9", "us-west-2", "us-east-1", "eu-west-1", "ap-south-1"];
    const ends = await describe(aws.url, env, 10_000, ...regions);
    assert.deepEqual(ends, regions.map(() => ({ status: "InProgress" })));
    assert.deepEqual(aws.calls.filter((call) => call === "STS"), ["STS"]);
    assert.deepEqual(aws.calls.filter((call) => call === "SageMaker as ASIAFROMSTS").length, 5);
  } finally {
    await Deno.remove(token);
  }
});

Deno.test("warnings of the SDK do not reach the console", async () => {
  await using aws = await startAws();
  const config = await Deno.makeTempFile();
  try {
    await Deno.writeTextFile(config, "[team]\naws_access_key_id = AKIATEAM\naws_secret_access_key = of-no-use\n");
    const env = {
      AWS_PROFILE: "team",
      AWS_SHARED_CREDENTIALS_FILE: config,
      AWS_ACCESS_KEY_ID: "AKIAOTHER",
      AWS_SECRET_ACCESS_KEY: "of-no-use",
    };
    assert.deepEqual(await describe(aws.url, env, 10_000, "us-west-2"), [{ status: "InProgress" }]);
    assert.deepEqual(aws.calls, ["SageMaker as AKIATEAM"]);
  } finally {
    await Deno.remove(config);
  }
});
