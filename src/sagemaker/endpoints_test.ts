import assert from "node:assert/strict";
import fc from "fast-check";
import { SageMakerError } from "../api/job.ts";
import { oneSpelling } from "./endpoint_url.ts";
import { endpoints } from "./endpoints.ts";

Deno.test("endpoints() takes the operator's own from the flag, then from the variables, in order", () => {
  const env = { AWS_DEFAULT_SAGEMAKER_ENDPOINT: "http://old:1", AWS_ENDPOINT_URL_SAGEMAKER: "http://sdk:2" };
  assert.equal(endpoints({ endpointUrl: "http://flag:3", env }).resolve(), "http://flag:3");
  assert.equal(endpoints({ env }).resolve(), "http://old:1");
  assert.equal(endpoints({ env: { AWS_ENDPOINT_URL_SAGEMAKER: "http://sdk:2" } }).resolve(), "http://sdk:2");
  assert.equal(endpoints({ env: {} }).resolve(), undefined);
});

Deno.test("endpoints() puts the spec's endpoint before the operator's", () => {
  const own = endpoints({ endpointUrl: "http://127.0.0.1:5000", allowed: ["http://127.0.0.1:*"] });
  assert.equal(own.resolve("http://127.0.0.1:6000"), "http://127.0.0.1:6000");
  assert.equal(own.resolve(), "http://127.0.0.1:5000");
});

Deno.test("isAllowed() takes AWS's endpoints and nothing that only looks like them", () => {
  const { isAllowed } = endpoints({});
  const allowed = [
    "https://api.sagemaker.us-west-2.amazonaws.com",
    "https://api.sagemaker.us-west-2.amazonaws.com/",
    "https://API.SageMaker.us-west-2.amazonaws.com:443",
    "https://api.sagemaker.cn-north-1.amazonaws.com.cn",
    "https://api.sagemaker.eusc-de-east-1.amazonaws.eu",
    "https://api.sagemaker.eusc-de-east-1.api.amazonwebservices.eu",
    "https://api.sagemaker-fips.eusc-de-east-1.amazonaws.eu",
    "https://vpce-0abc-1def.api.sagemaker.eusc-de-east-1.vpce.amazonaws.eu",
    "https://api.sagemaker.eu-west-1.api.aws",
    "https://api.sagemaker-fips.us-gov-west-1.api.aws",
    "https://api-fips.sagemaker.us-east-1.amazonaws.com",
    "https://vpce-0abc-1def.api.sagemaker.us-east-1.vpce.amazonaws.com",
  ];
  for (const url of allowed) assert.equal(isAllowed(url), true, url);
  const refused = [
    "http://api.sagemaker.us-west-2.amazonaws.com",
    "https://api.sagemaker.us-west-2.amazonaws.com:8443",
    "https://api.sagemaker.us-west-2.amazonaws.com.evil.example",
    "https://api.sagemaker.us-west-2.evil.example/amazonaws.com",
    "https://evil.example/https://api.sagemaker.us-west-2.amazonaws.com",
    "https://evil.example#.amazonaws.com",
    "https://evil.example\\@api.sagemaker.us-west-2.amazonaws.com",
    "https://api.sagemaker.us-west-2.amazonaws.com@evil.example",
    "https://user:word@api.sagemaker.us-west-2.amazonaws.com",
    "https://api.sagemaker.us-west-2.amazonaws.com?x=y",
    "https://api.sagemaker.a.b.amazonaws.com",
    "https://api.sagemaker..amazonaws.com",
    "https://x.vpce.amazonaws.com",
    "https://api.sagemaker.evil%2eexample%2f.amazonaws.com",
    "https://api.sagemaker.us-west-2.amazonaws.com.",
    "http://169.254.169.254",
    "file:///etc/passwd",
    "api.sagemaker.us-west-2.amazonaws.com",
    "",
  ];
  for (const url of refused) assert.equal(isAllowed(url), false, url);
});

Deno.test("isAllowed() matches the globs that were given label by label", () => {
  const { isAllowed } = endpoints({
    allowed: ["http://127.0.0.1:*", "https://*.Example.com:8443", "http://[::1]:5000"],
  });
  const table: [string, boolean][] = [
    ["http://127.0.0.1:5000", true],
    ["http://127.0.0.1", true],
    ["http://0x7f000001:5000", false],
    ["https://127.0.0.1:5000", false],
    ["http://127.0.0.2:5000", false],
    ["http://127.0.0.1.example.com:5000", false],
    ["https://a.example.com:8443", true],
    ["https://a.example.com", false],
    ["https://example.com:8443", false],
    ["https://a.b.example.com:8443", false],
    ["https://axexample.com:8443", false],
    ["http://[::1]:5000", true],
    ["http://[0:0:0:0:0:0:0:1]:5000", false],
    ["http://[::2]:5000", false],
  ];
  for (const [url, expected] of table) assert.equal(isAllowed(url), expected, url);
});

Deno.test("isAllowed() takes what the operator itself was given, and only that port", () => {
  const { isAllowed } = endpoints({ endpointUrl: "http://127.0.0.1:5000/" });
  assert.equal(isAllowed("http://127.0.0.1:5000"), true);
  assert.equal(isAllowed("http://127.0.0.1:5001"), false);
});

