import { equal } from "node:assert/strict";
import { errorText } from "./error_text.ts";

Deno.test("errorText() gives one line with the message and those of the causes", () => {
  const refused = new Error("Connection refused");
  const circle = new Error("Round");
  circle.cause = circle;
  const cases: [unknown, string][] = [
    [new Error("Cannot read '/x'"), "Cannot read '/x'"],
    [new Error("Cannot list jobs", { cause: refused }), "Cannot list jobs: Connection refused"],
    [new Error("a", { cause: new Error("b", { cause: new Error("c") }) }), "a: b: c"],
    [new Error("Cannot list jobs: Connection refused", { cause: refused }), "Cannot list jobs: Connection refused"],
    [new Error("first line\n    second line\n"), "first line second line"],
    [new Error("x", { cause: "plain text" }), "x: plain text"],
    [new TypeError(""), "TypeError"],
    [new Deno.errors.NotCapable('Requires run access to "sh", specify the flag'), 'Requires run access to "sh"'],
    [new AggregateError([new Error("a"), new Error("b")]), "a; b"],
    ["thrown text", "thrown text"],
    [undefined, "undefined"],
    [circle, "Round"],
  ];
  for (const [error, text] of cases) equal(errorText(error), text);
});
