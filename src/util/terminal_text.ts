// deno-lint-ignore-file no-control-regex -- these are what is to go
/**
 * Whole control sequences, as ECMA-48 has them: a string (OSC, DCS, SOS, PM, APC) to its end on the same line, CSI with its parameters, and an
 * escape with one or two characters. Each part excludes what begins another, so that the time is linear in the text's length.
 */
const SEQUENCES = new RegExp(
  [
    "(?:\\x1b[\\]PX^_]|[\\x90\\x98\\x9d-\\x9f])[^\\x00-\\x06\\x07\\n\\x1b\\x80-\\x9f]*(?:\\x07|\\x1b\\\\|\\x9c)",
    "(?:\\x1b\\[|\\x9b)[0-?]*[ -/]*[@-~]",
    "\\x1b[ -/][0-~]",
    "\\x1b[0-~]",
  ].join("|"),
  "g",
);

/** C0 but for tab and line feed, DEL, and C1 (U+0080 to U+009F). */
const CONTROLS = /[\x00-\x08\x0b-\x1f\x7f-\x9f]/g;

/**
 * A text as it may go to a terminal: without control sequences and without control characters, tabs and line feeds apart. A carriage return
 * before a line feed goes; another one, which would let a text overwrite what stands before it, becomes a line feed.
 */
export function terminalText(text: string): string {
  if (text.search(CONTROLS) === -1) return text;
  return text.replace(SEQUENCES, "").replace(/\r\n/g, "\n").replace(/\r/g, "\n").replace(CONTROLS, "");
}
