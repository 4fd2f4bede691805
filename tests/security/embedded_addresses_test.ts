/**
 * A resource's endpoint whose name has an IPv6 address with a metadata service's IPv4 address in it: a translator or a tunnel would take
 * the signed request there. Both tests fail at 939be82.
 */
import assert from "node:assert/strict";
import { SageMakerError } from "../../src/api/job.ts";
import { systemClock } from "../../src/runtime/clock.ts";
import { sageMakerFactory } from "../../src/sagemaker/client.ts";
import { endpoints } from "../../src/sagemaker/endpoints.ts";
import { FAKE_CREDENTIALS } from "../support/operator.ts";

/** 169.254.169.254 in each form. */
const ADDRESSES: Record<string, string> = {
  "mapped": "::ffff:a9fe:a9fe",
  "compatible": "::a9fe:a9fe",
  "translated": "::ffff:0:a9fe:a9fe",
  "NAT64": "64:ff9b::a9fe:a9fe",
  "local NAT64 of 48 bits": "64:ff9b:1:a9fe:a9:fe00::",
  "local NAT64 of 56 bits": "64:ff9b:1:a9:fe:a9fe::",
  "local NAT64 of 64 bits": "64:ff9b:1:0:a9:fea9:fe00:0",
  "local NAT64 of 96 bits": "64:ff9b:1::a9fe:a9fe",
  "6to4": "2002:a9fe:a9fe::1",
  "Teredo, its client": "2001:0:4136:e378:8000:63bf:5601:5601",
  "Teredo, its server": "2001:0:a9fe:a9fe:8000:63bf:3fff:fdd2",
  "ISATAP": "2600:1f14::5efe:a9fe:a9fe",
};

async function refusalOf(endpoint: string, allowed: string[], address = ""): Promise<string> {
  for (const [name, value] of Object.entries(FAKE_CREDENTIALS)) Deno.env.set(name, value);
  using factory = sageMakerFactory({
    endpoints: endpoints({ allowed }),
    clock: systemClock,
    version: "0",
    lookup: (_, __, callback) => queueMicrotask(() => callback(null, [{ address, family: 6 }])),
  });
  try {
    await factory.sageMakerFor({ region: "us-west-2", endpoint }).describe("job");
  } catch (error) {
    assert.ok(error instanceof SageMakerError, String(error));
    assert.equal(error.failure.reason, "EndpointNotAllowed", `${endpoint}, ${address}: ${error.message}`);
    return error.message;
  }
  return assert.fail(`'${endpoint}' was taken with ${address}`);
}

Deno.test("no connection is made to a name that has a metadata service's address embedded in an IPv6 address", async () => {
  for (const [form, address] of Object.entries(ADDRESSES)) {
    const message = await refusalOf("http://api.example", ["http://*.example"], address);
    assert.ok(message.includes(`its address '${address}'`), `${form}: ${message}`);
  }
});

Deno.test("such an address is refused in a spec too, even where the list of allowed endpoints names it", async () => {
  for (const [form, address] of Object.entries(ADDRESSES)) {
    const { origin } = new URL(`http://[${address}]`);
    assert.match(await refusalOf(origin, [origin]), /its host is an address for link-local, metadata/, form);
  }
});
