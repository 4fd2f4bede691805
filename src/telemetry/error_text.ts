/** Deeper than any honest chain of causes; ends one that goes in a circle. */
const MOST_CAUSES = 8;

/**
 * An error as one line: its message, then those of its causes, each separated by `: `. A cause whose message is already
 * part of what stands before it is left out.
 */
export function errorText(error: unknown): string {
  let text = messageOf(error);
  let cause = causeOf(error);
  for (let i = 0; i < MOST_CAUSES && cause !== undefined; i++, cause = causeOf(cause)) {
    const message = messageOf(cause);
    if (!text.includes(message)) text += `: ${message}`;
  }
  return text;
}

function messageOf(error: unknown): string {
  let text = String(error);
  if (error instanceof AggregateError && error.message === "") text = error.errors.map(messageOf).join("; ");
  else if (error instanceof Error) text = error.message || error.name;
  // What Deno adds is for whoever compiled the program.
  if (error instanceof Deno.errors.NotCapable) text = text.replace(/, (specify|run again) .*/s, "");
  return text.replace(/\s*\n\s*/g, " ").trim();
}

function causeOf(error: unknown): unknown {
  return error instanceof Error ? error.cause : undefined;
}
