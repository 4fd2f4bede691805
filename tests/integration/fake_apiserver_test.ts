/** Whether the apiserver in memory that other tests trust answers as the real one does. */
import assert from "node:assert/strict";
import * as fc from "fast-check";
import { API_VERSION, KIND, PLURAL } from "../../src/api/group.ts";
import { systemClock } from "../../src/runtime/clock.ts";
import { MINIMAL_SPEC } from "../support/builders.ts";
import { testCluster } from "../support/control_plane.ts";
import { type Answer, FakeApiserver } from "../support/fake_apiserver.ts";
import { installCrd } from "../support/resources.ts";

const cluster = testCluster();
Deno.test.beforeAll(() => installCrd(cluster));

const MERGE = { contentType: "application/merge-patch+json" };

/** A request; `version` and `uid` say whether it carries those of the object as it is, as it was, or none. */
type Move = { do: "post" | "get" | "list" | "find" | "delete"; name: string } | Write;
interface Write {
  do: "patch" | "put";
  name: string;
  status: boolean;
  version: Given;
  uid: Given;
  change: Change;
}
type Given = "current" | "former" | "none";
type Change = "label" | "no label" | "finalizer" | "no finalizer" | "status" | "nothing";

const name = fc.constantFrom("a", "b");
const given = fc.constantFrom<Given[]>("current", "current", "former", "none");
const move: fc.Arbitrary<Move> = fc.oneof(
  { weight: 3, arbitrary: fc.record({ do: fc.constant("post" as const), name }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constantFrom("get" as const, "list" as const, "find" as const), name }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("delete" as const), name }) },
  {
    weight: 6,
    arbitrary: fc.record({
      do: fc.constantFrom("patch" as const, "patch" as const, "put" as const),
      name,
      status: fc.boolean(),
      version: given,
      uid: given,
      change: fc.constantFrom<Change[]>("label", "no label", "finalizer", "no finalizer", "status", "nothing"),
    }),
  },
);

const CHANGES: Record<Change, { metadata?: object; status?: object }> = {
  label: { metadata: { labels: { one: "two" } } },
  "no label": { metadata: { labels: null } },
  finalizer: { metadata: { finalizers: ["example.com/held"] } },
  "no finalizer": { metadata: { finalizers: [] } },
  status: { status: { processingJobStatus: "InProgress", observedGeneration: 1, additional: "text" } },
  nothing: {},
};

type Ask = (method: string, path: string, body?: unknown) => Promise<Answer>;

/** One of the two apiservers, with what is known of its objects. */
class Side {
  /** By name, the latest version and the one before it. */
  readonly #seen = new Map<string, Metadata[]>();
  readonly #ask: Ask;
  readonly #path: string;

  constructor(ask: Ask, namespace: string) {
    this.#ask = ask;
    this.#path = `/apis/${API_VERSION}/namespaces/${namespace}/${PLURAL}`;
  }

  /** What can be told of the answer on either side. */
  async play(move: Move): Promise<unknown> {
    const answer = await this.#send(move);
    const body = answer.body as Body;
    for (const object of body.items ?? (body.kind === KIND ? [body] : [])) this.#remember(object.metadata);
    return { status: answer.status, body: this.#comparable(body) };
  }

  async #send(move: Move): Promise<Answer> {
    const path = `${this.#path}/${move.name}`;
    switch (move.do) {
      case "post":
        return await this.#ask("POST", this.#path, {
          apiVersion: API_VERSION,
          kind: KIND,
          metadata: { name: move.name },
          spec: MINIMAL_SPEC,
          status: { processingJobStatus: "Completed" },
        });
      case "get":
        return await this.#ask("GET", path);
      case "list":
        return await this.#ask("GET", this.#path);
      case "find":
        return await this.#ask("GET", `${this.#path}?fieldSelector=metadata.name%3D${move.name}`);
      case "delete":
        return await this.#ask("DELETE", path);
      case "patch":
        return await this.#ask("PATCH", path + (move.status ? "/status" : ""), this.#change(move));
      case "put": {
        const found = await this.#ask("GET", path);
        if (found.status !== 200) return found;
        const { metadata, ...current } = found.body as Body;
        const change = this.#change(move);
        const changed = { ...metadata, ...change.metadata };
        return await this.#ask("PUT", path + (move.status ? "/status" : ""), {
          ...current,
          ...change,
          metadata: { ...changed, name: move.name },
        });
      }
    }
  }

  #change({ name, change, version, uid }: Write): { metadata: object; status?: object } {
    const [latest, former] = this.#seen.get(name) ?? [];
    const of = { current: latest, former: former ?? latest, none: undefined };
    const { metadata, ...rest } = CHANGES[change];
    const preconditions = {
      ...(of[version] && { resourceVersion: of[version].resourceVersion }),
      ...(of[uid] && { uid: of[uid].uid }),
    };
    return { ...rest, metadata: { ...preconditions, ...metadata } };
  }

  #remember(metadata: Metadata): void {
    const [latest, former] = this.#seen.get(metadata.name) ?? [];
    if (latest?.resourceVersion === metadata.resourceVersion) return;
    this.#seen.set(metadata.name, [metadata, latest ?? former ?? metadata]);
  }

  /** Leaves out what is each server's own: times, UIDs, and words; versions become whether they are new. */
  #comparable(body: Body): unknown {
    if (body.items) return body.items.map((item) => this.#comparable(item));
    if (body.kind === "Status") return { kind: "Status", reason: body.reason, status: body.status };
    const { name, generation, finalizers, labels, deletionTimestamp, deletionGracePeriodSeconds } = body.metadata;
    const isDeleting = deletionTimestamp !== undefined;
    const { spec, status, kind } = body;
    return { kind, name, generation, finalizers, labels, isDeleting, deletionGracePeriodSeconds, spec, status };
  }
}

interface Metadata {
  name: string;
  uid: string;
  resourceVersion: string;
  generation?: number;
  finalizers?: string[];
  labels?: object;
  deletionTimestamp?: string;
  deletionGracePeriodSeconds?: number;
}
interface Body {
  kind: string;
  reason?: string;
  items?: Body[];
  metadata: Metadata;
  spec?: unknown;
  status?: unknown;
}

Deno.test("apiserver in memory: it answers random requests as the real one does", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(move, { minLength: 10, maxLength: 40 }), async (moves) => {
      const namespace = await cluster.freshNamespace();
      const apiserver = new FakeApiserver(systemClock);
      const real = new Side((method, path, body) => {
        return cluster.request(method, path, body, method === "PATCH" ? MERGE : {});
      }, namespace);
      const fake = new Side((method, path, body) => {
        return Promise.resolve(apiserver.request({ method, path, body: structuredClone(body) }));
      }, namespace);
      const history: string[] = [];
      for (const move of moves) {
        history.push(JSON.stringify(move));
        const [actual, expected] = [await fake.play(move), await real.play(move)];
        assert.deepEqual(actual, expected, `after ${history.join("\n")}`);
      }
    }),
    { numRuns: 40, endOnFailure: true, interruptAfterTimeLimit: 60_000 },
  );
});
