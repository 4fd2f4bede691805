/** What a text says if parts of it are encoded: each reading knows which characters of the text each of its bytes comes from. */

/** A text as bytes in UTF-8, one character (U+0000 to U+00FF) for each. Byte `i` comes from `[starts[i], ends[i])` of the text. */
export interface Reading {
  bytes: string;
  starts: number[];
  ends: number[];
}

/** How many encodings may lie over one another. */
const DEPTH = 2;
const ESCAPES: Record<string, string> = {
  n: "\n",
  t: "\t",
  r: "\r",
  b: "\b",
  f: "\f",
  v: "\v",
  a: "\x07",
  0: "\0",
};
const BASE64 = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
const SIX_BITS = new Map([...BASE64, ..."-_"].map((character, index) => [character, index < 64 ? index : index - 2]));
/** Six characters hold four bytes. Lines may be broken, as MIME and `base64` do. */
const BASE64_RUN = /[A-Za-z0-9+/_-](?:\r?\n?[A-Za-z0-9+/_-]){5,}/g;

/**
 * `text` as it stands, and as it reads with JSON's and other backslash escapes resolved, with URL encoding resolved, and with everything
 * that may be base64 decoded (both alphabets, from each of the four places that a group may begin at); and each of these once more.
 */
export function readings(text: string): Reading[] {
  let layer = [plain(text)];
  const all = [...layer];
  for (let depth = 0; depth < DEPTH; depth++) {
    layer = layer.flatMap(decodings);
    all.push(...layer);
  }
  return all;
}

/** The bytes of `text` in UTF-8, one character for each. */
export function bytesOf(text: string): string {
  return String.fromCharCode(...new TextEncoder().encode(text));
}

function plain(text: string): Reading {
  const reading = new Writer();
  let at = 0;
  for (const character of text) {
    reading.add(bytesOf(character), at, at += character.length);
  }
  return reading;
}

function decodings(reading: Reading): Reading[] {
  const { bytes } = reading;
  return [
    ...(bytes.includes("\\") ? [withoutEscapes(reading)] : []),
    ...(bytes.includes("%") ? [withoutPercents(reading, /%([0-9a-f]{2})/gi)] : []),
    // As forms have it: a space is a plus.
    ...(bytes.includes("+") ? [withoutPercents(reading, /%([0-9a-f]{2})|\+/gi)] : []),
    ...fromBase64(reading),
  ];
}

function withoutEscapes(reading: Reading): Reading {
  const pattern = /((?:\\u[0-9a-f]{4}){2})|\\u([0-9a-f]{4})|\\x([0-9a-f]{2})|\\([^])/gi;
  const high = /^\\u(d[89ab]..)\\u(d[c-f]..)$/i;
  return replaced(reading, pattern, ([all, pair, unit, byte, character]) => {
    if (pair !== undefined) {
      const units = high.exec(pair);
      // No pair after all: the first alone, and the second is matched next.
      if (units === null) return { length: 6, bytes: bytesOf(String.fromCharCode(parseInt(pair.slice(2, 6), 16))) };
      return { length: 12, bytes: bytesOf(String.fromCharCode(parseInt(units[1]!, 16), parseInt(units[2]!, 16))) };
    }
    if (unit !== undefined) return { length: 6, bytes: bytesOf(String.fromCharCode(parseInt(unit, 16))) };
    if (byte !== undefined) return { length: 4, bytes: String.fromCharCode(parseInt(byte, 16)) };
    return { length: all!.length, bytes: ESCAPES[character!] ?? character! };
  });
}

function withoutPercents(reading: Reading, pattern: RegExp): Reading {
  return replaced(reading, pattern, ([all, byte]) => {
    return { length: all!.length, bytes: byte === undefined ? " " : String.fromCharCode(parseInt(byte, 16)) };
  });
}

/** What every match of `pattern`, or as much of its start as `length` says, stands for; all else stays. */
function replaced(
  { bytes, starts, ends }: Reading,
  pattern: RegExp,
  read: (match: (string | undefined)[]) => { length: number; bytes: string },
): Reading {
  const written = new Writer();
  const copy = (from: number, to: number) => {
    for (let i = from; i < to; i++) written.add(bytes[i]!, starts[i]!, ends[i]!);
  };
  let at = 0;
  pattern.lastIndex = 0;
  for (let match; (match = pattern.exec(bytes)) !== null;) {
    copy(at, match.index);
    const { length, bytes: meant } = read([...match]);
    at = match.index + length;
    written.add(meant, starts[match.index]!, ends[at - 1]!);
    pattern.lastIndex = at;
  }
  copy(at, bytes.length);
  return written;
}

/** All that can be decoded, with a zero between two parts that have nothing to do with each other. */
function fromBase64({ bytes, starts, ends }: Reading): Reading[] {
  const written = new Writer();
  for (const { 0: run, index } of bytes.matchAll(BASE64_RUN)) {
    const places = Array.from(run, (_, i) => index + i).filter((i) => SIX_BITS.has(bytes[i]!));
    const padding = /^={1,2}/.exec(bytes.slice(index + run.length))?.[0].length ?? 0;
    for (let phase = 0; phase < 4; phase++) {
      for (let bit = 6 * phase; bit + 8 <= 6 * places.length; bit += 8) {
        const [first, last] = [Math.floor(bit / 6), Math.floor((bit + 7) / 6)];
        const value = SIX_BITS.get(bytes[places[first]!]!)! << 6 | SIX_BITS.get(bytes[places[last]!]!)!;
        // The two groups are twelve bits; the byte begins behind the first 'bit % 6' of them.
        const byte = (value >> 4 - bit % 6) & 0xff;
        const isEnd = bit + 16 > 6 * places.length;
        const end = isEnd ? ends[places.at(-1)! + padding]! : ends[places[last]!]!;
        written.add(String.fromCharCode(byte), starts[places[first]!]!, end);
      }
      written.add("\0", starts[index]!, starts[index]!);
    }
  }
  return written.bytes === "" ? [] : [written];
}

class Writer implements Reading {
  readonly #parts: string[] = [];
  readonly starts: number[] = [];
  readonly ends: number[] = [];

  get bytes(): string {
    // Joined once: readings are written to before they are read.
    if (this.#parts.length > 1) this.#parts.splice(0, this.#parts.length, this.#parts.join(""));
    return this.#parts[0] ?? "";
  }

  /** Each of `bytes` comes from the same characters. */
  add(bytes: string, start: number, end: number): void {
    this.#parts.push(bytes);
    for (let i = 0; i < bytes.length; i++) {
      this.starts.push(start);
      this.ends.push(end);
    }
  }
}
