import assert from "node:assert/strict";
import fc from "fast-check";
import { cutText, cutTextStart } from "./text.ts";

const cuts: [string, string, number, string][] = [
  ["keeps what fits", "abcdef", 6, "abcdef"],
  ["puts an ellipsis in the place of the rest", "abcdefg", 6, "abc…"],
  ["counts bytes, not characters", "ääää", 7, "ää…"],
  ["does not tear a character of two bytes", "äääää", 8, "ää…"],
  ["does not tear a character outside the basic plane", "🚀🚀🚀", 10, "🚀…"],
];
for (const [what, text, maxBytes, expected] of cuts) {
  Deno.test(`cutText() ${what}`, () => assert.equal(cutText(text, maxBytes), expected));
}

Deno.test("cutText() gives a start of any text, as long as fits", () => {
  fc.assert(fc.property(fc.string({ unit: "grapheme" }), fc.integer({ min: 3, max: 40 }), (text, maxBytes) => {
    const cut = cutText(text, maxBytes);
    const bytes = new TextEncoder().encode(cut).length;
    assert.ok(bytes <= maxBytes);
    if (cut === text) return;
    assert.ok(text.startsWith(cut.slice(0, -1)) && cut.isWellFormed());
    assert.ok(bytes > maxBytes - 4, "another character would have gone in");
  }));
});

const startCuts: [string, string, number, string][] = [
  ["keeps what fits", "abcdef", 6, "abcdef"],
  ["puts an ellipsis in the place of the rest", "abcdefg", 6, "…efg"],
  ["does not tear a character of two bytes", "äääää", 8, "…ää"],
  ["does not tear a character outside the basic plane", "🚀🚀🚀", 10, "…🚀"],
];
for (const [what, text, maxBytes, expected] of startCuts) {
  Deno.test(`cutTextStart() ${what}`, () => assert.equal(cutTextStart(text, maxBytes), expected));
}

Deno.test("cutTextStart() gives an end of any text, as long as fits", () => {
  fc.assert(fc.property(fc.string({ unit: "grapheme" }), fc.integer({ min: 3, max: 40 }), (text, maxBytes) => {
    const cut = cutTextStart(text, maxBytes);
    const bytes = new TextEncoder().encode(cut).length;
    assert.ok(bytes <= maxBytes);
    if (cut === text) return;
    assert.ok(text.endsWith(cut.slice(1)) && cut.isWellFormed());
    assert.ok(bytes > maxBytes - 4, "another character would have gone in");
  }));
});
