import assert from "node:assert/strict";
import fc from "fast-check";
import { type Thing, thing } from "./fake_cluster.ts";
import { Store } from "./store.ts";

const SCOPE = {};

function setUp(): { store: Store<Thing>; changes: string[] } {
  const store = new Store<Thing>();
  const changes: string[] = [];
  store.onChange((key) => changes.push(key));
  return { store, changes };
}

function relist(store: Store<Thing>, things: Thing[], scope = SCOPE): void {
  const list = store.relist(scope);
  for (const each of things) list.add(each);
  list.commit();
}

Deno.test("apply() ignores what is older than or the same as what is known", () => {
  const { store, changes } = setUp();
  store.apply(thing("a", 9), SCOPE);
  store.apply(thing("a", 10), SCOPE);
  store.apply(thing("a", 10), SCOPE);
  store.apply(thing("a", 9), SCOPE);
  assert.equal(store.get("default/a")?.metadata.resourceVersion, "10");
  assert.deepEqual(changes, ["default/a", "default/a"]);
});

Deno.test("remove() forgets the object, and a late event doesn't bring it back", () => {
  const { store, changes } = setUp();
  store.apply(thing("a", 5), SCOPE);
  store.remove(thing("a", 7));
  store.apply(thing("a", 6), SCOPE);
  assert.equal(store.size, 0);
  store.remove(thing("a", 7));
  assert.deepEqual(changes, ["default/a", "default/a"]);
});

Deno.test("remove() keeps an object that was made again under the same name", () => {
  const { store } = setUp();
  store.apply(thing("a", 8, { uid: "second" }), SCOPE);
  store.remove(thing("a", 7, { uid: "first" }));
  assert.equal(store.get("default/a")?.metadata.uid, "second");
  store.remove(thing("a", 9, { uid: "third" }));
  assert.equal(store.get("default/a"), undefined);
});

Deno.test("apply() takes an object that is made again after its deletion", () => {
  const { store } = setUp();
  store.apply(thing("a", 5), SCOPE);
  store.remove(thing("a", 7));
  store.apply(thing("a", 8, { uid: "second" }), SCOPE);
  assert.equal(store.get("default/a")?.metadata.uid, "second");
});

Deno.test("relist() changes nothing before commit(), then tells of new, changed and gone objects only", () => {
  const { store, changes } = setUp();
  relist(store, [thing("same", 1), thing("changed", 2), thing("gone", 3)]);
  changes.length = 0;
  const list = store.relist(SCOPE);
  list.add(thing("same", 1));
  list.add(thing("changed", 5));
  list.add(thing("new", 6));
  assert.deepEqual(store.keys().sort(), ["default/changed", "default/gone", "default/same"]);
  let sizeAtFirstCall: number | undefined;
  store.onChange(() => sizeAtFirstCall ??= store.size);
  list.commit();
  assert.deepEqual(changes.sort(), ["default/changed", "default/gone", "default/new"]);
  assert.equal(sizeAtFirstCall, 3);
  assert.equal(store.get("default/changed")?.metadata.resourceVersion, "5");
});

Deno.test("relist() is believed where its versions are older, and forgets what was deleted", () => {
  const { store } = setUp();
  store.apply(thing("a", 900), SCOPE);
  store.apply(thing("b", 901), SCOPE);
  store.remove(thing("b", 902));
  relist(store, [thing("a", 50)]);
  assert.equal(store.get("default/a")?.metadata.resourceVersion, "50");
  store.apply(thing("a", 51), SCOPE);
  store.apply(thing("b", 52), SCOPE);
  assert.equal(store.get("default/a")?.metadata.resourceVersion, "51");
  assert.equal(store.size, 2);
});

Deno.test("relist() leaves what other informers brought", () => {
  const { store, changes } = setUp();
  relist(store, [thing("a", 1)], {});
  relist(store, [thing("b", 2)]);
  changes.length = 0;
  relist(store, []);
  assert.deepEqual(store.keys(), ["default/a"]);
  assert.deepEqual(changes, ["default/b"]);
});

Deno.test("refresh() takes a newer answer without telling anybody; the watch's event of it does", () => {
  const { store, changes } = setUp();
  store.apply(thing("a", 5), SCOPE);
  changes.length = 0;
  store.refresh(thing("a", 8, { value: "mine" }));
  assert.equal(store.get("default/a")?.value, "mine");
  assert.deepEqual(changes, []);
  store.apply(thing("a", 7, { value: "somebody's, before mine" }), SCOPE);
  assert.equal(store.get("default/a")?.value, "mine");
  assert.equal(changes.length, 1);
  store.apply(thing("a", 8, { value: "mine" }), SCOPE);
  assert.equal(changes.length, 2);
});

Deno.test("refresh() ignores what is older, gone, or another object of that name", () => {
  const { store } = setUp();
  store.apply(thing("a", 5), SCOPE);
  store.refresh(thing("a", 4, { value: "old" }));
  store.refresh(thing("a", 9, { uid: "other", value: "other" }));
  store.refresh(thing("b", 9));
  assert.equal(store.get("default/a")?.value, undefined);
  assert.equal(store.size, 1);
  store.remove(thing("a", 10));
  store.refresh(thing("a", 11));
  assert.equal(store.size, 0);
});

Deno.test("onChange() ends with the function that it returns", () => {
  const { store } = setUp();
  const keys: string[] = [];
  const end = store.onChange((key) => keys.push(key));
  store.apply(thing("a", 1), SCOPE);
  end();
  store.apply(thing("b", 2), SCOPE);
  assert.deepEqual(keys, ["default/a"]);
});

Deno.test("the store ends up right however a history is repeated and reordered", () => {
  // Each step makes, changes or deletes one of three objects, as the API server would number it.
  const history = fc.array(fc.record({ name: fc.constantFrom("a", "b", "c"), deletes: fc.boolean() }), {
    maxLength: 30,
  });
  fc.assert(fc.property(history, fc.infiniteStream(fc.nat()), (steps, numbers) => {
    const truth = new Map<string, Thing>();
    const events = steps.map(({ name, deletes }, index) => {
      const uid = truth.get(name)?.metadata.uid ?? `uid-${name}-${index}`;
      const object = thing(name, index + 1, { uid });
      const isDeletion = deletes && truth.has(name);
      if (isDeletion) truth.delete(name);
      else truth.set(name, object);
      return { object, isDeletion };
    });
    const { store } = setUp();
    const delivered = [...events, ...events].map((event) => ({ event, order: numbers.next().value! }));
    for (const { event } of delivered.sort((a, b) => a.order - b.order)) {
      if (event.isDeletion) store.remove(event.object);
      else store.apply(event.object, SCOPE);
    }
    const known = store.keys().map((key) => store.get(key)!);
    const sort = (things: Thing[]) => things.sort((a, b) => a.metadata.name.localeCompare(b.metadata.name));
    assert.deepEqual(sort(known), sort([...truth.values()]));
  }));
});
