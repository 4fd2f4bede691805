import { cutText, cutTextStart } from "../api/text.ts";
import type { LogLine } from "./source.ts";
import { hostOf } from "./streams.ts";
import { terminalText } from "../util/terminal_text.ts";

/** What the API server takes, in bytes. */
const MAX_NOTE_BYTES = 1024;
/** How much of it the reason keeps whatever the lines need. */
const REASON_BYTES = 480;
const HEADING = "\nLast log lines:";
/** Of a line that is cut, less than this says nothing. */
const MIN_LINE_BYTES = 16;

/**
 * The note of an Event with a job's last log lines below it, in no more bytes than an Event may have. The reason comes first;
 * then the last lines are what one wants, and of a line that is too long its end. Hosts are named where there are several.
 *
 * @param shown what may be shown of a line, asked for before it is cut
 */
export function noteWithLines(
  note: string,
  lines: readonly LogLine[],
  shown: (text: string) => string = (text) => text,
): string {
  const hosts = new Set(lines.map(({ stream }) => hostOf(stream)));
  const texts = lines.map(({ stream, message }) => {
    const text = shown(plainText(message));
    return text !== "" && hosts.size > 1 ? `[${hostOf(stream)}] ${text}` : text;
  }).filter((text) => text !== "");
  if (texts.length === 0) return note;
  const wanted = sizeOf(HEADING) + texts.reduce((sum, text) => sum + 1 + sizeOf(text), 0);
  const head = cutText(note, Math.max(REASON_BYTES, MAX_NOTE_BYTES - wanted)) + HEADING;
  let room = MAX_NOTE_BYTES - sizeOf(head);
  const kept: string[] = [];
  for (const text of texts.reverse()) {
    if (room <= MIN_LINE_BYTES) break;
    const line = `\n${cutTextStart(text, room - 1)}`;
    kept.unshift(line);
    room -= sizeOf(line);
  }
  return head + kept.join("");
}

/** Without control sequences, and on one line. */
function plainText(message: string): string {
  return terminalText(message.replace(/[\0\b\v\f]/g, " ")).replace(/[\t\n]+/g, " ").trim();
}

function sizeOf(text: string): number {
  return new TextEncoder().encode(text).length;
}
