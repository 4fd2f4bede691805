import assert from "node:assert/strict";
import { join } from "node:path";
import { FakeClock } from "../runtime/fake_clock.ts";
import { type Cluster, ConfigError, loadCluster, type LoadClusterOptions } from "./config.ts";

/** A directory with what a home and a pod may hold, and a server that tells what it was sent. */
class Bench implements AsyncDisposable {
  readonly clock = new FakeClock();
  readonly env = new Map<string, string>();
  readonly seen: Headers[] = [];
  accepted: string | undefined;
  readonly #opened: Cluster[] = [];
  readonly #server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, (request) => {
    this.seen.push(request.headers);
    const isAccepted = this.accepted === undefined || request.headers.get("authorization") === this.accepted;
    return new Response(null, { status: isAccepted ? 204 : 401 });
  });

  private constructor(readonly directory: string) {
    this.env.set("HOME", directory);
  }

  static async open(): Promise<Bench> {
    return new Bench(await Deno.makeTempDir());
  }

  get server(): string {
    return `http://127.0.0.1:${this.#server.addr.port}`;
  }

  path(name: string): string {
    return join(this.directory, name);
  }

  async write(name: string, content: unknown): Promise<string> {
    const text = typeof content === "string" ? content : JSON.stringify(content);
    await Deno.mkdir(join(this.path(name), ".."), { recursive: true });
    await Deno.writeTextFile(this.path(name), text);
    return this.path(name);
  }

  async load(options: Partial<LoadClusterOptions> = {}): Promise<Cluster> {
    const { env, clock } = this;
    const cluster = await loadCluster({ env, clock, serviceAccount: this.path("service-account"), ...options });
    this.#opened.push(cluster);
    return cluster;
  }

  /** The headers that arrive with a request. */
  async headers(cluster: Cluster): Promise<Headers> {
    await (await cluster.fetch("/version", {})).body?.cancel();
    return this.seen.at(-1)!;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const cluster of this.#opened) cluster.close();
    await this.#server.shutdown();
    await Deno.remove(this.directory, { recursive: true });
  }
}

/** A kubeconfig with one context, `main`, unless `more` says else. */
function kubeconfig(
  server: string,
  user: object = {},
  more: { cluster?: object; context?: object; name?: string } = {},
) {
  const name = more.name ?? "main";
  return {
    "current-context": name,
    clusters: [{ name, cluster: { server, ...more.cluster } }],
    contexts: [{ name, context: { cluster: name, user: name, ...more.context } }],
    users: [{ name, user }],
  };
}

async function failureOf(promise: Promise<unknown>): Promise<string> {
  try {
    await promise;
  } catch (error) {
    assert.ok(error instanceof ConfigError, `not a ConfigError: ${error}`);
    assert.ok(!error.message.includes("\n"), error.message);
    return error.message;
  }
  return assert.fail("it does not throw");
}

Deno.test("loadCluster() takes the named kubeconfig, then the pod's, then KUBECONFIG's, then the home's", async () => {
  await using bench = await Bench.open();
  const named = await bench.write("named", kubeconfig(bench.server, {}, { context: { namespace: "team-a" } }));
  await bench.write(".kube/config", kubeconfig(bench.server, {}, { name: "home" }));
  assert.equal((await bench.load()).source, `context 'home' of '${bench.path(".kube/config")}'`);

  bench.env.set("KUBECONFIG", await bench.write("listed", kubeconfig(bench.server, {}, { name: "listed" })));
  assert.equal((await bench.load()).source, `context 'listed' of '${bench.path("listed")}'`);

  bench.env.set("KUBERNETES_SERVICE_HOST", "10.0.0.1").set("KUBERNETES_SERVICE_PORT", "443");
  assert.equal((await bench.load()).source, `context 'listed' of '${bench.path("listed")}'`, "there is no token yet");
  await bench.write("service-account/token", "abc\n");
  await bench.write("service-account/namespace", "operators\n");
  const pod = await bench.load();
  assert.deepEqual([pod.server, pod.namespace, pod.podNamespace], ["https://10.0.0.1:443", "operators", "operators"]);
  assert.equal(pod.source, "the pod's service account");
  assert.match((await bench.load({ context: "listed" })).source, /^context 'listed'/);

  const first = await bench.load({ kubeconfig: named });
  assert.deepEqual([first.server, first.namespace, first.podNamespace], [bench.server, "team-a", undefined]);
  assert.equal(first.source, `context 'main' of '${named}'`);
});

