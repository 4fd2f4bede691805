import { type Clock, systemClock } from "../../src/runtime/clock.ts";

const COLOURS = { grey: 90, red: 31, green: 32, yellow: 33, blue: 34, magenta: 35, cyan: 36, bold: 1 } as const;
type Colour = keyof typeof COLOURS;

/** Who a line of the timeline is about. */
export type Actor = "you" | "cluster" | "status" | "sagemaker" | "operator" | "logs";
const ACTOR_COLOURS: Record<Actor, Colour> = {
  you: "bold",
  cluster: "grey",
  status: "cyan",
  sagemaker: "magenta",
  operator: "blue",
  logs: "grey",
};
const WORD_COLOURS: Record<string, Colour> = { Completed: "green", Failed: "red", Error: "red", Reconciling: "yellow" };

/** Prints what happens, each line with the seconds since the start; colours only on a terminal. */
export class Timeline {
  readonly #clock: Clock;
  readonly #started: number;
  readonly #isColoured: boolean;
  readonly #write: (text: string) => void;

  constructor({ clock = systemClock, isColoured, write }: {
    clock?: Clock;
    isColoured: boolean;
    write: (text: string) => void;
  }) {
    this.#clock = clock;
    this.#started = clock.monotonic();
    this.#isColoured = isColoured;
    this.#write = write;
  }

  /** Seconds since the start. */
  get seconds(): number {
    return (this.#clock.monotonic() - this.#started) / 1000;
  }

  say(actor: Actor, text: string): void {
    const time = `${this.seconds.toFixed(1).padStart(5)}s`;
    this.#write(`${this.#paint("grey", time)}  ${this.#paint(ACTOR_COLOURS[actor], actor.padEnd(9))}  ${text}\n`);
  }

  heading(text: string): void {
    this.#write(`\n${this.#paint("bold", text)}\n`);
  }

  /** Text that stands for itself, such as a command's output. */
  block(text: string): void {
    this.#write(`${text}\n`);
  }

  /** A status word in its colour. */
  word(word: string): string {
    const colour = WORD_COLOURS[word];
    return colour ? this.#paint(colour, word) : word;
  }

  #paint(colour: Colour, text: string): string {
    return this.#isColoured ? `\x1b[${COLOURS[colour]}m${text}\x1b[0m` : text;
  }
}
