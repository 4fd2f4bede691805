/**
 * Every form of `using` that Deno accepts; it rejects a `using` in the head of `for (;;)`, and V8
 * one directly in a `case`. The program prints
 * what it acquires, uses and disposes of as a JSON list. A bundle of it must print the same as the source.
 */
const trace: string[] = [];

class Resource {
  readonly signal: string;

  constructor(readonly name: string) {
    trace.push(`acquire ${name}`);
    this.signal = `signal of ${name}`;
  }

  use(): this {
    trace.push(`use ${this.name}`);
    return this;
  }

  [Symbol.dispose](): void {
    trace.push(`dispose ${this.name}`);
  }
}

class AsyncResource extends Resource {
  async [Symbol.asyncDispose](): Promise<void> {
    trace.push(`begin to dispose ${this.name}`);
    await Promise.resolve();
    trace.push(`end of disposing ${this.name}`);
  }
}

function disposeThrows(name: string): Disposable {
  trace.push(`acquire ${name}`);
  return {
    [Symbol.dispose]() {
      trace.push(`dispose ${name}`);
      throw new Error(`disposal of ${name}`);
    },
  };
}

async function use(value: unknown): Promise<unknown> {
  trace.push(`use ${value}`);
  await Promise.resolve();
  return value;
}

/** The form that esbuild 0.25.5 breaks: the binding is used once, in the next statement. */
async function usedOnceByTheNextStatement(): Promise<unknown> {
  using both = new Resource("used once");
  const limit = both.signal;
  return await use(limit);
}

function usedOnceInReturn(): string {
  using resource = new Resource("used in return");
  return resource.use().signal;
}

function usedOnceInExpression(): void {
  using resource = new Resource("used in expression");
  resource.use();
}

function neverUsed(): string {
  using _resource = new Resource("never used");
  return "value";
}

function usedOften(): number {
  using resource = new Resource("used often");
  resource.use();
  resource.use();
  return resource.signal.length;
}

function inBlock(): void {
  {
    using resource = new Resource("in block");
    resource.use();
  }
  trace.push("after block");
  if (trace.length > 0) {
    using resource = new Resource("in if");
    resource.use();
  }
  trace.push("after if");
}

function inOrder(): void {
  using first = new Resource("first");
  using second = new Resource("second"), third = new Resource("third");
  second.use();
  trace.push(first.signal, third.signal);
}

function inLoops(): void {
  for (const name of ["loop 1", "loop 2", "loop 3"]) {
    using resource = new Resource(name);
    if (name === "loop 1") continue;
    if (resource.signal.endsWith("2")) break;
  }
  for (using resource of [new Resource("of 1"), new Resource("of 2")]) resource.use();
  for (using _resource of [new Resource("unused of 1"), new Resource("unused of 2")]) trace.push("body");
  let rounds = 0;
  while (rounds++ < 2) {
    using resource = new Resource(`while ${rounds}`);
    resource.use();
  }
}

function inSwitch(value: string): string {
  switch (value) {
    case "a": {
      using inA = new Resource("case a");
      inA.use();
      break;
    }
    case "b": {
      using inB = new Resource("case b");
      return inB.signal;
    }
    default: {
      using inDefault = new Resource("case default");
      return inDefault.signal;
    }
  }
  return "after switch";
}

function inTry(): string {
  try {
    using resource = new Resource("in try");
    resource.use();
    throw new Error("thrown in try");
  } catch (error) {
    using resource = new Resource("in catch");
    trace.push(resource.signal);
    return String(error);
  } finally {
    using resource = new Resource("in finally");
    resource.use();
  }
}

function* generator(): Generator<string> {
  using resource = new Resource("in generator");
  yield resource.signal;
  yield "second";
}

async function* asyncGenerator(): AsyncGenerator<string> {
  await using resource = new AsyncResource("in async generator");
  yield resource.signal;
  yield "second";
}

async function awaitUsing(): Promise<string> {
  await using resource = new AsyncResource("await using");
  const signal = resource.signal;
  return signal;
}