Deno.test("loadCluster() writes an IPv6 service address as a URL", async () => {
  await using bench = await Bench.open();
  bench.env.set("KUBERNETES_SERVICE_HOST", "fd00::1").set("KUBERNETES_SERVICE_PORT", "443");
  await bench.write("service-account/token", "abc");
  assert.equal((await bench.load()).server, "https://[fd00::1]:443");
});

Deno.test("loadCluster() rereads a pod's token and CA", async () => {
  await using bench = await Bench.open();
  const made: Deno.CreateHttpClientOptions[] = [];
  const { createHttpClient } = Deno;
  const usualFetch = globalThis.fetch;
  const seen: string[] = [];
  Deno.createHttpClient = (options) => {
    made.push(options);
    return createHttpClient({});
  };
  globalThis.fetch = (_url, init) => {
    seen.push(new Headers(init?.headers).get("authorization")!);
    return Promise.resolve(new Response(null, { status: 204 }));
  };
  try {
    bench.env.set("KUBERNETES_SERVICE_HOST", "10.0.0.1").set("KUBERNETES_SERVICE_PORT", "443");
    await bench.write("service-account/token", "first\n");
    await bench.write("service-account/ca.crt", "CA 1");
    const cluster = await bench.load();
    await cluster.fetch("/version", {});
    await bench.write("service-account/token", "second\n");
    await bench.write("service-account/ca.crt", "CA 2");
    await cluster.fetch("/version", {});
    await bench.clock.advance(60_000);
    await cluster.fetch("/version", {});
  } finally {
    Deno.createHttpClient = createHttpClient;
    globalThis.fetch = usualFetch;
  }
  assert.deepEqual(seen, ["Bearer first", "Bearer first", "Bearer second"]);
  assert.deepEqual(made.map(({ caCerts }) => caCerts), [["CA 1"], ["CA 2"]]);
});

Deno.test("loadCluster() merges the files of KUBECONFIG: the first that names something wins, missing ones are skipped", async () => {
  await using bench = await Bench.open();
  const first = await bench.write("first", kubeconfig(bench.server, { token: "first" }));
  const second = await bench.write("second", {
    ...kubeconfig("http://127.0.0.1:1", { token: "second" }),
    contexts: [
      { name: "main", context: { cluster: "main", user: "main", namespace: "never" } },
      { name: "extra", context: { cluster: "main", user: "main", namespace: "extra" } },
    ],
  });
  bench.env.set("KUBECONFIG", [bench.path("missing"), first, second].join(":"));
  const main = await bench.load();
  assert.deepEqual([main.server, main.namespace], [bench.server, "default"]);
  const extra = await bench.load({ context: "extra" });
  assert.equal(extra.namespace, "extra");
  assert.equal((await bench.headers(extra)).get("authorization"), "Bearer first");
});

/** Not expired before the year 2286; nobody checks who signed it. */
const ID_TOKEN = ["{}", '{"exp":9999999999}', "signature"].map((part) => btoa(part).replaceAll("=", "")).join(".");
const USERS: [what: string, user: object, authorization: string | null][] = [
  ["a token", { token: "abc" }, "Bearer abc"],
  ["a password", { username: "me", password: "secret" }, `Basic ${btoa("me:secret")}`],
  ["a token file beside the kubeconfig, which beats a token", { tokenFile: "token", token: "no" }, "Bearer from-file"],
  ["an OIDC token", { "auth-provider": { name: "oidc", config: { "id-token": ID_TOKEN } } }, `Bearer ${ID_TOKEN}`],
  ["nothing", {}, null],
];

for (const [what, user, authorization] of USERS) {
  Deno.test(`loadCluster() sends the credentials of a user with ${what}`, async () => {
    await using bench = await Bench.open();
    await bench.write("token", "from-file\n");
    const cluster = await bench.load({ kubeconfig: await bench.write("config", kubeconfig(bench.server, user)) });
    assert.equal((await bench.headers(cluster)).get("authorization"), authorization);
  });
}

