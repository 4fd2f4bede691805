/** Values of a job's environment: they go to SageMaker in a request, and no text that AWS sends back may show them. */
import { systemCode } from "./errors.ts";
import { bytesOf, type Reading, readings } from "./readings.ts";
import { withoutEnvironment } from "./service_text.ts";

/** Values by the names of their variables. */
export type Environment = Readonly<Record<string, string>>;

/** A stretch of a value counts as the value from this many characters on: what is repeated may be cut off. */
const STRETCH = 8;
/** A shorter value is a number or a word of everyday use, which texts are full of. It is hidden behind the name of its variable alone. */
const SHORTEST_WORD = 4;
/** More of a text is shown nowhere; a status takes 32,768 characters. */
const MOST_CHARACTERS = 40_000;
const HIDDEN = "(not shown)";
/** Those that steer the simulator, which repeats them. */
const OF_SIMULATOR = /^SIMULATE_/;

/**
 * `error` as far as `classify` reads it, with its text free of the values of `environment` and of those that the service names as
 * such. Its cause is left out, and so is the answer that the SDK's errors carry. An error that holds none of them stays as it is.
 */
export function errorWithout(environment: Environment, error: unknown): unknown {
  if (!(error instanceof Error)) return error;
  const { name, message, $metadata } = error as Error & { $metadata?: unknown };
  const shown = withoutEnvironment(textWithout(environment, message));
  if (Object.keys(environment).length === 0 && shown === message) return error;
  return Object.assign(new Error(shown), { name, $metadata, code: systemCode(error) });
}

/**
 * `text` with every stretch of eight characters or more that it shares with a value of `environment` replaced, also where it is
 * encoded: in base64, in a URL, with backslash escapes as JSON has them, or in two of these over one another (`readings`). Of a
 * value with four to seven characters the whole counts, where it is no part of a word; of a shorter one, the whole that follows
 * the name of its variable. Call this before a text is cut.
 */
export function textWithout(environment: Environment, text: string): string {
  const entries = Object.entries(environment).filter(([name, value]) => value !== "" && !OF_SIMULATOR.test(name));
  if (entries.length === 0 || text === "") return text;
  const cut = text.slice(0, MOST_CHARACTERS);
  const isHidden = new Array<boolean>(cut.length).fill(false);
  const search = searchFor(entries);
  for (const reading of readings(cut)) {
    for (const [from, to] of search(reading)) isHidden.fill(true, reading.starts[from], reading.ends[to - 1]);
  }
  let shown = "";
  for (let i = 0; i < cut.length; i++) {
    if (!isHidden[i]) shown += cut[i];
    else if (!isHidden[i - 1]) shown += HIDDEN;
  }
  return shown;
}

/** What finds the values in the bytes of a reading, as `[from, to)`. */
function searchFor(entries: [name: string, value: string][]): (reading: Reading) => [from: number, to: number][] {
  const sized = entries.map(([name, value]) => ({ name, value, size: [...value].length }));
  const stretches = new Map<number, Set<string>>();
  for (const stretch of sized.filter(({ size }) => size >= STRETCH).flatMap(({ value }) => stretchesOf(value))) {
    const known = stretches.get(stretch.length);
    if (known === undefined) stretches.set(stretch.length, new Set([stretch]));
    else known.add(stretch);
  }
  const words = sized.filter(({ size }) => size >= SHORTEST_WORD && size < STRETCH).map(({ value }) => bytesOf(value));
  const named = sized.filter(({ size }) => size < SHORTEST_WORD).map(({ name, value }) =>
    new RegExp(
      `(?<=${RegExp.escape(bytesOf(name))}[^A-Za-z0-9]{1,8})${RegExp.escape(bytesOf(value))}(?![A-Za-z0-9])`,
      "g",
    )
  );
  return ({ bytes }) => [
    ...[...stretches].flatMap(([length, wanted]) => starts(bytes, length, wanted)),
    ...words.flatMap((word) => wordsIn(bytes, word)),
    ...named.flatMap((pattern) => [...bytes.matchAll(pattern)].map(({ 0: found, index }) => at(index, found.length))),
  ];
}

function starts(bytes: string, length: number, wanted: ReadonlySet<string>): [number, number][] {
  const found: [number, number][] = [];
  for (let i = 0; i + length <= bytes.length; i++) {
    if (wanted.has(bytes.slice(i, i + length))) found.push(at(i, length));
  }
  return found;
}

function wordsIn(bytes: string, word: string): [number, number][] {
  const found: [number, number][] = [];
  for (let i = bytes.indexOf(word); i >= 0; i = bytes.indexOf(word, i + 1)) {
    if (!isInWord(bytes, i, i + word.length)) found.push(at(i, word.length));
  }
  return found;
}

function at(index: number, length: number): [number, number] {
  return [index, index + length];
}

/** Of eight characters each, as bytes. */
function stretchesOf(value: string): string[] {
  const characters = [...value].map(bytesOf);
  return characters.slice(STRETCH - 1).map((_, i) => characters.slice(i, i + STRETCH).join(""));
}

function isInWord(bytes: string, start: number, end: number): boolean {
  const isWord = (index: number) => /[A-Za-z0-9]/.test(bytes.charAt(index));
  return (isWord(start) && isWord(start - 1)) || (isWord(end - 1) && isWord(end));
}
