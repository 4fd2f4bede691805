/** Endpoints that a resource names to get a signed request sent somewhere else: no connection may leave the process. */
import assert from "node:assert/strict";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { findCondition } from "../../src/api/conditions.ts";
import { SageMakerError } from "../../src/api/job.ts";
import { systemClock } from "../../src/runtime/clock.ts";
import { sageMakerFactory } from "../../src/sagemaker/client.ts";
import { endpoints } from "../../src/sagemaker/endpoints.ts";
import type { Lookup } from "../../src/sagemaker/guarded_http.ts";
import { testCluster } from "../support/control_plane.ts";
import { FAKE_CREDENTIALS } from "../support/operator.ts";
import { installCrd } from "../support/resources.ts";
import { Scene } from "../support/scene.ts";

const cluster = testCluster();

/** Wildcards as wide as somebody may write them. */
const ALLOWED = ["http://*:*", "http://*.example:*", "http://*.*.*.*:*", "https://*.example:*", "https://*.*.*.*:*"];

/** A server that counts its connections, and what a resource gets that names an endpoint. */
async function setUp(lookup: Lookup = () => assert.fail("a name was looked up"), allowed: string[] = []) {
  for (const [name, value] of Object.entries(FAKE_CREDENTIALS)) Deno.env.set(name, value);
  let connections = 0;
  let headers: Record<string, string> = {};
  let status = 200;
  const server = createServer((_, response) => {
    response.writeHead(status, headers);
    response.end(JSON.stringify({ ProcessingJobStatus: "InProgress" }));
  });
  server.on("connection", () => connections++);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  const factory = sageMakerFactory({
    endpoints: endpoints({ allowed: [...ALLOWED, ...allowed] }),
    clock: systemClock,
    version: "0",
    lookup,
  });
  return {
    port,
    connections: () => connections,
    answer: (to: number, withHeaders: Record<string, string>) => [status, headers] = [to, withHeaders],
    look: async (endpoint: string) => await factory.sageMakerFor({ region: "us-west-2", endpoint }).describe("job"),
    async refusal(endpoint: string): Promise<string> {
      try {
        await this.look(endpoint);
      } catch (error) {
        assert.ok(error instanceof SageMakerError, String(error));
        assert.equal(error.failure.reason, "EndpointNotAllowed", `${endpoint}: ${error.message}`);
        assert.equal(error.failure.retry, "person");
        return error.message;
      }
      return assert.fail(`'${endpoint}' was taken`);
    },
    async [Symbol.asyncDispose]() {
      factory.close();
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** Names and the addresses that they have. */
function names(addresses: Record<string, string[]>): Lookup {
  return (hostname, _, callback) => {
    const found = (addresses[hostname] ?? []).map((address) => ({ address, family: address.includes(":") ? 6 : 4 }));
    // As a name server does, not at once.
    queueMicrotask(() => callback(found.length === 0 ? new Error(`no name '${hostname}'`) : null, found));
  };
}

/** `P` is the port that the server listens at. */
const HOSTILE: [what: string, endpoints: string[]][] = [
  ["a user name", [
    "http://api.example@127.0.0.1:P",
    "http://user:word@127.0.0.1:P",
    "http://@127.0.0.1:P",
    "http://:@api.example:P",
    "http://api.sagemaker.us-west-2.amazonaws.com:443@127.0.0.1:P",
    "http://127.0.0.1:P%40api.example",
  ]],
  ["another scheme", ["file:///etc/shadow", "ftp://api.example:P", "ws://api.example:P", "unix:///run/x", "data:,x"]],
  ["no plain URL", ["http:127.0.0.1:P", "http:/127.0.0.1:P", "//127.0.0.1:P", "127.0.0.1:P", "", "http://"]],
  ["a backslash", ["http:\\\\127.0.0.1:P", "http://127.0.0.1:P\\@api.example", "http://api.example\\.x:P"]],
  ["white space", ["http://127.0.0.1:P ", " http://api.example:P", "http://127.0.\t0.1:P", "ht\ntp://api.example:P"]],
  ["a query or fragment", ["http://127.0.0.1:P?.example", "http://127.0.0.1:P#.example", "http://api.example:P?"]],
  ["a loopback address", ["http://127.0.0.1:P", "http://127.1.2.3:P", "http://[::1]:P", "https://127.0.0.1:P"]],
  ["an address in another form", [
    "http://2130706433:P",
    "http://0x7f000001:P",
    "http://0x7f.0.0.1:P",
    "http://017700000001:P",
    "http://0177.0.0.1:P",
    "http://127.1:P",
    "http://127.0.0.1.:P",
    "http://127.0.0.%31:P",
    "http://[::ffff:127.0.0.1]:P",
    "http://[::ffff:7f00:1]:P",
    "http://[0:0:0:0:0:0:0:1]:P",
    "http://[::127.0.0.1]:P",
    "http://[64:ff9b::127.0.0.1]:P",
    "http://[fe80::1%25lo]:P",
  ]],
  ["a private address", ["http://10.0.0.1:P", "http://172.16.0.1:P", "http://192.168.0.1:P", "http://[fd12::1]:P"]],
  ["no host of one's own", ["http://0.0.0.0:P", "http://0:P", "http://[::]:P", "http://255.255.255.255:P"]],
  ["a metadata address", [
    "http://169.254.169.254",
    "http://169.254.170.2",
    "http://169.254.170.23",
    "http://2852039166",
    "http://0xa9fea9fe",
    "http://[fd00:ec2::254]",
    "http://[::ffff:169.254.169.254]",
    "http://[::ffff:a9fe:a9fe]",
  ]],
  ["letters that look like others", [
    "http://127。0。0。1:P",
    "http://①②⑦.0.0.1:P",
    "http://аpi.example:P",
    "http://xn--pi-7kc.example:P",
    "http://ﬁ.example:P",
    "http://api.exa\u00admple:P",
    "https://api.sagemaker.us-west-2.amаzonaws.com",
  ]],
  ["a trailing dot", ["http://localhost.:P", "http://api.example.:P"]],
  ["a host that is AWS's in part", [
    "http://api.sagemaker.us-west-2.amazonaws.com:P",
    "https://api.sagemaker.us-west-2.amazonaws.com.evil.test:P",
    "https://evil.test/api.sagemaker.us-west-2.amazonaws.com",
    "https://xapi.sagemaker.us-west-2.amazonaws.com:P",
  ]],
];

for (const [what, values] of HOSTILE) {
  Deno.test(`endpoint with ${what} gets no connection`, async () => {
    await using aws = await setUp();
    for (const value of values) await aws.refusal(value.replace("P", String(aws.port)));
    assert.equal(aws.connections(), 0);
  });
}

Deno.test("hostile endpoints are 40 or more", () => {
  assert.ok(HOSTILE.flatMap(([, values]) => values).length >= 40);
});

Deno.test("name that has an address of metadata gets no connection, whatever else it has", async () => {
  const table: Record<string, string[]> = {
    "imds.example": ["169.254.169.254"],
    "ecs.example": ["169.254.170.2"],
    "pods.example": ["fd00:ec2::23"],
    "six.example": ["fe80::1"],
    "mapped.example": ["::ffff:169.254.169.254"],
    "nat.example": ["64:ff9b::a9fe:a9fe"],
    // Linux takes these for the machine itself, so a connection would arrive.
    "nowhere.example": ["0.0.0.0"],
    "nowhere6.example": ["::"],
    "first.example": ["127.0.0.1", "169.254.169.254"],
    "second.example": ["169.254.169.254", "127.0.0.1"],
  };
  await using aws = await setUp(names(table));
  for (const [host, [address]] of Object.entries(table)) {
    for (const scheme of ["http", "https"]) {
      const message = await aws.refusal(`${scheme}://${host}:${aws.port}`);
      assert.match(message, new RegExp(`^Cannot use the endpoint '${host}': its address '`));
      if (!host.startsWith("first")) assert.ok(message.includes(`'${address}'`), message);
    }
  }
  assert.equal(aws.connections(), 0);
});

Deno.test("name that changes its address between two calls is looked at for each connection", async () => {
  const table = { "moving.example": ["127.0.0.1"] };
  await using aws = await setUp(names(table));
  aws.answer(200, { connection: "close" });
  const endpoint = `http://moving.example:${aws.port}`;
  assert.equal((await aws.look(endpoint))?.status, "InProgress");
  table["moving.example"] = ["169.254.169.254"];
  await aws.refusal(endpoint);
  assert.equal(aws.connections(), 1);
});

Deno.test("private address is connected to where a name has it, or where it is written out in the list", async () => {
  await using aws = await setUp(names({ "private.example": ["127.0.0.1"] }), ["http://127.0.0.1:*"]);
  for (const host of ["private.example", "127.0.0.1"]) {
    assert.equal((await aws.look(`http://${host}:${aws.port}`))?.status, "InProgress", host);
  }
  assert.equal(aws.connections(), 2);
});

Deno.test("redirect of an endpoint that a resource names is not followed", async () => {
  await using other = await setUp();
  await using aws = await setUp(names({ "moved.example": ["127.0.0.1"] }));
  aws.answer(307, { location: `http://127.0.0.1:${other.port}/` });
  await assert.rejects(aws.look(`http://moved.example:${aws.port}`), SageMakerError);
  assert.deepEqual([aws.connections(), other.connections()], [1, 0]);
});

Deno.test("resources with hostile endpoints: the condition says what is wrong, and no call is made", async () => {
  await installCrd(cluster);
  await using scene = await Scene.open(cluster);
  await using aws = await setUp();
  await scene.startOperator({ endpoints: { endpointUrl: scene.standIn.url, allowed: ALLOWED } });
  const table: [endpoint: string, words: RegExp][] = [
    [`http://127.0.0.1:${aws.port}`, /--allowed-endpoints does not name it$/],
    [`http://user@127.0.0.1:${aws.port}`, /must not hold a user name or a password$/],
    [`http://2130706433:${aws.port}`, /host must be written as '127\.0\.0\.1'$/],
    ["http://169.254.169.254", /an address for link-local, metadata or other special use$/],
  ];
  for (const [index, [sageMakerEndpoint, words]] of table.entries()) {
    await scene.resources.create(`job-${index}`, { spec: { sageMakerEndpoint } });
    const { status } = await scene.resources.untilStatus(`job-${index}`, "Reconciling");
    assert.match(status?.additional ?? "", words);
    assert.equal(findCondition(status?.conditions, "Ready")?.reason, "EndpointNotAllowed");
  }
  assert.deepEqual([scene.calls, aws.connections()], [[], 0]);
});
