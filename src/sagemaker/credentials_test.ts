import assert from "node:assert/strict";
import { FakeClock, settle } from "../runtime/fake_clock.ts";
import { credentialChain, type Credentials, remembered } from "./credentials.ts";
import { credentialsFailure } from "./errors.ts";

const MINUTE = 60_000;
const quiet = { debug() {}, info() {}, warn() {}, error() {} };

/** A source whose credentials are numbered in the order in which they are given, and live for `lifetimeMs`. */
function setUp(lifetimeMs?: number) {
  const clock = new FakeClock();
  const source = { loads: 0, isDown: false };
  const load = (): Promise<Credentials> => {
    source.loads++;
    if (source.isDown) return Promise.reject(new Error("down"));
    const expiration = lifetimeMs === undefined ? {} : { expiration: new Date(clock.now() + lifetimeMs) };
    return Promise.resolve({ accessKeyId: `key-${source.loads}`, secretAccessKey: "of-no-use", ...expiration });
  };
  const provider = remembered(load, clock);
  const key = async (forceRefresh = false) => (await provider({ forceRefresh })).accessKeyId;
  return { clock, source, key };
}

Deno.test("remembered() loads once for all who ask at the same time", async () => {
  const { source, key } = setUp(60 * MINUTE);
  assert.deepEqual(await Promise.all([key(), key(), key()]), ["key-1", "key-1", "key-1"]);
  assert.equal(source.loads, 1);
});

Deno.test("remembered() renews five minutes ahead, while calls go on with what there is", async () => {
  const { clock, key } = setUp(60 * MINUTE);
  await key();
  await clock.advance(55 * MINUTE);
  assert.equal(await key(), "key-1");
  await clock.advance(1);
  assert.equal(await key(), "key-1");
  await settle();
  assert.equal(await key(), "key-2");
});

Deno.test("remembered() goes on with what can't be renewed until it has expired, and tries every 15 s", async () => {
  const { clock, source, key } = setUp(60 * MINUTE);
  await key();
  source.isDown = true;
  for (await clock.advance(56 * MINUTE); clock.monotonic() < 60 * MINUTE; await clock.advance(1_000)) {
    assert.equal(await key(), "key-1");
  }
  assert.equal(source.loads, 1 + 4 * 4);
  await assert.rejects(key(), /down/);
  source.isDown = false;
  assert.match(await key(), /^key-/);
});

Deno.test("remembered() reads anew each minute what tells no end", async () => {
  const { clock, key } = setUp();
  await key();
  await clock.advance(MINUTE - 1);
  await key();
  await settle();
  assert.equal(await key(), "key-1");
  await clock.advance(1);
  await key();
  await settle();
  assert.equal(await key(), "key-2");
});

Deno.test("remembered() loads at once what AWS has refused, and then not for 15 s", async () => {
  const { clock, key } = setUp();
  assert.equal(await key(), "key-1");
  assert.equal(await key(true), "key-2");
  assert.equal(await key(true), "key-2");
  await clock.advance(15_000);
  assert.equal(await key(true), "key-3");
});

const NOTHING = { AWS_EC2_METADATA_DISABLED: "true" };
const FAILURES: [what: string, env: Record<string, string>, message: RegExp][] = [
  ["nothing is set", NOTHING, /^Cannot get AWS credentials: .*; give the operator one of/],
  [
    "a token file is missing",
    { ...NOTHING, AWS_ROLE_ARN: "arn:role", AWS_WEB_IDENTITY_TOKEN_FILE: "/nonexistent/token" },
    /^Cannot get AWS credentials from the role 'arn:role' by the web identity in '\/nonexistent\/token': the file is not/,
  ],
  [
    "a container's address is none that credentials may come from",
    { AWS_CONTAINER_CREDENTIALS_FULL_URI: "http://example.com/x" },
    /^Cannot get AWS credentials from the container's credentials at 'http:\/\/example.com\/x': URL not accepted/,
  ],
];
for (const [what, env, message] of FAILURES) {
  Deno.test(`credentialChain() names the source that was meant where ${what}`, async () => {
    const failed = await credentialChain(quiet, { env })().then(() => assert.fail("it gave some"), (error) => error);
    assert.match(credentialsFailure(failed).message, message);
  });
}