async function awaitUsingForms(): Promise<void> {
  await using _unused = new AsyncResource("unused await using");
  await using sync = new Resource("sync by await using");
  sync.use();
  for await (using resource of [new Resource("for await 1"), new Resource("for await 2")]) resource.use();
  for (await using each of [new AsyncResource("of await 1"), new AsyncResource("of await 2")]) each.use();
  {
    await using block = new AsyncResource("await block");
    block.use();
  }
  trace.push("after await block");
}

/** `await using` waits also where there is nothing to dispose of. */
async function awaitsNothing(): Promise<void> {
  const later = Promise.resolve().then(() => trace.push("microtask"));
  {
    await using _nothing = null;
  }
  trace.push("after await using null");
  await later;
}

function nothing(): void {
  using none = null;
  using absent = undefined;
  using maybe = trace.length > 0 ? new Resource("maybe") : null;
  trace.push(`${none} ${absent} ${maybe?.signal}`);
}

class InClass {
  static made: string;
  static {
    using resource = new Resource("static block");
    InClass.made = resource.signal;
  }
  readonly #held: string;

  constructor() {
    using resource = new Resource("constructor");
    this.#held = resource.signal;
  }

  get held(): string {
    using resource = new Resource("getter");
    return resource.use() && this.#held;
  }

  readonly field = () => {
    using resource = new Resource("arrow in field");
    return resource.signal;
  };
}

function suppressed(): void {
  using _first = disposeThrows("throws first");
  using _second = disposeThrows("throws second");
  throw new Error("body");
}

async function suppressedAsync(): Promise<void> {
  await using _first = {
    [Symbol.asyncDispose]: () => Promise.reject(new Error("asynchronous disposal")),
  };
  using second = disposeThrows("throws in async");
  await use(typeof second);
}

function notDisposable(): void {
  using _resource = new Resource("before what is not disposable");
  using _not = {} as unknown as Disposable;
  trace.push("not reached");
}

function acquireThrows(): void {
  using _resource = new Resource("before a failed acquire");
  using failed = fail();
  failed.use();
}

function fail(): Resource {
  throw new Error("acquire");
}

function disposalInClosure(): () => string {
  using resource = new Resource("captured");
  const captured = () => resource.signal;
  return captured;
}

function stack(): void {
  using disposables = new DisposableStack();
  disposables.use(new Resource("in stack"));
  disposables.defer(() => trace.push("deferred"));
}

function thrown(run: () => unknown): void {
  try {
    run();
    trace.push("nothing thrown");
  } catch (error) {
    trace.push(describe(error));
  }
}

function describe(error: unknown): string {
  if (error instanceof SuppressedError) return `suppressed(${describe(error.error)}, ${describe(error.suppressed)})`;
  return error instanceof TypeError ? "TypeError" : String(error);
}

using atTop = new Resource("top level");
await using _asyncAtTop = new AsyncResource("async top level");
export const exported = atTop.signal;

trace.push(String(await usedOnceByTheNextStatement()), usedOnceInReturn(), neverUsed(), String(usedOften()));
usedOnceInExpression();
inBlock();
inOrder();
inLoops();
for (const value of ["a", "b", "c"]) trace.push(inSwitch(value));
trace.push(inTry());
for (const value of generator()) trace.push(value);
for (const value of generator()) {
  trace.push(`left after ${value}`);
  break;
}
for await (const value of asyncGenerator()) {
  trace.push(`left after ${value}`);
  break;
}
trace.push(await awaitUsing());
await awaitUsingForms();
await awaitsNothing();
nothing();
const made = new InClass();
trace.push(InClass.made, made.held, made.field());
for (const run of [suppressed, notDisposable, acquireThrows]) thrown(run);
trace.push(String(await suppressedAsync().catch(describe)));
trace.push(disposalInClosure()());
stack();

// Disposed of last, after the rest of this module: it prints.
using _print = {
  // deno-lint-ignore no-console
  [Symbol.dispose]: () => queueMicrotask(() => setTimeout(() => console.log(JSON.stringify(trace, null, 1)))),
};
