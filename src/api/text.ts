const ELLIPSIS = "…";
const ELLIPSIS_BYTES = 3;
const encoder = new TextEncoder();
const decoder = new TextDecoder("utf-8", { ignoreBOM: true });

/** `text`, or as much of it from its start as goes into `maxBytes` bytes of UTF-8 together with an ellipsis; no code point is torn. */
export function cutText(text: string, maxBytes: number): string {
  // No code unit takes more than three bytes.
  if (text.length * 3 <= maxBytes || encoder.encode(text).length <= maxBytes) return text;
  // A slice of a text would keep the whole of it in memory.
  const start = new Uint8Array(maxBytes - ELLIPSIS_BYTES);
  const { written } = encoder.encodeInto(text, start);
  return decoder.decode(start.subarray(0, written)) + ELLIPSIS;
}

/** `text`, or as much of it up to its end as goes into `maxBytes` bytes of UTF-8 behind an ellipsis; no code point is torn. */
export function cutTextStart(text: string, maxBytes: number): string {
  const bytes = encoder.encode(text);
  if (bytes.length <= maxBytes) return text;
  let start = bytes.length - Math.max(0, maxBytes - ELLIPSIS_BYTES);
  // The bytes that go on with a code point look like this, whatever it is.
  while ((bytes[start]! & 0b1100_0000) === 0b1000_0000) start++;
  return ELLIPSIS + decoder.decode(bytes.subarray(start));
}
