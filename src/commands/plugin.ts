/** The arguments that a program was called with, where `argv0` is what it was called as: kubectl runs plugins by their names. */
export function argumentsOf(argv0: string, args: readonly string[]): readonly string[] {
  return /(^|[\\/])kubectl-smlogs(\.exe)?$/.test(argv0) ? ["smlogs", ...args] : args;
}
