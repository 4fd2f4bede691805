import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import fc from "fast-check";
import { classify } from "./errors.ts";
import { errorWithout, textWithout } from "./hidden.ts";

const H = "(not shown)";
const SECRET = "correct-horse";

/** `values` under names of which no text here speaks. */
function textWithoutValues(values: string[], text: string): string {
  return textWithout(Object.fromEntries(values.map((value, index) => [`UNNAMED_${index}`, value])), text);
}

Deno.test("a value is not shown, be it whole, cut off, over several lines or in JSON", () => {
  const table: [values: string[], text: string, shown: string][] = [
    [[SECRET], "Value 'correct-horse' is bad", `Value '${H}' is bad`],
    [[SECRET], "{A=correct-horse, B=correct-horse}", `{A=${H}, B=${H}}`],
    [[SECRET], "Value 'correct-ho...", `Value '${H}...`],
    [["first line\nsecond line"], "got first line\nsecond line!", `got ${H}!`],
    [['ab"cd"ef'], String.raw`got ab\"cd\"ef`, `got ${H}`],
    [[SECRET, "horse-battery"], "correct-horse-battery", H],
    [["pin7"], "pin7 and spin7 and pin70 and 'pin7'", `${H} and spin7 and pin70 and '${H}'`],
    [["-12-"], "a-12-b", `a${H}b`],
    [["", "x"], "nothing of it", "nothing of it"],
    [[], "as it is", "as it is"],
  ];
  for (const [values, text, shown] of table) assert.equal(textWithoutValues(values, text), shown);
});

Deno.test("a value of one to three characters is hidden behind the name of its variable, and texts stay readable", () => {
  const environment = { GPUS: "1", ZONE: "a", STAGE: "dev", PIN: "007", EMPTY: "" };
  const table: [text: string, shown: string][] = [
    ["exit code 1 after 1 of 3 tries in a dev account", "exit code 1 after 1 of 3 tries in a dev account"],
    ["{GPUS=1, ZONE=a, STAGE=dev}", `{GPUS=${H}, ZONE=${H}, STAGE=${H}}`],
    ['{"PIN": "007", "GPUS": "10"}', `{"PIN": "${H}", "GPUS": "10"}`],
    [String.raw`"{\"PIN\":\"007\"}"`, String.raw`"{\"PIN\":\"${H}\"}"`],
    ["PIN%3D007&x=1", `PIN%3D${H}&x=1`],
    ["{Name=PIN, Value=007}", "{Name=PIN, Value=007}"],
    ["EMPTY=", "EMPTY="],
  ];
  for (const [text, shown] of table) assert.equal(textWithout(environment, text), shown);
});

Deno.test("a value is not shown in base64, whatever stands before and behind it, in either alphabet and over several lines", () => {
  for (const value of [SECRET, "pin7", "\u{1f511} schlüssel?>~~", `a\n"b\\c'd`]) {
    for (const before of ["", "u", "us", "usr", "user:", "https://user:"]) {
      for (const after of ["", "\n", ":x", " and more"]) {
        const isWord = value.length < 8 && (/\w$/.test(before) || /^\w/.test(after));
        const encoded = Buffer.from(before + value + after).toString("base64");
        const urlSafe = Buffer.from(before + value + after).toString("base64url");
        for (const text of [encoded, urlSafe, encoded.replace(/(.{7})/g, "$1\n"), encodeURIComponent(encoded)]) {
          const shown = textWithoutValues([value], `Bad header 'Basic ${text}' (Service)`);
          if (isWord) continue;
          assert.ok(shown.includes(H), `${before}|${value}|${after}: ${text}`);
          const left = shown.replaceAll(H, " ").replace("Bad header 'Basic ", "").replace("' (Service)", "");
          const bytes = Buffer.from(left.replaceAll(/%[0-9A-F]{2}|\s/g, ""), "base64").toString("latin1");
          for (const part of [value.slice(0, 4), value.slice(-4)]) {
            assert.ok(!bytes.includes(part), `${text}: ${shown}`);
          }
        }
      }
    }
  }
});

