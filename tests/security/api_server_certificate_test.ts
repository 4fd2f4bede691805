/**
 * Something on the way answers in the API server's place, with a certificate that another authority signed than the one that the kubeconfig
 * gives. It must not get the operator's token. Deno adds authorities of its own to the given one, so where these are more than the
 * public ones, or could sign for the host, `run` says so. The second test fails at 939be82, which said nothing.
 */
import assert from "node:assert/strict";
import { join } from "node:path";
import { rootCertificates } from "node:tls";
import { eventually } from "../support/eventually.ts";
import { startOperator } from "../support/operator.ts";

const TLS = join(import.meta.dirname!, "../support/tls");
const WARNING = "Trusts more authorities for the API server's certificate than the one that is given for it";
const TOKEN = "the-operators-own-token";

/** A server with a certificate of an authority for tests, and an operator whose kubeconfig gives another authority for it. */
async function setUp(env: Record<string, string>) {
  const tokens: (string | null)[] = [];
  const folder = await Deno.makeTempDir({ prefix: "sagemaker-operator-test-" });
  const server = Deno.serve({
    hostname: "127.0.0.1",
    port: 0,
    onListen() {},
    cert: await Deno.readTextFile(join(TLS, "server.pem")),
    key: await Deno.readTextFile(join(TLS, "server.key")),
  }, (request) => {
    tokens.push(request.headers.get("authorization"));
    return Response.json({}, { status: 404 });
  });
  const cluster = {
    server: `https://127.0.0.1:${server.addr.port}`,
    "certificate-authority-data": btoa(rootCertificates[0]!),
  };
  const config = {
    "current-context": "main",
    clusters: [{ name: "main", cluster }],
    contexts: [{ name: "main", context: { cluster: "main", user: "main" } }],
    users: [{ name: "main", user: { token: TOKEN } }],
  };
  await Deno.writeTextFile(join(folder, "config"), JSON.stringify(config));
  const operator = startOperator({ kubeconfig: join(folder, "config"), env });
  return {
    tokens,
    operator,
    async [Symbol.asyncDispose]() {
      await operator.kill();
      await server.shutdown();
      await Deno.remove(folder, { recursive: true });
    },
  };
}

for (const env of [{}, { DENO_TLS_CA_STORE: "" }, { SSL_CERT_FILE: join(TLS, "ca.pem") }]) {
  Deno.test(`with another authority's certificate no request is sent, where the environment is ${JSON.stringify(Object.keys(env))}`, async () => {
    await using scene = await setUp(env);
    await eventually(
      "the operator cannot connect",
      () => assert.match(scene.operator.stderr, /UnknownIssuer|certificate/),
      {
        timeoutMs: 30_000,
      },
    );
    assert.deepEqual(scene.tokens, []);
    assert.ok(!scene.operator.stderr.includes(WARNING));
  });
}

Deno.test("an authority that DENO_CERT adds is trusted for the API server too, and run says so", async () => {
  await using scene = await setUp({ DENO_CERT: join(TLS, "ca.pem") });
  const { authorities } = await scene.operator.untilLogged(WARNING, { timeoutMs: 30_000 });
  assert.equal(authorities, "those in the file that DENO_CERT names");
  await eventually("a request is sent", () => assert.ok(scene.tokens.includes(`Bearer ${TOKEN}`)), {
    timeoutMs: 30_000,
  });
});
