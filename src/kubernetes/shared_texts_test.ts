import assert from "node:assert/strict";
import fc from "fast-check";
import { SharedTexts } from "./shared_texts.ts";

Deno.test("shareWithin() changes nothing that can be seen, however many texts there are", () => {
  const shared = new SharedTexts();
  const check = (value: object) => {
    const copy = structuredClone(value);
    shared.shareWithin(value);
    assert.deepEqual(value, copy);
  };
  fc.assert(fc.property(fc.jsonValue(), (value) => check({ value })));
  check(Array.from({ length: 5_000 }, (_, index) => ({ text: `text ${index % 1_500}`, same: "same" })));
});