Deno.test("isAllowed() never takes a host outside of AWS's domains by default", () => {
  const { isAllowed } = endpoints({});
  const around = fc.string({ unit: fc.constantFrom(..."ax.:/@?#%\\\t-[]*1"), maxLength: 6 });
  fc.assert(fc.property(around, around, around, (before, inside, after) => {
    const url = `https://${before}api.sagemaker.${inside}.amazonaws.com${after}`;
    return !isAllowed(url) || /^(.*\.)?api\.sagemaker\.[^.]+(\.vpce)?\.amazonaws\.com\.?$/.test(new URL(url).hostname);
  }));
});

Deno.test("isAws() is true of AWS's own endpoints, also where nothing names one", () => {
  const { isAws } = endpoints({ allowed: ["http://127.0.0.1:*"] });
  assert.equal(isAws(), true);
  assert.equal(isAws("https://vpce-1.api.sagemaker.us-west-2.vpce.amazonaws.com"), true);
  assert.equal(isAws("http://127.0.0.1:5000"), false);
  assert.equal(isAws("not a URL"), false);
  const local = endpoints({ endpointUrl: "http://127.0.0.1:5000" });
  assert.equal(local.isAws(), false);
  assert.equal(local.isAws("https://api.sagemaker.us-west-2.amazonaws.com"), true);
});

Deno.test("resolve() refuses an endpoint that isn't allowed with a failure that waits for a person", () => {
  const { resolve } = endpoints({});
  for (const [url, words] of [["https://evil.example", /--allowed-endpoints/], ["evil", /must be a URL/]] as const) {
    assert.throws(() => resolve(url), (error) => {
      assert.ok(error instanceof SageMakerError);
      assert.equal(error.failure.reason, "EndpointNotAllowed");
      assert.equal(error.failure.retry, "person");
      assert.match(error.message, words);
      assert.ok(error.message.includes(`'${url}'`));
      return true;
    });
  }
});

Deno.test("resolve() hands on the URL as it was read, not as it was written", () => {
  const { resolve } = endpoints({ allowed: ["https://a.example", "https://a.example/path"] });
  assert.equal(resolve("HTTPS://A.example:443/"), "https://a.example");
  assert.equal(resolve("HTTPS://A.example:443/path/"), "https://a.example/path");
});

Deno.test("isAllowed() takes a path where a glob spells it out, and no other", () => {
  const { isAllowed } = endpoints({
    endpointUrl: "http://own:1/base/",
    allowed: ["https://*.example", "https://p.example/a/b"],
  });
  const table: [string, boolean][] = [
    ["https://a.example", true],
    ["https://a.example/", true],
    ["https://a.example/a", false],
    ["https://a.example//", false],
    ["https://a.example/a/..", false],
    ["https://p.example/a/b", true],
    ["https://p.example/a/b/", true],
    ["https://p.example/a/b//", false],
    ["https://p.example/a/b/c", false],
    ["https://p.example/a/x/../b", false],
    ["https://p.example/a/%62", false],
    ["https://p.example/A/b", false],
    ["https://p.example:0443/a/b", false],
    ["https://p.example:/a/b", false],
    ["http://own:1/base", true],
    ["http://own:1", false],
    ["https://api.sagemaker.us-west-2.amazonaws.com/x", false],
  ];
  for (const [url, expected] of table) assert.equal(isAllowed(url), expected, url);
});

Deno.test("resolve() says whether it is the path that is not allowed", () => {
  const { resolve } = endpoints({ allowed: ["https://a.example"] });
  assert.throws(() => resolve("https://a.example/path"), { message: /--allowed-endpoints does not name its path$/ });
});

Deno.test("oneSpelling() makes one text of all that mean one endpoint, and changes nothing else", () => {
  for (const text of ["https://a.example", "HTTPS://A.example/", "https://a.example:443", "https://a.EXAMPLE:443/"]) {
    assert.equal(oneSpelling(text), "https://a.example");
  }
  assert.equal(oneSpelling("http://a:443/B/"), "http://a:443/B");
  for (const text of ["https://a@b/", "https://a\\b/", "https://a/?q", "a", "https://0x7f.1/x//"]) {
    assert.equal(endpoints({}).isAllowed(oneSpelling(text)), false);
  }
});

Deno.test("endpoints() throws for globs and endpoints that can't be used", () => {
  for (
    const glob of [
      "*",
      "example.com",
      "*://x",
      "https://a/*",
      "https://a//b?c",
      "ftp://a",
      "https://a:x",
      "https://a?b",
      "",
    ]
  ) {
    assert.throws(() => endpoints({ allowed: [glob] }), {
      name: "TypeError",
      message: /Cannot use '.*' as an allowed/,
    });
  }
  assert.throws(() => endpoints({ endpointUrl: "localhost" }), { name: "TypeError", message: /endpoint 'localhost'/ });
  assert.throws(() => endpoints({ endpointUrl: "ftp://x" }), { name: "TypeError", message: /https or http/ });
});
