import { equal } from "node:assert/strict";
import { nearest } from "./nearest.ts";

Deno.test("nearest() finds the word that was meant, or none", () => {
  const words = ["namespace", "selector", "context", "run", "crd"];
  const cases: [string, string | undefined][] = [
    ["namespce", "namespace"],
    ["namespaces", "namespace"],
    ["contxet", "context"],
    ["rn", "run"],
    ["cdr", undefined],
    ["", undefined],
    ["entirely-different", undefined],
  ];
  for (const [word, meant] of cases) equal(nearest(word, words), meant, word);
});
