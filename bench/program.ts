/** Whether a program is a file of JavaScript or TypeScript, and not compiled. */
export function isCode(program: string): boolean {
  return /\.[jt]s$/.test(program);
}

/** How to run the operator. @param denoFlags for Deno, where that is what runs it */
export function commandOf(
  program: string,
  args: string[],
  denoFlags: string[] = [],
): [command: string, args: string[]] {
  return isCode(program) ? [Deno.execPath(), ["run", "-A", ...denoFlags, program, ...args]] : [program, args];
}
