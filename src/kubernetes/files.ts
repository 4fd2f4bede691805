import { ConfigError } from "./errors.ts";

/**
 * Reads a text file.
 *
 * @param kind what the file is, for messages
 * @param options.optional whether undefined stands for a missing file
 * @throws ConfigError that names the file and says why it can't be read
 */
export async function readText(file: string, kind: string): Promise<string>;
export async function readText(file: string, kind: string, options: { optional: true }): Promise<string | undefined>;
export async function readText(file: string, kind: string, options?: { optional: true }): Promise<string | undefined> {
  try {
    return await Deno.readTextFile(file);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound && options?.optional) return undefined;
    throw new ConfigError(`Cannot read ${kind} '${file}': ${whyUnreadable(error)}`, { cause: error });
  }
}

/** What went wrong with a file, in plain words. */
export function whyUnreadable(error: unknown): string {
  if (error instanceof Deno.errors.NotFound) return "the file does not exist";
  if (error instanceof Deno.errors.PermissionDenied) return "this user may not read it";
  if (error instanceof Deno.errors.IsADirectory) return "it is a directory";
  if (error instanceof Deno.errors.NotCapable) {
    const permission = error.message.replace(/, .*/s, "");
    return `this program was not given the permission (${permission}); ` +
      "the container's may read only where credentials usually are, as in '/etc/sagemaker-operator' and '/tmp'";
  }
  return error instanceof Error ? error.message : String(error);
}
