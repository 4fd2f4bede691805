import type { LogLine } from "./source.ts";
import { hostOf } from "./streams.ts";
import { terminalText } from "../util/terminal_text.ts";

/** How lines look. */
export interface LineStyle {
  /** What stands before a line: the host in brackets, the whole name of the stream, or nothing. */
  prefix: "host" | "stream" | "none";
  /** RFC 3339 in UTC with milliseconds. */
  timestamps: boolean;
  /** Gives each host a colour of its own. */
  colours: boolean;
  /** Leaves control sequences and characters out, as a terminal would obey them. */
  plain: boolean;
}

/** Cyan, green, yellow, magenta, blue, and the bright ones: what can be read on a dark and on a light ground. */
const COLOURS = [36, 32, 33, 35, 34, 96, 92, 95];

/** The lines as text, each with its newline. Of a message of several lines each one gets its prefix. */
export function textOf(lines: readonly LogLine[], style: LineStyle): string {
  return lines.map((line) => {
    const { stream, message, timestamp } = line;
    const shown = style.plain ? { stream: terminalText(stream), message: terminalText(message) } : { stream, message };
    const head = headOf({ ...shown, timestamp }, style);
    return `${head}${shown.message.replaceAll("\n", `\n${head}`)}\n`;
  }).join("");
}

function headOf(
  { stream, timestamp }: Pick<LogLine, "stream" | "timestamp">,
  { prefix, timestamps, colours }: LineStyle,
): string {
  const time = timestamps ? `${new Date(timestamp).toISOString()} ` : "";
  if (prefix === "none") return time;
  const host = hostOf(stream);
  const label = prefix === "stream" ? stream : `[${host}]`;
  return `${colours ? `\x1b[${colourOf(host)}m${label}\x1b[0m` : label} ${time}`;
}

/** By its number, so that a host has the same colour each time. */
function colourOf(host: string): number {
  const number = Number(/\d+$/.exec(host)?.[0] ?? 1);
  return COLOURS[(number - 1 + COLOURS.length) % COLOURS.length]!;
}
