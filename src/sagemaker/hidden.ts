/** Values that go to SageMaker in a request and are to be seen nowhere else. */
import { systemCode } from "./errors.ts";
import { withoutEnvironment } from "./service_text.ts";

/** A stretch of a value counts as the value from this many characters on: what is repeated may be cut off. */
const STRETCH = 8;
const HIDDEN = "(not shown)";

/**
 * `error` as far as `classify` reads it, with its text free of `values` and of the environment's values that the service repeats.
 * Its cause is left out, and so is the answer that the SDK's errors carry. An error that holds none of them stays as it is.
 */
export function errorWithout(values: readonly string[], error: unknown): unknown {
  if (!(error instanceof Error)) return error;
  const { name, message, $metadata } = error as Error & { $metadata?: unknown };
  const shown = withoutEnvironment(textWithout(values, message));
  if (values.length === 0 && shown === message) return error;
  return Object.assign(new Error(shown), { name, $metadata, code: systemCode(error) });
}

/**
 * `text` with every stretch that it shares with one of `values` replaced. Of a value that is shorter than such a stretch, only
 * the whole counts, and only where it is no part of a word.
 */
export function textWithout(values: readonly string[], text: string): string {
  const written = values.flatMap((value) => [value, JSON.stringify(value).slice(1, -1)]);
  const stretches = new Set(written.flatMap(stretchesOf));
  const isHidden = new Array<boolean>(text.length).fill(false);
  for (let i = 0; i + STRETCH <= text.length; i++) {
    if (stretches.has(text.slice(i, i + STRETCH))) isHidden.fill(true, i, i + STRETCH);
  }
  for (const short of written.filter(({ length }) => length > 0 && length < STRETCH)) {
    for (let i = text.indexOf(short); i >= 0; i = text.indexOf(short, i + 1)) {
      if (!isInWord(text, i, i + short.length)) isHidden.fill(true, i, i + short.length);
    }
  }
  let shown = "";
  for (let i = 0; i < text.length; i++) {
    if (!isHidden[i]) shown += text[i];
    else if (!isHidden[i - 1]) shown += HIDDEN;
  }
  return shown;
}

function stretchesOf(value: string): string[] {
  return Array.from({ length: Math.max(0, value.length - STRETCH + 1) }, (_, i) => value.slice(i, i + STRETCH));
}

function isInWord(text: string, start: number, end: number): boolean {
  const isWord = (at: number) => /[\p{L}\p{N}]/u.test(text.charAt(at));
  return (isWord(start) && isWord(start - 1)) || (isWord(end - 1) && isWord(end));
}
