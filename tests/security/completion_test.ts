/**
 * Shell completion treats the names of contexts, namespaces and resources as data: nothing of a name is run, and no name becomes a
 * flag or a control character of the terminal. All fail at 939be82: bash runs the names (`compgen -W`), fish and zsh quote and offer those that are flags or hold controls.
 */
import assert from "node:assert/strict";
import { join } from "node:path";
import { complete, shellTest } from "../support/complete.ts";

/** What is offered. */
const HARMLESS = ["plain", "admin@cluster", "arn:aws:eks:us-west-2:123456789012:cluster/a_b"];
/** What is not offered. Those that a shell could run would leave a file `ran` in the current folder. */
const HOSTILE = [
  "$(touch ran)",
  "p$(touch ran)",
  "p`touch ran`",
  "p${X:=$(touch ran)}",
  "p'; touch ran; '",
  'p"; touch ran; "',
  "p;touch ran",
  "p&touch ran&",
  "p|touch ran",
  "p>ran",
  "p<(touch ran)",
  "p two words",
  "p$(\ntouch ran\n)",
  "p*",
  "p?[a]{b,c}",
  "p\\",
  "--kubeconfig=ran",
  "-f",
  "~root",
  "=touch",
  "!touch",
  "p#",
  "p\x1b]52;c;cm0=\x07",
  "p\ttab",
  "p\r",
  "p\u009b31m",
  "p\u202e",
];

const heredoc = (names: string[]) => `#!/bin/sh\ncat <<'END'\n${names.join("\n")}\nEND\n`;
const PLACES = ["logs ", "logs p", "logs --context ", "logs -n ", "logs --context p", "doctor --namespace "];

async function nothingRan(folder: string): Promise<void> {
  assert.equal(await Deno.stat(join(folder, "ran")).then(() => "ran", () => ""), "", "a name was run");
}

const words = (text: string) => text.split(" ").filter((word) => word !== "").sort();

for (const shell of ["bash", "fish"] as const) {
  shellTest(
    shell,
    "of the names that the cluster and the kubeconfig have, none is run, and plain ones are offered",
    async () => {
      const lines = PLACES.map((place) => `sagemaker-operator ${place}`);
      const kubectl = heredoc([...HARMLESS, ...HOSTILE]);
      const offered = await complete(shell, lines, { kubectl, look: nothingRan });
      const expected = PLACES.map((place) => place.endsWith("p") ? ["plain"] : [...HARMLESS].sort());
      assert.deepEqual(offered.map(words), expected);
    },
  );
}

shellTest(
  "zsh",
  "of the names that the cluster and the kubeconfig have, none is run, and plain ones are completed",
  async () => {
    // The only names with these beginnings are hostile or the plain one, so that the line is completed without a menu.
    const lines = ["logs p", "logs --context p", "logs -n p", "logs -n a"].map((line) => `sagemaker-operator ${line}`);
    const kubectl = heredoc(["plain", "admin@cluster", ...HOSTILE]);
    const completed = await complete("zsh", lines, { kubectl, look: nothingRan });
    assert.deepEqual(completed.map((line) => line.trim()), [
      "logs plain",
      "logs --context plain",
      "logs -n plain",
      "logs -n admin@cluster",
    ]);
  },
);

// Those that zsh would complete without a menu; a few, since each needs an interactive zsh.
for (const name of ["p$(touch ran)", "p`touch ran`", "p;touch ran", "--kubeconfig=ran", "p\x1b]52;c;cm0=\x07"]) {
  shellTest("zsh", `a cluster whose only name is ${JSON.stringify(name)} completes nothing`, async () => {
    const start = name.startsWith("p") ? "p" : "";
    const [completed] = await complete("zsh", [`sagemaker-operator logs ${start}`], {
      kubectl: heredoc([name]),
      look: nothingRan,
    });
    assert.equal(completed!.trim(), `logs ${start}`.trim());
  });
}

const FILES = ["f$(touch ran)", "f`touch ran`", "f;touch ran"];
for (const file of FILES) {
  shellTest("bash", `the name of a file is quoted on the line: ${file}`, async () => {
    const [offered] = await complete("bash", ["sagemaker-operator logs --kubeconfig f"], {
      files: [file],
      look: nothingRan,
    });
    assert.equal(offered, file.replace(/[$`();\s]/g, "\\$&"));
  });
}