Deno.test("loadCluster() impersonates as the kubeconfig says", async () => {
  await using bench = await Bench.open();
  const cluster = await bench.load({
    kubeconfig: await bench.write("config", kubeconfig(bench.server, { token: "abc", as: "somebody" })),
  });
  assert.equal((await bench.headers(cluster)).get("impersonate-user"), "somebody");
});

for (const how of ["data", "files"]) {
  Deno.test(`loadCluster() hands client certificates and CAs given as ${how} to Deno`, async () => {
    await using bench = await Bench.open();
    for (const name of ["ca", "cert", "key"]) await bench.write(`pki/${name}`, name.toUpperCase());
    const isData = how === "data";
    const give = (field: string, name: string) =>
      isData ? { [`${field}-data`]: btoa(name.toUpperCase()) } : { [field]: `pki/${name}` };
    const user = { ...give("client-certificate", "cert"), ...give("client-key", "key") };
    const config = kubeconfig("https://127.0.0.1:1", user, {
      cluster: { ...give("certificate-authority", "ca"), "proxy-url": "http://me:a%40b@127.0.0.1:3128" },
    });
    const { createHttpClient } = Deno;
    let made: Record<string, unknown> = {};
    Deno.createHttpClient = (options) => {
      made = { ...options };
      return createHttpClient({});
    };
    try {
      await bench.load({ kubeconfig: await bench.write("config", config) });
    } finally {
      Deno.createHttpClient = createHttpClient;
    }
    const { caCerts, cert, key, proxy } = made;
    assert.deepEqual({ caCerts, cert, key }, { caCerts: ["CA"], cert: "CERT", key: "KEY" });
    assert.deepEqual(proxy, { url: "http://127.0.0.1:3128/", basicAuth: { username: "me", password: "a@b" } });
  });
}

Deno.test("loadCluster() runs an exec plugin, again when its token expires and when it is refused", async () => {
  await using bench = await Bench.open();
  const print = async (token: string, expiresIn: number) => {
    const expirationTimestamp = new Date(bench.clock.now() + expiresIn).toISOString();
    await bench.write("credential", { kind: "ExecCredential", status: { token, expirationTimestamp } });
  };
  await print("first", 30_000);
  const exec = { apiVersion: "client.authentication.k8s.io/v1", command: "cat", args: [bench.path("credential")] };
  const cluster = await bench.load({ kubeconfig: await bench.write("config", kubeconfig(bench.server, { exec })) });
  assert.equal((await bench.headers(cluster)).get("authorization"), "Bearer first");
  await print("second", 3_600_000);
  assert.equal((await bench.headers(cluster)).get("authorization"), "Bearer first");
  await bench.clock.advance(30_000);
  await print("second", 3_600_000);
  assert.equal((await bench.headers(cluster)).get("authorization"), "Bearer second");
  await print("third", 3_600_000);
  bench.accepted = "Bearer third";
  assert.equal((await bench.headers(cluster)).get("authorization"), "Bearer third");
});

Deno.test("loadCluster() takes a token that was renewed in the kubeconfig itself after a 401", async () => {
  await using bench = await Bench.open();
  const config = await bench.write("config", kubeconfig(bench.server, { token: "old" }));
  const cluster = await bench.load({ kubeconfig: config });
  await bench.write("config", kubeconfig(bench.server, { token: "new" }));
  bench.accepted = "Bearer new";
  assert.equal((await bench.headers(cluster)).get("authorization"), "Bearer new");
});

Deno.test("loadCluster() says what it tried when there is no cluster", async () => {
  await using bench = await Bench.open();
  assert.equal(
    await failureOf(bench.load()),
    `Cannot find a cluster: this is no pod with a service account, 'KUBECONFIG' is not set and '${
      bench.path(".kube/config")
    }' does not exist; name a kubeconfig with '--kubeconfig FILE'`,
  );
  bench.env.clear();
  assert.match(await failureOf(bench.load()), /and there is no home directory;/);
});

