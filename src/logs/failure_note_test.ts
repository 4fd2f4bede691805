import assert from "node:assert/strict";
import fc from "fast-check";
import { noteWithLines } from "./failure_note.ts";

const NOTE = "Failed after 12s: AlgorithmError: exit code 1";
const lines = (...messages: string[]) =>
  messages.map((message, i) => ({ id: `${i}`, stream: "job/algo-1", timestamp: i, message }));
const bytes = (text: string) => new TextEncoder().encode(text).length;

Deno.test("noteWithLines() puts the lines below the reason, in their order", () => {
  assert.equal(noteWithLines(NOTE, lines("one", "two")), `${NOTE}\nLast log lines:\none\ntwo`);
});

Deno.test("noteWithLines() names the hosts where there are several", () => {
  const of = (host: string) => ({ id: host, stream: `job/${host}-1700000000`, timestamp: 0, message: "hello" });
  assert.equal(noteWithLines("N", [of("algo-1"), of("algo-2")]), "N\nLast log lines:\n[algo-1] hello\n[algo-2] hello");
});

Deno.test("noteWithLines() leaves a note without lines as it is", () => {
  assert.equal(noteWithLines(NOTE, []), NOTE);
  assert.equal(noteWithLines(NOTE, lines("", "\x1b[0m")), NOTE);
});

Deno.test("noteWithLines() keeps the last lines, and the end of the one that goes in only in part", () => {
  const note = noteWithLines(NOTE, lines("a".repeat(400), `b${"c".repeat(700)}`, "d".repeat(400)));
  assert.equal(bytes(note), 1024);
  assert.match(note, /^Failed after 12s: AlgorithmError: exit code 1\nLast log lines:\n…c+\nd{400}$/);
});

Deno.test("noteWithLines() leaves a long reason room, and the lines the rest", () => {
  const note = noteWithLines("r".repeat(1_000), lines("x".repeat(2_000)));
  assert.match(note, /^r{477}…\nLast log lines:\n…x+$/);
  assert.equal(bytes(note), 1024);
  assert.match(noteWithLines("r".repeat(900), lines("short")), /^r{900}\nLast log lines:\nshort$/);
});

Deno.test("noteWithLines() drops colours and what would tear a line", () => {
  assert.equal(noteWithLines("N", lines("\x1b[31mred\x1b[0m\tone\r\ntwo")), "N\nLast log lines:\nred one two");
});

Deno.test("noteWithLines() never makes more than an Event may have, nor tears a character", () => {
  const text = fc.string({ unit: "grapheme", maxLength: 300 });
  fc.assert(
    fc.property(
      fc.string({ unit: "grapheme", maxLength: 1_200 }),
      fc.array(text, { maxLength: 12 }),
      (note, messages) => {
        const head = note.slice(0, 300).toWellFormed();
        const result = noteWithLines(head, lines(...messages));
        assert.ok(bytes(result) <= 1024 && result.isWellFormed());
        assert.ok(result.startsWith(head.slice(0, 100)));
      },
    ),
  );
});
