import assert from "node:assert/strict";
import { FAKE_CREDENTIALS } from "../../tests/support/operator.ts";
import { FakeClock } from "../runtime/fake_clock.ts";
import { sageMakerFactory } from "./client.ts";
import { endpoints } from "./endpoints.ts";

Deno.test("clients of 2,000 invented regions that live resources name: about 500 are kept", async () => {
  for (const [name, value] of Object.entries(FAKE_CREDENTIALS)) Deno.env.set(name, value);
  const clock = new FakeClock();
  using factory = sageMakerFactory({
    endpoints: endpoints({ endpointUrl: "http://127.0.0.1:1" }),
    clock,
    version: "0",
  });
  let most = 0;
  for (let region = 0; region < 2_000; region++) {
    await factory.sageMakerFor({ region: `us-invented-${region}` }).ready();
    await clock.advance(1_000);
    most = Math.max(most, factory.size);
  }
  // One identity of the caller for all of them.
  assert.equal(most, 502);
});
