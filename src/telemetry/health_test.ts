import { deepEqual, equal } from "node:assert/strict";
import { type Checks, serveHealth } from "./health.ts";

/** The status and lines of the answer to `path`. */
async function ask(path: string, checks: { healthz?: Checks; readyz?: Checks }): Promise<[number, string[]]> {
  const controller = new AbortController();
  const server = serveHealth({
    address: "127.0.0.1:0",
    healthz: checks.healthz ?? {},
    readyz: checks.readyz ?? {},
    signal: controller.signal,
  })!;
  try {
    const response = await fetch(server.url + path);
    return [response.status, (await response.text()).trimEnd().split("\n")];
  } finally {
    controller.abort();
    await server.finished;
  }
}

const good = () => undefined;
const bad = () => "no list yet";
const leading = () => ({ ok: "this process leads" });
const broken = () => {
  throw new Error("Store is gone");
};

Deno.test("/healthz and /readyz answer ok when all checks pass", async () => {
  for (const path of ["/healthz", "/readyz", "/readyz/"]) {
    deepEqual(await ask(path, { healthz: { ping: good }, readyz: { informer: good } }), [200, ["ok"]]);
  }
});

Deno.test("?verbose lists the checks that pass", async () => {
  const readyz = { informer: good, leader: leading };
  const lines = ["[+] informer: ok", "[+] leader: ok, this process leads", "ok"];
  deepEqual(await ask("/readyz?verbose", { readyz }), [200, lines]);
  deepEqual(await ask("/readyz", { readyz }), [200, ["ok"]]);
});

Deno.test("a failing check fails its own path alone and is named with its reason", async () => {
  const checks = { healthz: { ping: good }, readyz: { informer: bad, ping: good, store: broken } };
  deepEqual(await ask("/readyz", checks), [
    500,
    ["[-] informer: no list yet", "[+] ping: ok", "[-] store: Store is gone", "failed"],
  ]);
  deepEqual(await ask("/healthz", checks), [200, ["ok"]]);
});

Deno.test("other paths are not found", async () => {
  deepEqual(await ask("/metrics", {}), [404, ["Not found"]]);
});

Deno.test("address 0 serves nothing", () => {
  equal(serveHealth({ address: "0", healthz: {}, readyz: {}, signal: AbortSignal.abort() }), undefined);
});
