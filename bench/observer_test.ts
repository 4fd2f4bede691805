import assert from "node:assert/strict";
import { FakeClock } from "../src/runtime/fake_clock.ts";
import { GONE, Observer } from "./observer.ts";

const WAITING = { timeoutMs: 1_000, signal: new AbortController().signal };

/** Watches that are written to by hand. */
class Apiserver {
  /** The resource version of each watch that was opened. */
  readonly opened: string[] = [];
  #writer: WritableStreamDefaultWriter<Uint8Array> | undefined;
  #version = 1;

  readonly open = (version: string) => {
    this.opened.push(version);
    const { readable, writable } = new TransformStream<Uint8Array, Uint8Array>();
    this.#writer = writable.getWriter();
    return Promise.resolve(readable);
  };

  async send(type: string, name: string, word?: string): Promise<void> {
    const metadata = { name, resourceVersion: String(++this.#version) };
    const line = JSON.stringify({ type, object: { metadata, status: { processingJobStatus: word } } });
    await this.#writer!.write(new TextEncoder().encode(`${line}\n`));
  }

  async end(): Promise<void> {
    await this.#writer!.close();
  }
}

Deno.test("a wait ends once so many resources have been seen in a status, also if they have left it since", async () => {
  const apiserver = new Apiserver();
  await using observer = new Observer(apiserver.open, "1", new FakeClock());
  const waiting = observer.until("Completed", 2, WAITING);
  await apiserver.send("ADDED", "a", "InProgress");
  await apiserver.send("MODIFIED", "a", "Completed");
  await apiserver.send("DELETED", "a", "Completed");
  await apiserver.send("MODIFIED", "b", "Completed");
  await waiting;
  assert.deepEqual([...observer.seenAt(GONE).keys()], ["a"]);
  assert.equal(observer.seenAt("InProgress").size, 1);
});

Deno.test("the first time counts", async () => {
  const clock = new FakeClock();
  const apiserver = new Apiserver();
  await using observer = new Observer(apiserver.open, "1", clock);
  await apiserver.send("ADDED", "a", "InProgress");
  await observer.until("InProgress", 1, WAITING);
  const first = clock.now();
  await clock.advance(500);
  await apiserver.send("MODIFIED", "a", "InProgress");
  await apiserver.send("MODIFIED", "a", "Completed");
  await observer.until("Completed", 1, WAITING);
  assert.equal(observer.seenAt("InProgress").get("a"), first);
  assert.equal(observer.seenAt("Completed").get("a"), clock.now());
});

Deno.test("a watch that ends goes on from where it was", async () => {
  const apiserver = new Apiserver();
  await using observer = new Observer(apiserver.open, "1", new FakeClock());
  await apiserver.send("ADDED", "a", "InProgress");
  await apiserver.send("ADDED", "b", "InProgress");
  await observer.until("InProgress", 2, WAITING);
  await apiserver.end();
  while (apiserver.opened.length < 2) await Promise.resolve();
  assert.deepEqual(apiserver.opened, ["1", "3"]);
  await apiserver.send("ADDED", "c", "InProgress");
  await observer.until("InProgress", 3, WAITING);
});

Deno.test("a wait that takes too long is told what it got", async () => {
  const clock = new FakeClock();
  await using observer = new Observer(new Apiserver().open, "1", clock);
  const late = assert.rejects(
    observer.until("Completed", 1, WAITING),
    /Only 0 of 1 resources became 'Completed' within 1000 ms/,
  );
  await clock.advance(1_001);
  await late;
});

Deno.test("a wait whose watch is lost is told so, also if it begins later", async () => {
  await using observer = new Observer(() => Promise.reject(new Error("no route")), "1", new FakeClock());
  for (let time = 0; time < 2; time++) {
    await assert.rejects(observer.until("Completed", 1, WAITING), /The watch was lost/);
  }
});
