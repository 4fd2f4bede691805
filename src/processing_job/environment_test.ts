import assert from "node:assert/strict";
import { makeProcessingJob, MINIMAL_SPEC } from "../../tests/support/builders.ts";
import type { EnvironmentValueSource, EnvironmentVariable } from "../api/spec_generated.ts";
import { type KubeClient, KubeError } from "../kubernetes/client.ts";
import { EnvironmentError, withPlaceholders, withValues } from "./environment.ts";

const SECRETS = "/api/v1/namespaces/team-a/secrets";
const CONFIG_MAPS = "/api/v1/namespaces/team-a/configmaps";

/** An apiserver that has these objects' data by path, or answers with that error. */
function reader(objects: Record<string, Record<string, string> | undefined | KubeError>) {
  const paths: string[] = [];
  const get = (path: string) => {
    paths.push(path);
    if (!(path in objects)) return Promise.reject(new KubeError("not found", { status: 404, reason: "NotFound" }));
    const found = objects[path];
    return found instanceof KubeError ? Promise.reject(found) : Promise.resolve({ data: found });
  };
  return { paths, kube: { get } as Pick<KubeClient, "get"> };
}

function secret(name: string, key: string, optional?: boolean): EnvironmentValueSource {
  return { secretKeyRef: { name, key, ...(optional !== undefined && { optional }) } };
}

function configMap(name: string, key: string): EnvironmentValueSource {
  return { configMapKeyRef: { name, key } };
}

function resourceWith(environment: EnvironmentVariable[]) {
  return makeProcessingJob({ spec: { ...MINIMAL_SPEC, environment } });
}

const never = new AbortController().signal;

Deno.test("a spec without references is used as it is, and nothing is read", async () => {
  const { kube, paths } = reader({});
  const resource = resourceWith([{ name: "A", value: "1" }, { name: "B" }]);
  const spec = await withValues(resource, { kube }, never);
  assert.equal(spec, resource.spec);
  assert.deepEqual(paths, []);
  assert.equal(withPlaceholders(resource.spec), resource.spec);
});

Deno.test("values come from the resource's namespace, in the order of the variables, and each object is read once", async () => {
  const { kube, paths } = reader({
    [`${SECRETS}/db`]: { user: btoa("ann"), password: btoa("h\xc3\xbcsh") },
    [`${CONFIG_MAPS}/settings`]: { level: "info" },
  });
  const resource = resourceWith([
    { name: "USER", valueFrom: secret("db", "user") },
    { name: "PLAIN", value: "1" },
    { name: "LEVEL", valueFrom: configMap("settings", "level") },
    { name: "PASSWORD", valueFrom: secret("db", "password") },
  ]);
  const spec = await withValues(resource, { kube }, never);
  assert.deepEqual(spec, {
    ...MINIMAL_SPEC,
    environment: [
      { name: "USER", value: "ann" },
      { name: "PLAIN", value: "1" },
      { name: "LEVEL", value: "info" },
      { name: "PASSWORD", value: "hüsh" },
    ],
  });
  assert.deepEqual(paths, [`${SECRETS}/db`, `${CONFIG_MAPS}/settings`]);
});

Deno.test("an optional variable whose object or key is missing is left out", async () => {
  const { kube } = reader({ [`${SECRETS}/db`]: undefined });
  const resource = resourceWith([
    { name: "A", valueFrom: secret("none", "key", true) },
    { name: "B", valueFrom: secret("db", "toString", true) },
    { name: "C", value: "" },
  ]);
  assert.deepEqual((await withValues(resource, { kube }, never)).environment, [{ name: "C", value: "" }]);
});

