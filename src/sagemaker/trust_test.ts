import assert from "node:assert/strict";
import { createServer } from "node:https";
import type { AddressInfo } from "node:net";
import { fileURLToPath } from "node:url";
import { FAKE_CREDENTIALS } from "../../tests/support/operator.ts";
import { warningsOf } from "../../tests/support/warnings.ts";
import { systemClock } from "../runtime/clock.ts";
import { sageMakerFactory } from "./client.ts";
import { endpoints } from "./endpoints.ts";
import { clientForSingleCalls } from "./single_calls.ts";
import { extraAuthorities } from "./trust.ts";

const pathOf = (file: string) => fileURLToPath(import.meta.resolve(`../../tests/support/tls/${file}`));
const VARIABLES = ["AWS_CA_BUNDLE", "NODE_EXTRA_CA_CERTS", "SSL_CERT_FILE"];

/** A SageMaker whose certificate is signed by an authority of its own, and the environment without any such. */
async function setUp(env: Record<string, string> = {}) {
  const before = new Map(VARIABLES.map((name) => [name, Deno.env.get(name)]));
  for (const name of VARIABLES) Deno.env.delete(name);
  for (const [name, value] of Object.entries({ ...FAKE_CREDENTIALS, ...env })) Deno.env.set(name, value);
  const [key, cert] = await Promise.all(["server.key", "server.pem"].map((file) => Deno.readTextFile(pathOf(file))));
  const server = createServer({ key: key!, cert: cert! }, (_, response) => {
    response.writeHead(200, { "content-type": "application/x-amz-json-1.1" });
    response.end(JSON.stringify({ ProcessingJobStatus: "InProgress", ProcessingJobSummaries: [] }));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const url = `https://localhost:${(server.address() as AddressInfo).port}`;
  return {
    url,
    async [Symbol.asyncDispose]() {
      for (const [name, value] of before) value === undefined ? Deno.env.delete(name) : Deno.env.set(name, value);
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** What a look at a job gives, at the operator's own endpoint or at one that a resource names. */
async function describe(url: string, whose: "own" | "named"): Promise<string | undefined> {
  using factory = sageMakerFactory({
    endpoints: endpoints(whose === "own" ? { endpointUrl: url } : { allowed: [url] }),
    clock: systemClock,
    version: "0",
  });
  const site = { region: "us-west-2", ...(whose === "named" && { endpoint: url }) };
  return (await factory.sageMakerFor(site).describe("job"))?.status;
}

for (const whose of ["own", "named"] as const) {
  Deno.test(`an authority that is not known is refused at an endpoint (${whose})`, async () => {
    await using it = await setUp();
    await assert.rejects(describe(it.url, whose), /Cannot reach SageMaker/);
  });

  for (const variable of VARIABLES) {
    Deno.test(`${variable} names authorities that are trusted at an endpoint (${whose})`, async () => {
      await using it = await setUp({ [variable]: pathOf("ca.pem") });
      assert.equal(await describe(it.url, whose), "InProgress");
    });
  }
}

Deno.test("a command that a person runs trusts them too", async () => {
  await using it = await setUp({ AWS_CA_BUNDLE: pathOf("ca.pem") });
  const client = clientForSingleCalls({ region: "us-west-2", endpoint: it.url });
  const { ListProcessingJobsCommand } = await import("@aws-sdk/client-sagemaker");
  assert.deepEqual((await client.send(new ListProcessingJobsCommand({}))).ProcessingJobSummaries, []);
  client.destroy();
});

Deno.test("files that can't be used are told, each once, and left out", async () => {
  const warnings = await warningsOf(async () => {
    const env = {
      AWS_CA_BUNDLE: "/nonexistent/ca.pem",
      NODE_EXTRA_CA_CERTS: pathOf("server.key"),
      SSL_CERT_FILE: pathOf("ca.pem"),
    };
    for (let i = 0; i < 3; i++) assert.match(extraAuthorities(env) ?? "", /BEGIN CERTIFICATE/);
    assert.equal(extraAuthorities({}), undefined);
    await Promise.resolve();
  });
  assert.deepEqual(warnings.map(({ properties }) => properties.variable), ["AWS_CA_BUNDLE", "NODE_EXTRA_CA_CERTS"]);
});