const UNREADABLE: [what: string, text: string | undefined, why: RegExp][] = [
  ["missing", undefined, /config': the file does not exist$/],
  ["empty", " \n", /config': it is empty$/],
  ["not YAML", "users:\n- token: secret\n  }", /config': it is not valid YAML: .* in line 3$/],
  ["a word", "secret", /config': it is not a YAML mapping$/],
  ["incomplete", "clusters: [{name: a}]", /config': clusters\[0\]\.cluster is missing$/],
  ["without a context", "apiVersion: v1", /'--context', it has none$/],
];

for (const [what, text, why] of UNREADABLE) {
  Deno.test(`loadCluster() explains a kubeconfig that is ${what}`, async () => {
    await using bench = await Bench.open();
    if (text !== undefined) await bench.write("config", text);
    const message = await failureOf(bench.load({ kubeconfig: bench.path("config") }));
    assert.match(message, why);
    assert.ok(!message.includes("secret"));
  });
}

Deno.test("loadCluster() explains a kubeconfig that is a directory", async () => {
  await using bench = await Bench.open();
  assert.match(await failureOf(bench.load({ kubeconfig: bench.directory })), /: it is a directory$/);
});

Deno.test({
  name: "loadCluster() tells a permission of the program from one of the user",
  permissions: { read: false, env: true, write: true, net: true },
  async fn() {
    const message = await failureOf(loadCluster({ env: new Map(), kubeconfig: "/config" }));
    assert.match(
      message,
      /^Cannot read kubeconfig '\/config': this program was not given the permission \(Requires read/,
    );
  },
});

const UNUSABLE: [what: string, config: object, context: string | undefined, message: RegExp][] = [
  [
    "an unknown context",
    kubeconfig("http://x"),
    "other",
    /^Cannot find context 'other' in kubeconfig '.*': it has 'main'$/,
  ],
  [
    "no current context",
    { ...kubeconfig("http://x"), "current-context": "" },
    undefined,
    /^Cannot choose a context of .*: name one with '--context', it has 'main'$/,
  ],
  [
    "an unknown cluster",
    { ...kubeconfig("http://x"), clusters: [] },
    undefined,
    /it names cluster 'main', which is not there$/,
  ],
  ["an unknown user", { ...kubeconfig("http://x"), users: [] }, undefined, /it names user 'main', which is not there$/],
  ["no URL", kubeconfig("nowhere"), undefined, /its server 'nowhere' is not a URL$/],
  [
    "no check of certificates",
    kubeconfig("https://x", {}, { cluster: { "insecure-skip-tls-verify": true } }),
    undefined,
    /'insecure-skip-tls-verify' is not supported; write .* 'certificate-authority-data' instead$/,
  ],
  [
    "another TLS name",
    kubeconfig("https://x", {}, { cluster: { "tls-server-name": "y" } }),
    undefined,
    /'tls-server-name' is not supported; write 'y' as the host of 'server' instead$/,
  ],
  [
    "a certificate file that is missing",
    kubeconfig("https://x", { "client-certificate": "missing.crt" }),
    undefined,
    /^Cannot read client certificate '.*missing\.crt': the file does not exist$/,
  ],
  [
    "a certificate that is none",
    kubeconfig("https://x", { "client-certificate-data": btoa("junk"), "client-key-data": btoa("junk") }),
    undefined,
    /^Cannot use the certificates of context 'main' of '.*config': No certificates found in certificate data$/,
  ],
  [
    "a key that is not base64",
    kubeconfig("https://x", { "client-key-data": "secret!" }),
    undefined,
    /^Cannot read the client key of context 'main' of '.*config': it is not base64$/,
  ],
  [
    "an auth provider whose token has expired",
    kubeconfig("https://x", { "auth-provider": { name: "gcp", config: {} } }),
    undefined,
    /^Cannot get the credentials of context 'main' of '.*config': Token is expired!$/,
  ],
  [
    "a plugin that is missing",
    kubeconfig("https://x", { exec: { command: "no-such-plugin" } }),
    undefined,
    /^Cannot get credentials from 'no-such-plugin': there is no such program$/,
  ],
];

for (const [what, config, context, message] of UNUSABLE) {
  Deno.test(`loadCluster() explains a kubeconfig with ${what}`, async () => {
    await using bench = await Bench.open();
    const file = await bench.write("config", config);
    assert.match(await failureOf(bench.load({ kubeconfig: file, context })), message);
  });
}
