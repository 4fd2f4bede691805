import { runCommand } from "./src/commands/main.ts";

const EXIT_CODES = { SIGINT: 130, SIGTERM: 143 } as const;
const controller = new AbortController();
for (const [name, code] of Object.entries(EXIT_CODES)) {
  Deno.addSignalListener(name as keyof typeof EXIT_CODES, () => {
    // Whoever asks a second time does not want to wait for work in flight.
    if (controller.signal.aborted) Deno.exit(code);
    controller.abort(new DOMException(`The process received ${name}`, "AbortError"));
  });
}

const encoder = new TextEncoder();
const writer = (stream: { writeSync(bytes: Uint8Array): number }) => (text: string) => {
  try {
    let bytes = encoder.encode(text);
    while (bytes.length > 0) bytes = bytes.subarray(stream.writeSync(bytes));
  } catch (error) {
    // The reader has gone, as in `crd | head -1`: nothing is left to do, and nobody to tell.
    if (error instanceof Deno.errors.BrokenPipe) Deno.exit(141);
    throw error;
  }
};

Deno.exit(
  await runCommand(Deno.args, {
    env: (name) => Deno.env.get(name),
    signal: controller.signal,
    stdout: writer(Deno.stdout),
    stderr: writer(Deno.stderr),
    terminal: { stdout: Deno.stdout.isTerminal(), stderr: Deno.stderr.isTerminal() },
  }),
);
