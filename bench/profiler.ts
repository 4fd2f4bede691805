/** A CPU profile of a Deno process that was started with `--inspect`, over the Chrome DevTools Protocol. */

/** As DevTools writes and reads it (`.cpuprofile`); times are microseconds. */
export interface CpuProfile {
  nodes: ProfileNode[];
  /** The node that was on top at each sample. */
  samples: number[];
  /** The time between a sample and the one before it. */
  timeDeltas: number[];
  startTime: number;
  endTime: number;
}

export interface ProfileNode {
  id: number;
  callFrame: { functionName: string; url: string; lineNumber: number };
  children?: number[];
}

const SAMPLING_US = 500;

export class Profiler implements Disposable {
  readonly #socket: WebSocket;
  readonly #answers = new Map<number, (answer: { result?: unknown; error?: { message: string } }) => void>();
  #lastId = 0;

  private constructor(socket: WebSocket) {
    this.#socket = socket;
    socket.onmessage = ({ data }) => {
      const answer = JSON.parse(data);
      this.#answers.get(answer.id)?.(answer);
      this.#answers.delete(answer.id);
    };
  }

  /** Begins to sample. @param address of the inspector, as `127.0.0.1:9229` */
  static async start(address: string): Promise<Profiler> {
    const [target] = await (await fetch(`http://${address}/json`)).json();
    const socket = new WebSocket(target.webSocketDebuggerUrl);
    await new Promise((resolve, reject) => {
      socket.onopen = resolve;
      socket.onerror = () => reject(new Error(`Cannot reach the inspector at '${address}'`));
    });
    const profiler = new Profiler(socket);
    await profiler.#ask("Profiler.enable");
    await profiler.#ask("Profiler.setSamplingInterval", { interval: SAMPLING_US });
    await profiler.#ask("Profiler.start");
    return profiler;
  }

  async stop(): Promise<CpuProfile> {
    return (await this.#ask<{ profile: CpuProfile }>("Profiler.stop")).profile;
  }

  [Symbol.dispose](): void {
    this.#socket.close();
  }

  #ask<T>(method: string, params: object = {}): Promise<T> {
    const id = ++this.#lastId;
    return new Promise((resolve, reject) => {
      this.#answers.set(id, ({ result, error }) => error ? reject(new Error(error.message)) : resolve(result as T));
      this.#socket.send(JSON.stringify({ id, method, params }));
    });
  }
}
