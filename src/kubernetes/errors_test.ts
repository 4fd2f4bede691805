import assert from "node:assert/strict";
import { answerError, ConfigError, KubeError, networkError } from "./errors.ts";

const SERVER = { server: "https://10.0.0.1:6443", source: "context 'kind' of '/home/me/.kube/config'" };

/** The texts are those of Deno 2.4 (all in the message) and of later versions (in the cause). */
const FAULTS: [what: string, error: unknown, reason: string, text: RegExp][] = [
  [
    "a refused connection",
    new TypeError("fetch failed", {
      cause: new Error(
        "error sending request for url (https://10.0.0.1/x): client error (Connect): tcp connect error: Connection refused (os error 111)",
      ),
    }),
    "ConnectionRefused",
    /: the connection was refused; check that/,
  ],
  [
    "a refused connection in Deno 2.4",
    new TypeError(
      "error sending request for url (https://10.0.0.1/x): client error (Connect): tcp connect error: Connection refused (os error 111): Connection refused (os error 111)",
    ),
    "ConnectionRefused",
    /: the connection was refused/,
  ],
  [
    "an unknown host",
    new TypeError(
      "error sending request for url (https://x/): client error (Connect): dns error: failed to lookup address information",
    ),
    "HostUnknown",
    /: the name of its host cannot be resolved$/,
  ],
  [
    "an unknown authority",
    new TypeError(
      "error sending request for url (https://x/): client error (Connect): invalid peer certificate: UnknownIssuer",
    ),
    "CertificateUntrusted",
    /'certificate-authority-data'$/,
  ],
  [
    "a certificate for another name",
    new TypeError(
      'x: invalid peer certificate: certificate not valid for name "localhost"; certificate is only valid for y',
    ),
    "CertificateUntrusted",
    /refused: certificate not valid for name "localhost"$/,
  ],
  [
    "a deadline",
    new DOMException("No answer within 10000 ms", "TimeoutError"),
    "Timeout",
    /: no answer within 10000 ms$/,
  ],
  [
    "a cut body",
    new TypeError("error reading a body from connection"),
    "ConnectionLost",
    /: the connection was lost: error reading a body from connection$/,
  ],
  [
    "a missing permission",
    new Deno.errors.NotCapable('Requires net access to "10.0.0.1:6443"'),
    "NotPermitted",
    /: requires net access to/,
  ],
];

for (const [what, cause, reason, text] of FAULTS) {
  Deno.test(`networkError() explains ${what}`, () => {
    const error = networkError(SERVER, cause);
    assert.equal(error.status, 0);
    assert.equal(error.reason, reason);
    assert.match(error.message, text);
    assert.ok(error.message.includes(`'https://10.0.0.1:6443' (context 'kind' of '/home/me/.kube/config')`));
    assert.ok(!error.message.includes("\n"));
    assert.equal(error.cause, cause);
  });
}

Deno.test("networkError() keeps the message of credentials that can't be read", () => {
  const error = networkError(SERVER, new ConfigError("Cannot run 'aws'"));
  assert.deepEqual([error.message, error.status, error.reason], ["Cannot run 'aws'", 0, "CredentialsUnavailable"]);
});

Deno.test("networkError() passes a KubeError through", () => {
  const error = new KubeError("x", { status: 409, reason: "Conflict" });
  assert.equal(networkError(SERVER, error), error);
});

Deno.test("answerError() takes reason, message and the wait from the Status", () => {
  const status = {
    kind: "Status",
    reason: "TooManyRequests",
    message: "slow down",
    code: 429,
    details: { retryAfterSeconds: 3 },
  };
  const response = new Response(null, { status: 429 });
  const error = answerError("GET '/x'", SERVER, response, JSON.stringify(status));
  assert.deepEqual([error.status, error.reason, error.retryAfterMs], [429, "TooManyRequests", 3000]);
  assert.equal(error.message, "Cannot GET '/x': slow down (429)");
});

Deno.test("answerError() lets the header's Retry-After win, and does without a Status", () => {
  const response = new Response(null, { status: 503, headers: { "retry-after": "7" } });
  const error = answerError("GET '/x'", SERVER, response, "<html>\nbusy");
  assert.deepEqual([error.status, error.reason, error.retryAfterMs], [503, "HTTP 503", 7000]);
  assert.equal(error.message, "Cannot GET '/x': <html> (503)");
});

Deno.test("answerError() says whose credentials were refused", () => {
  const error = answerError("GET '/x'", SERVER, new Response(null, { status: 401 }), "");
  assert.equal(
    error.message,
    `Cannot GET '/x': the API server does not accept the credentials of ${SERVER.source}; log in again or renew them (401)`,
  );
});