const ENCODINGS: Record<string, (value: string) => string> = {
  "nothing": (value) => value,
  "JSON": (value) => JSON.stringify(value),
  "ASCII JSON": (value) =>
    JSON.stringify(value).replace(/[^\x20-\x7e]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`),
  "JSON with its slashes escaped": (value) => JSON.stringify(value).replaceAll("/", "\\/"),
  "a URL's component": (value) => encodeURIComponent(value),
  "a URL": (value) => encodeURI(value),
  "a form": (value) => new URLSearchParams({ value }).toString(),
  "lower-case percents": (value) => encodeURIComponent(value).replace(/%../g, (code) => code.toLowerCase()),
  "percents throughout": (value) =>
    [...new TextEncoder().encode(value)].map((byte) => `%${byte.toString(16).padStart(2, "0")}`).join(""),
  "base64": (value) => Buffer.from(value).toString("base64"),
  "base64url": (value) => Buffer.from(value).toString("base64url"),
};

/** Each as it stands, and each in each other. */
const LAYERS = Object.entries(ENCODINGS).flatMap(([inner, first]) =>
  Object.entries(ENCODINGS).map((
    [outer, second],
  ): [string, (value: string) => string] => [`${inner} in ${outer}`, (value) => second(first(value))])
);

Deno.test(`whatever a value is, it is hidden in each of ${LAYERS.length} encodings, and what stands around stays`, () => {
  const value = fc.string({ minLength: 8, maxLength: 40, unit: "grapheme" }).filter((text) => text.trim().length >= 8);
  fc.assert(
    fc.property(value, fc.constantFrom(...LAYERS), (value, [what, encode]) => {
      const encoded = encode(value);
      const shown = textWithoutValues([value], `<< ${encoded} >>`);
      assert.ok(shown.startsWith("<< ") && shown.endsWith(" >>"), `${what}: ${shown}`);
      assert.ok(shown.includes(H), `${what}: ${encoded}`);
      // Quotes, names, and what one group of base64 shares with its neighbours.
      assert.ok(shown.length <= H.length + 30, `${what}: ${encoded} became ${shown}`);
    }),
    { numRuns: 500 },
  );
});

Deno.test("whatever stands around a value, no stretch of eight characters of it is left", () => {
  fc.assert(fc.property(fc.string({ minLength: 8 }), fc.string(), fc.string(), (value, before, after) => {
    const left = textWithoutValues([value], before + value + after).split("(not shown)");
    for (let i = 0; i + 8 <= value.length; i++) {
      assert.ok(left.every((part) => !part.includes(value.slice(i, i + 8))));
    }
  }));
});

Deno.test("texts of AWS stay as they are where they repeat no value", () => {
  const environment = { LEVEL: "info", PATHS: "/opt/data/train.csv", TOKEN: "hunter2-hunter2", N: "12" };
  const texts = [
    "AlgorithmError: See job logs for more information, exit code: 1",
    "ClientError: Data download failed:NoSuchKey (404): The specified key does not exist. s3://bucket/a%20b/c+d",
    "1 validation error detected: Value 'x y' at 'roleArn' failed to satisfy constraint: Member must satisfy " +
    "regular expression pattern: ^arn:aws[a-z\\-]*:iam::\\d{12}:role/?[a-zA-Z_0-9+=,.@\\-_/]+$",
    "The account-level service limit 'ml.m5.xlarge for processing job usage' is 0 Instances, with current utilization of 0",
    "User: arn:aws:sts::123456789012:assumed-role/operator/i-0 is not authorized to perform: sagemaker:AddTags",
  ];
  for (const text of texts) assert.equal(textWithout(environment, text), text);
});

Deno.test("variables that steer the simulator are shown, as the simulator repeats them", () => {
  assert.equal(
    textWithout({ SIMULATE_FAILURE: "ClientError: no such thing" }, "ClientError: no such thing"),
    "ClientError: no such thing",
  );
});

Deno.test("an error is classified as before, without the values and without what else it carries", () => {
  const call = { operation: "CreateProcessingJob", region: "us-west-2" };
  const cause = Object.assign(new Error("reset while sending correct-horse"), { code: "ECONNRESET" });
  const errors: [error: Error, shown: RegExp][] = [
    [
      Object.assign(new Error("Bad correct-horse"), {
        name: "ValidationException",
        $metadata: { httpStatusCode: 400, requestId: "r-1" },
        $response: { body: "correct-horse" },
      }),
      /^ValidationException: Bad \(not shown\) \(request id r-1\)$/,
    ],
    [new Error("correct-horse", { cause }), /^Cannot reach SageMaker/],
    [new DOMException("correct-horse", "TimeoutError"), /^No answer from SageMaker/],
  ];
  for (const [error, shown] of errors) {
    const clean = errorWithout({ A: "correct-horse" }, error);
    const [before, after] = [classify(error, call), classify(clean, call)];
    assert.ok(before !== "not-found" && after !== "not-found");
    assert.match(after.message, shown);
    assert.deepEqual({ ...after, message: "" }, { ...before, message: "" });
    assert.ok(!Deno.inspect(clean, { depth: 9, showHidden: true }).includes("correct-horse"));
  }
});

Deno.test("what is thrown and no error stays what it is", () => {
  assert.equal(errorWithout({ A: "a" }, "b"), "b");
});

Deno.test("a text of the greatest size takes little time, also with 100 values of the greatest size", () => {
  const environment = Object.fromEntries(Array.from({ length: 100 }, (_, i) => [`NAME_${i}`, `${i}x`.repeat(85)]));
  const started = performance.now();
  textWithout(environment, "cGFzc3dvcmQ+%41\\u0041 ".repeat(2_000));
  assert.ok(performance.now() - started < 3_000);
});
