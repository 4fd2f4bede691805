import assert from "node:assert/strict";
import fc from "fast-check";
import { terminalText } from "./terminal_text.ts";

const table: [text: string, expected: string][] = [
  ["plain\ttext\nwith é and 🎉", "plain\ttext\nwith é and 🎉"],
  ["a\x1b]52;c;cm0gLXJmIC8=\x07b", "ab"],
  ["a\x1b]0;title\x1b\\b", "ab"],
  ["a\x9d52;c;cm0=\x9cb", "ab"],
  ["a\x1bP1$qm\x1b\\b", "ab"],
  ["a\x1b[31mred\x1b[0m", "ared"],
  ["a\x9b2Jb", "ab"],
  ["a\x1bcb", "ab"],
  ["a\x1b(0b", "ab"],
  // One that doesn't end takes nothing of the text with it.
  ["a\x1b]52;c;the rest\nstays", "a52;c;the rest\nstays"],
  // Nor does what is left become another.
  ["\x1b\x1b[0m[31mred", "[31mred"],
  ["\x07\b\x00\x7f\x85", ""],
  ["10 %\r20 %\r\nend\r", "10 %\n20 %\nend\n"],
];
for (const [text, expected] of table) {
  Deno.test(`terminalText() makes of ${JSON.stringify(text)} ${JSON.stringify(expected)}`, () =>
    assert.equal(terminalText(text), expected));
}

Deno.test("terminalText() leaves no control character but tabs and line feeds, and changes nothing the second time", () => {
  const unit = fc.constantFrom(..."\x1b\x9b\x9d\x90\x9c\x07[]P\\;0m?\r\n\t \x7f\x85aé");
  fc.assert(fc.property(fc.string({ unit, maxLength: 40 }), (text) => {
    const shown = terminalText(text);
    assert.doesNotMatch(shown, /[^\t\n\P{Cc}]/u);
    assert.equal(terminalText(shown), shown);
  }));
});

Deno.test("terminalText() takes time in proportion to a text's length", () => {
  for (const part of ["\x1b]", "\x1b[", "\x1b[0", "\x9d", "\x1b]\x1b", "\r", "\x1bP0;"]) {
    const start = performance.now();
    terminalText(part.repeat(500_000));
    terminalText(`\x1b]${"0".repeat(1_000_000)}`);
    assert.ok(performance.now() - start < 2_000, JSON.stringify(part));
  }
});
