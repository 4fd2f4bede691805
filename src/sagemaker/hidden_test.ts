import assert from "node:assert/strict";
import fc from "fast-check";
import { classify } from "./errors.ts";
import { errorWithout, textWithout } from "./hidden.ts";

Deno.test("a value is not shown, be it whole, cut off, over several lines or in JSON", () => {
  const table: [values: string[], text: string, shown: string][] = [
    [["correct-horse"], "Value 'correct-horse' is bad", "Value '(not shown)' is bad"],
    [["correct-horse"], "{A=correct-horse, B=correct-horse}", "{A=(not shown), B=(not shown)}"],
    [["correct-horse"], "Value 'correct-ho...", "Value '(not shown)..."],
    [["first line\nsecond line"], "got first line\nsecond line!", "got (not shown)!"],
    [['ab"cd"ef'], String.raw`got ab\"cd\"ef`, "got (not shown)"],
    [["correct-horse", "horse-battery"], "correct-horse-battery", "(not shown)"],
    [["pin7"], "pin7 and spin7 and pin70 and 'pin7'", "(not shown) and spin7 and pin70 and '(not shown)'"],
    [["-1-"], "a-1-b", "a(not shown)b"],
    [["", "x"], "nothing of it", "nothing of it"],
    [[], "as it is", "as it is"],
  ];
  for (const [values, text, shown] of table) assert.equal(textWithout(values, text), shown);
});

Deno.test("whatever stands around a value, no stretch of eight characters of it is left", () => {
  fc.assert(fc.property(fc.string({ minLength: 8 }), fc.string(), fc.string(), (value, before, after) => {
    const left = textWithout([value], before + value + after).split("(not shown)");
    for (let i = 0; i + 8 <= value.length; i++) {
      assert.ok(left.every((part) => !part.includes(value.slice(i, i + 8))));
    }
  }));
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
    const clean = errorWithout(["correct-horse"], error);
    const [before, after] = [classify(error, call), classify(clean, call)];
    assert.ok(before !== "not-found" && after !== "not-found");
    assert.match(after.message, shown);
    assert.deepEqual({ ...after, message: "" }, { ...before, message: "" });
    assert.ok(!Deno.inspect(clean, { depth: 9, showHidden: true }).includes("correct-horse"));
  }
});

Deno.test("what is thrown and no error stays what it is", () => {
  assert.equal(errorWithout(["a"], "b"), "b");
});
