/** What AWS says of a call that failed, made fit to be shown. */
import { cutText } from "../api/text.ts";

/**
 * The text is a part of several conditions' messages, and of many resources. SageMaker's reasons for a failure have 1,024 characters at
 * most; a refusal that repeats a request may have more.
 */
const MOST_BYTES = 8_000;

/** What the SDK adds below an answer that it can't parse. */
const SDK_HINT = /\n\s*Deserialization error: .*$/s;
const LINE_BREAK = /\r\n|[\n\r\v\f\u0085\u2028\u2029]/g;
/** How a constraint violation goes on behind the value, which may hold anything; null stands without quotes. */
const BEHIND_VALUE = /(Value null|') at '([^']*)' failed to satisfy constraint/g;
const COUNT = /^(\d+) validation errors? detected:/;
const HIDDEN = "Value (not shown)";

/**
 * A message of AWS as one line, whole, with its line breaks shown as `\n`. The service repeats the values that it refuses, and
 * those of a job's environment are left out: they are not for statuses and logs.
 */
export function shownText(message: string): string {
  const text = withoutEnvironment(message.replace(SDK_HINT, "")).trim();
  return cutText(text.replace(LINE_BREAK, "\\n"), MOST_BYTES);
}

/**
 * The text without the values that are in violations about the environment. If there are more or fewer violations than the text
 * says, a value looks like a violation itself; then all is left out up to the last one about the environment.
 */
export function withoutEnvironment(text: string): string {
  const violations = [...text.matchAll(BEHIND_VALUE)];
  const count = COUNT.exec(text)?.[1];
  if (count !== undefined && Number(count) !== violations.length) return withoutAllUpToEnvironment(text);
  let shown = "";
  let at = 0;
  for (const { 0: behind, 1: quote, 2: path = "", index } of violations) {
    const start = quote === "'" ? text.indexOf("Value '", at) : -1;
    const end = index + behind.length;
    if (start >= 0 && start < index && path.startsWith("environment")) {
      shown += text.slice(at, start) + HIDDEN + text.slice(index + 1, end);
    } else {
      shown += text.slice(at, end);
    }
    at = end;
  }
  return shown + withoutAllUpToEnvironment(text.slice(at));
}

function withoutAllUpToEnvironment(text: string): string {
  const shown = text.replace(/Value '.*' at '(environment[^']*)'/s, `${HIDDEN} at '$1'`);
  // A value without an end: the service has cut the text, and what it was about is not known.
  return shown.replace(/Value '(?!.*' at ').*$/s, HIDDEN);
}
