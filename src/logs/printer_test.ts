import assert from "node:assert/strict";
import { type LineStyle, textOf } from "./printer.ts";

const PLAIN: LineStyle = { prefix: "none", timestamps: false, colours: false, plain: false };
const line = (host: string, message: string) => ({
  id: message,
  stream: `job/${host}-1700000000`,
  timestamp: Date.UTC(2024, 0, 1, 12, 0, 0, 7),
  message,
});

const styles: [string, Partial<LineStyle>, string][] = [
  ["nothing but the message", {}, "hello\n"],
  ["the time", { timestamps: true }, "2024-01-01T12:00:00.007Z hello\n"],
  ["the host", { prefix: "host" }, "[algo-2] hello\n"],
  ["the host and the time", { prefix: "host", timestamps: true }, "[algo-2] 2024-01-01T12:00:00.007Z hello\n"],
  ["the stream", { prefix: "stream" }, "job/algo-2-1700000000 hello\n"],
  ["the host in its colour", { prefix: "host", colours: true }, "\x1b[32m[algo-2]\x1b[0m hello\n"],
];
for (const [what, style, expected] of styles) {
  Deno.test(`textOf() shows ${what}`, () =>
    assert.equal(textOf([line("algo-2", "hello")], { ...PLAIN, ...style }), expected));
}

Deno.test("textOf() leaves control sequences out where it is asked to, but for the colours of hosts", () => {
  const hostile = { ...line("algo-2", "a\x1b]52;c;cm0=\x07b\x1b[2J\rc"), stream: "job/algo-2\x9b2J-1" };
  assert.equal(textOf([hostile], PLAIN), "a\x1b]52;c;cm0=\x07b\x1b[2J\rc\n");
  assert.equal(textOf([hostile], { ...PLAIN, plain: true }), "ab\nc\n");
  assert.equal(textOf([hostile], { ...PLAIN, plain: true, prefix: "stream" }), "job/algo-2-1 ab\njob/algo-2-1 c\n");
  const coloured = textOf([line("algo-2", "\x1b[1mhi")], { ...PLAIN, plain: true, prefix: "host", colours: true });
  assert.equal(coloured, "\x1b[32m[algo-2]\x1b[0m hi\n");
});

Deno.test("textOf() gives each line of a message its prefix", () => {
  assert.equal(textOf([line("algo-1", "a\n  b")], { ...PLAIN, prefix: "host" }), "[algo-1] a\n[algo-1]   b\n");
});

Deno.test("textOf() gives eight hosts eight colours, and each the same again", () => {
  const colours = (hosts: string[]) =>
    hosts.map((host) => textOf([line(host, "")], { ...PLAIN, prefix: "host", colours: true }).slice(0, 5));
  const hosts = Array.from({ length: 9 }, (_, i) => `algo-${i + 1}`);
  assert.equal(new Set(colours(hosts)).size, 8);
  assert.deepEqual(colours(hosts), colours(hosts));
  assert.equal(colours(["weird"]).length, 1);
});
