const ELLIPSIS = "…";
const ELLIPSIS_BYTES = 3;
const encoder = new TextEncoder();

/** `text`, or as much of it from its start as goes into `maxBytes` bytes of UTF-8 together with an ellipsis; no code point is torn. */
export function cutText(text: string, maxBytes: number): string {
  // No code unit takes more than three bytes.
  if (text.length * 3 <= maxBytes || encoder.encode(text).length <= maxBytes) return text;
  const { read } = encoder.encodeInto(text, new Uint8Array(maxBytes - ELLIPSIS_BYTES));
  return text.slice(0, read) + ELLIPSIS;
}
