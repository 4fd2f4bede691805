import assert from "node:assert/strict";
import { otherAuthorities } from "./authorities.ts";

const TABLE: [server: string, env: Record<string, string>, others: string | undefined][] = [
  ["https://10.96.0.1:443", {}, undefined],
  ["https://[fd00::1]:443", {}, undefined],
  ["https://kubernetes.default.svc", {}, undefined],
  ["https://localhost:6443", {}, undefined],
  ["https://0A1B.gr7.us-west-2.eks.amazonaws.com", {}, "public ones"],
  ["https://203.0.113.7", {}, "public ones"],
  ["https://[2001:db8::1]", {}, "public ones"],
  ["https://api.example.com", { DENO_TLS_CA_STORE: "" }, undefined],
  ["https://api.example.com", { DENO_TLS_CA_STORE: "mozilla, system" }, "the system's, public ones"],
  ["https://10.96.0.1", { DENO_TLS_CA_STORE: "system" }, "the system's"],
  ["https://10.96.0.1", { DENO_CERT: "/ca.pem" }, "those in the file that DENO_CERT names"],
  [
    "https://api.example.com",
    { DENO_CERT: "/ca.pem", DENO_TLS_CA_STORE: "" },
    "those in the file that DENO_CERT names",
  ],
  ["http://api.example.com", { DENO_CERT: "/ca.pem" }, undefined],
];

Deno.test("otherAuthorities() names those that could sign for the host besides the given one", () => {
  for (const [server, env, others] of TABLE) {
    const read = (name: string) => env[name];
    assert.equal(otherAuthorities({ server, hasAuthority: true }, read), others, `${server} ${JSON.stringify(env)}`);
    assert.equal(
      otherAuthorities({ server, hasAuthority: false }, read),
      undefined,
      "where the store is what is asked for",
    );
  }
});
