/** The files that `render` reads. */
import { readFile } from "node:fs/promises";
import { buffer } from "node:stream/consumers";

/**
 * The text of a file, or of stdin for `-`. A byte order mark is left out.
 *
 * @throws {Error} with one line, if the file can't be read or is no UTF-8
 */
export async function readText(file: string): Promise<string> {
  const bytes = await readBytes(file);
  if (isUtf16(bytes)) {
    throw new Error(`Cannot read '${file}': it is UTF-16, as PowerShell's '>' writes it; save it as UTF-8`);
  }
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch (cause) {
    throw new Error(`Cannot read '${file}': it must be UTF-8`, { cause });
  }
}

async function readBytes(file: string): Promise<Uint8Array> {
  if (file === "-") return await buffer(Deno.stdin.readable);
  try {
    return await readFile(file);
  } catch (cause) {
    if ((cause as { code?: string }).code !== "ENOENT") throw new Error(`Cannot read '${file}'`, { cause });
    throw new Error(`Cannot read '${file}': the file does not exist`);
  }
}

/** By its byte order mark; or, without one, since no text has a NUL where its first character should be half of. */
function isUtf16([first, second]: Uint8Array): boolean {
  const isMarked = first === 0xff && second === 0xfe || first === 0xfe && second === 0xff;
  return isMarked || (first === 0) !== (second === 0);
}

/** The items of a Kubernetes list, as `kubectl get -o yaml` prints it, and of lists in it; `undefined` for what is none. */
export function itemsOf(value: unknown): unknown[] | undefined {
  const { kind, items } = (value ?? {}) as { kind?: unknown; items?: unknown };
  const isList = typeof kind === "string" && kind.endsWith("List") && Array.isArray(items);
  return isList ? items.flatMap((item: unknown) => itemsOf(item) ?? [item]) : undefined;
}
