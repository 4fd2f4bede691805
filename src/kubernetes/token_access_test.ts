import assert from "node:assert/strict";
import { FakeClock } from "../runtime/fake_clock.ts";
import { KubeClient } from "./client.ts";
import { FakeCluster } from "./fake_cluster.ts";
import { TokenAccess } from "./token_access.ts";

const TOKENREVIEWS = "/apis/authentication.k8s.io/v1/tokenreviews";
const USER = { username: "system:serviceaccount:monitoring:prometheus", groups: ["system:serviceaccounts"] };

/** An apiserver that knows the tokens "may" and "may-not". */
function start() {
  const clock = new FakeClock();
  const cluster = new FakeCluster(({ url, body }) => {
    const { spec } = JSON.parse(body);
    if (url.pathname === TOKENREVIEWS) {
      const authenticated = spec.token.startsWith("may");
      return Response.json({ status: authenticated ? { authenticated, user: { ...USER, uid: spec.token } } : {} });
    }
    assert.deepEqual(spec.nonResourceAttributes, { path: "/metrics", verb: "get" });
    assert.deepEqual([spec.user, spec.groups], [USER.username, USER.groups]);
    return Response.json({ status: { allowed: spec.uid === "may" } });
  });
  const access = new TokenAccess({ client: new KubeClient(cluster, { clock }), clock });
  return { clock, cluster, ask: (token: string) => access.verdictOn(token, "/metrics") };
}

Deno.test("a token is held against what the apiserver says of it", async () => {
  const { ask } = start();
  assert.deepEqual(
    [await ask("may"), await ask("may-not"), await ask("made up")],
    ["allowed", "forbidden", "unauthenticated"],
  );
});

Deno.test("an answer holds for a minute if the token may, for ten seconds if it may not", async () => {
  const { ask, clock, cluster } = start();
  for (let index = 0; index < 5; index++) await ask("may");
  for (let index = 0; index < 5; index++) await ask("may-not");
  assert.equal(cluster.requests.length, 4);
  await clock.advance(11_000);
  await Promise.all([ask("may"), ask("may-not")]);
  assert.equal(cluster.requests.length, 6);
  await clock.advance(50_000);
  await ask("may");
  assert.equal(cluster.requests.length, 8);
});

Deno.test("made-up tokens cost the apiserver ten reviews at once and five a second, and a known one is still answered", async () => {
  const { ask, clock, cluster } = start();
  await ask("may");
  const verdicts: string[] = [];
  for (let index = 0; index < 100; index++) verdicts.push(await ask(`made up ${index}`));
  assert.equal(cluster.requests.length, 2 + 9);
  assert.equal(verdicts.filter((verdict) => verdict === "busy").length, 91);
  assert.equal(await ask("may"), "allowed");
  await clock.advance(1_000);
  for (let index = 0; index < 100; index++) await ask(`made up too ${index}`);
  assert.equal(cluster.requests.length, 11 + 5);
});

Deno.test("of many tokens the oldest answers are forgotten", async () => {
  const { ask, clock, cluster } = start();
  await ask("may");
  for (let index = 0; index < 256; index++) {
    await clock.advance(200);
    await ask(`made up ${index}`);
  }
  const asked = cluster.requests.length;
  await ask("may");
  assert.equal(cluster.requests.length, asked + 2);
});
