import { configureSync, type LogLevel as TapeLevel, type LogRecord } from "@logtape/logtape";
import { AsyncLocalStorage } from "node:async_hooks";
import { terminalText } from "../util/terminal_text.ts";
import { errorText } from "./error_text.ts";

/** The levels of `--log-level`, from the most to the least talkative. */
export const LOG_LEVELS = ["debug", "info", "warn", "error"] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

/** The forms of `--log-format`. */
export const LOG_FORMATS = ["text", "json"] as const;
export type LogFormat = (typeof LOG_FORMATS)[number];

const LEVEL_NAMES: Record<TapeLevel, LogLevel> = {
  trace: "debug",
  debug: "debug",
  info: "info",
  warning: "warn",
  error: "error",
  fatal: "error",
};

/** A net below the rule that such values are never logged: properties with such names lose their value, at any depth. */
const SECRET_NAME = /token|secret|password|authorization|credential|environment/i;

const RESERVED = new Set(["time", "level", "logger", "message"]);

/**
 * Sends what is logged under the category `operator` to stderr, one line each: as text for people, or as one JSON object
 * with `time`, `level`, `logger`, `message` and then the properties. Errors among the properties become one line of text;
 * their stacks are shown at level `debug` only. Calling it again replaces what was set before.
 *
 * @param options.write takes each finished line, its newline included, instead of stderr
 */
export function configureLog(
  { level, format, write = writeToStderr }: { level: LogLevel; format: LogFormat; write?: (line: string) => void },
): void {
  const toLine = format === "json" ? jsonLine : textLine;
  const sink = (record: LogRecord) => write(toLine(record, { stacks: level === "debug" }));
  const lowestLevel: TapeLevel = level === "warn" ? "warning" : level;
  configureSync({
    reset: true,
    contextLocalStorage: new AsyncLocalStorage(),
    sinks: { sink },
    loggers: [
      { category: "operator", sinks: ["sink"], lowestLevel },
      { category: ["logtape", "meta"], sinks: ["sink"], lowestLevel: "error" },
    ],
  });
}

function jsonLine(record: LogRecord, { stacks }: { stacks: boolean }): string {
  const line: Record<string, unknown> = {
    time: new Date(record.timestamp).toISOString(),
    level: LEVEL_NAMES[record.level],
    logger: record.category.join("."),
    message: record.message.map(String).join(""),
  };
  for (const [name, value] of Object.entries(record.properties)) {
    line[RESERVED.has(name) ? `${name}_` : name] = value;
    if (stacks && value instanceof Error) line[`${name}Stack`] = value.stack;
  }
  return `${visible(toJson(line))}\n`;
}

/** DEL and C1 as JSON escapes them, which `JSON.stringify` does for C0 alone. */
function visible(line: string): string {
  return line.replace(/[\x7f-\x9f]/g, (control) => `\\u00${control.charCodeAt(0).toString(16)}`);
}

function textLine(record: LogRecord, { stacks }: { stacks: boolean }): string {
  const words = [
    new Date(record.timestamp).toISOString(),
    LEVEL_NAMES[record.level].toUpperCase().padEnd(5),
    record.message.map(String).join(""),
  ];
  let after = "";
  for (const [name, value] of Object.entries(record.properties)) {
    if (value === undefined) continue;
    words.push(`${name}=${textValue(name, value)}`);
    if (stacks && value instanceof Error && value.stack) after += `${value.stack.replace(/^/gm, "    ")}\n`;
  }
  return `${visible(words.join(" "))}\n${terminalText(after)}`;
}

/** Quotes what would be ambiguous on a line, or could pass for another line. */
function textValue(name: string, value: unknown): string {
  const shown = replaced(name, value);
  if (typeof shown === "string") return /^[^\s"=\p{C}]+$/u.test(shown) ? shown : JSON.stringify(shown);
  return toJson(shown);
}

function toJson(value: unknown): string {
  try {
    return JSON.stringify(value, replaced);
  } catch {
    // A circle in a property must not cost the line that it was logged with.
    const flat = value as Record<string, unknown>;
    return JSON.stringify(
      Object.fromEntries(Object.entries(flat).map(([name, each]) => [name, String(each)])),
      replaced,
    );
  }
}

/** What stands for a property's value in a line; in the form that `JSON.stringify` calls. */
function replaced(name: string, value: unknown): unknown {
  if (SECRET_NAME.test(name) && value !== undefined && value !== null) return "[redacted]";
  if (value instanceof Error) return errorText(value);
  if (typeof value === "bigint") return String(value);
  return value;
}

const encoder = new TextEncoder();

function writeToStderr(line: string): void {
  let bytes = encoder.encode(line);
  while (bytes.length > 0) bytes = bytes.subarray(Deno.stderr.writeSync(bytes));
}