Deno.test("nothing is read in the operator's own namespace, and specs without references are none of its business", async () => {
  const { kube, paths } = reader({ [`${SECRETS}/db`]: { password: btoa("hush") } });
  const options = { kube, closedNamespace: "team-a" };
  for (const valueFrom of [secret("db", "password"), secret("db", "password", true), configMap("db", "password")]) {
    await assert.rejects(withValues(resourceWith([{ name: "A", valueFrom }]), options, never), (error) => {
      assert.ok(error instanceof EnvironmentError);
      assert.deepEqual([error.failure.retry, error.failure.reason], ["person", "EnvironmentUnavailable"]);
      assert.match(error.message, /of namespace 'team-a', which is the operator's own; they are read for no job/);
      return true;
    });
  }
  const plain = resourceWith([{ name: "A", value: "1" }]);
  assert.equal(await withValues(plain, options, never), plain.spec);
  assert.deepEqual(paths, []);
});

Deno.test("a value of 256 characters is taken", async () => {
  const { kube } = reader({ [`${SECRETS}/db`]: { password: btoa("x".repeat(256)) } });
  const { environment } = await withValues(
    resourceWith([{ name: "A", valueFrom: secret("db", "password") }]),
    { kube },
    never,
  );
  assert.equal(environment?.[0]?.value?.length, 256);
});

const HUSH = "hush-hush-hush";
const REFUSED: [what: string, data: Parameters<typeof reader>[0], message: RegExp][] = [
  [
    "no object",
    {},
    /'PASSWORD' takes its value from key 'password' of Secret 'db', and namespace 'team-a' has no such/,
  ],
  ["no key", { [`${SECRETS}/db`]: { other: btoa(HUSH) } }, /key 'password' of Secret 'db', which has no such key/],
  [
    "too long",
    { [`${SECRETS}/db`]: { password: btoa(HUSH.repeat(20)) } },
    /'db', which is too long; .* 256 characters/,
  ],
  ["no text", { [`${SECRETS}/db`]: { password: btoa(`${HUSH}\xff`) } }, /'db', which is not text; it must be UTF-8/],
  [
    "no permission",
    {
      [`${SECRETS}/db`]: new KubeError('User "system:serviceaccount:ops:x" cannot get it', {
        status: 403,
        reason: "F",
      }),
    },
    /may not 'get' it in namespace 'team-a'.*putting 'db' into the .*kubectl apply -n team-a -f'.*User "system:serviceaccount/,
  ],
];

for (const [what, objects, message] of REFUSED) {
  Deno.test(`a value that can't be had names the key and waits for a person: ${what}`, async () => {
    const resource = resourceWith([{ name: "PASSWORD", valueFrom: secret("db", "password") }]);
    await assert.rejects(withValues(resource, { kube: reader(objects).kube }, never), (error) => {
      assert.ok(error instanceof EnvironmentError);
      assert.match(error.failure.message, message);
      const { retry, reason, retryMs } = error.failure;
      assert.deepEqual({ retry, reason, retryMs }, {
        retry: "person",
        reason: "EnvironmentUnavailable",
        retryMs: 60_000,
      });
      assert.ok(!error.stack?.includes("hush"));
      return true;
    });
  });
}

Deno.test("an apiserver that does not answer is asked again soon", async () => {
  const { kube } = reader({ [`${CONFIG_MAPS}/a`]: new KubeError("internal error", { status: 500, reason: "X" }) });
  const resource = resourceWith([{ name: "A", valueFrom: configMap("a", "b") }]);
  await assert.rejects(withValues(resource, { kube }, never), (error) => {
    assert.ok(error instanceof EnvironmentError);
    assert.deepEqual([error.failure.retry, error.failure.retryMs], ["soon", undefined]);
    return true;
  });
});

Deno.test("what is aborted is no failure of the environment", async () => {
  const reason = new Error("stop");
  const kube = { get: () => Promise.reject(reason) } as Pick<KubeClient, "get">;
  await assert.rejects(
    withValues(resourceWith([{ name: "A", valueFrom: configMap("a", "b") }]), { kube }, never),
    (error) => error === reason,
  );
});

Deno.test("a placeholder says where the value would come from, and is no longer than a value may be", () => {
  const long = "n".repeat(253);
  const { environment } = withPlaceholders(
    resourceWith([
      { name: "A", valueFrom: secret("db", "password", true) },
      { name: "B", value: "b" },
      { name: "C", valueFrom: configMap(long, long) },
    ]).spec,
  );
  assert.deepEqual(environment?.slice(0, 2), [
    { name: "A", value: "(key 'password' of Secret 'db', if it is there)" },
    { name: "B", value: "b" },
  ]);
  assert.ok((environment?.[2]?.value?.length ?? 999) <= 256);
});
