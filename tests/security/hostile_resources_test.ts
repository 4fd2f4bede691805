/**
 * 2,600 resources that are as large as a tenant can make them, 600 MB in all, on a control plane of their own. None has a job, so they cost
 * their tenant nothing. At 939be82 the operator was killed at 512 MiB by 1,800 of them, and again at each start.
 */
import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { findCondition } from "../../src/api/conditions.ts";
import { ANNOTATIONS, API_VERSION, GROUP, KIND, PLURAL } from "../../src/api/group.ts";
import { startStandIn } from "../../src/sagemaker/stand_in/server.ts";
import { type ControlPlane, startControlPlane } from "../../tools/control_plane/control_plane.ts";
import { MINIMAL_SPEC } from "../support/builders.ts";
import { type OperatorProcess, startOperator } from "../support/operator.ts";
import { RUNS_SOURCES } from "../support/program.ts";
import { installCrd, Resources } from "../support/resources.ts";

const COUNT = 2_600;
/** Sources run without the V8 flags of the binary, and with a compiler of TypeScript. */
const MOST_MIB = RUNS_SOURCES ? 500 : 300;
/** All annotations of an object have 256 KiB at most. */
const LARGE = "x".repeat(255_000);
const PATIENT = { timeoutMs: 120_000 };

/** What each kind of hostile resource has of its own: none may have a job. */
const HOSTILE = [
  { metadata: { annotations: { [`${GROUP}/notes`]: LARGE } }, spec: { suspend: true } },
  { metadata: { annotations: { [ANNOTATIONS.reconcileAt]: LARGE } }, spec: { suspend: true } },
  { metadata: { annotations: { [`${GROUP}/notes`]: LARGE } }, spec: { region: "eu-west-1" } },
  {
    metadata: {
      annotations: { [`${GROUP}/notes`]: "x".repeat(200_000) },
      finalizers: Array.from({ length: 1_000 }, (_, index) => `example.com/${"f".repeat(30)}-${index}`),
    },
    spec: {
      suspend: true,
      environment: Array.from({ length: 100 }, (_, index) => ({ name: `N${index}`, value: "v".repeat(256) })),
    },
  },
];

/** A call of etcd's own API. */
async function etcd({ etcdUrl }: ControlPlane, operation: string, body: unknown) {
  const response = await fetch(`${etcdUrl}/v3/kv/${operation}`, { method: "POST", body: JSON.stringify(body) });
  const answer = await response.json();
  assert.equal(response.status, 200, JSON.stringify(answer).slice(0, 500));
  return answer;
}

const encode = (text: string) => Buffer.from(text).toString("base64");
const keyOf = (name: string) => encode(`/registry/${GROUP}/${PLURAL}/hostile/${name}`);

/**
 * Stores the resources. The apiserver takes one of each kind, which shows that a tenant can create it. The others are copies, written into
 * etcd while no apiserver runs, as the apiserver takes a tenth of a second for each.
 */
async function storeAll(cluster: ControlPlane): Promise<void> {
  const stored: string[] = [];
  for (const [index, { metadata, spec }] of HOSTILE.entries()) {
    const name = `job-${index}`;
    const body = {
      apiVersion: API_VERSION,
      kind: KIND,
      metadata: { ...metadata, name },
      spec: { ...MINIMAL_SPEC, ...spec },
    };
    const path = `/apis/${API_VERSION}/namespaces/hostile/${PLURAL}`;
    const answer = await cluster.request("POST", path, body);
    assert.equal(answer.status, 201, JSON.stringify(answer.body).slice(0, 500));
    const { kvs } = await etcd(cluster, "range", { key: keyOf(name) });
    stored.push(Buffer.from(kvs[0].value, "base64").toString());
  }
  await cluster.stopApiserver();
  let next = HOSTILE.length;
  await Promise.all(Array.from({ length: 4 }, async () => {
    while (next < COUNT) {
      const name = `job-${next}`;
      const original = JSON.parse(stored[next++ % stored.length]!);
      const copy = { ...original, metadata: { ...original.metadata, name, uid: crypto.randomUUID() } };
      await etcd(cluster, "put", { key: keyOf(name), value: encode(JSON.stringify(copy)) });
    }
  }));
  await cluster.startApiserver();
}

/** The most that the process has ever had in memory. */
async function peakMiB({ pid }: OperatorProcess): Promise<number> {
  return Number(/^VmHWM:\s+(\d+) kB/m.exec(await Deno.readTextFile(`/proc/${pid}/status`))![1]) / 1024;
}

Deno.test(`${COUNT} resources of a hostile tenant: the operator starts, runs another tenant's job, and stays below ${MOST_MIB} MiB`, async () => {
  await using cluster = await startControlPlane();
  const standIn = await startStandIn({ jobDuration: 3_600_000 });
  try {
    await installCrd(cluster);
    for (const name of ["hostile", "other"]) {
      assert.equal((await cluster.request("POST", "/api/v1/namespaces", { metadata: { name } })).status, 201);
    }
    await storeAll(cluster);
    const { kubeconfig } = cluster;
    const flags = ["--allowed-regions", "us-west-2"];
    await using operator = startOperator({ kubeconfig, endpoint: standIn.url, flags, logLength: 1_000_000 });
    const { resources } = await operator.untilLogged("Ready", PATIENT);
    assert.equal(resources, COUNT);
    const others = new Resources(cluster, "other");
    await others.create("job");
    await others.untilStatus("job", "InProgress", PATIENT);
    await new Resources(cluster, "hostile").until("job-1", "says that the annotation is too long", ({ status }) => {
      const ready = findCondition(status?.conditions, "Ready");
      assert.match(ready?.message ?? "", /reconcile-at' is ignored, because its value has more than 64 characters/);
      assert.equal(status!.observedReconcileAt, undefined);
    }, PATIENT);
    const mib = await peakMiB(operator);
    Deno.stdout.writeSync(new TextEncoder().encode(`at most ${mib.toFixed(0)} MiB\n`));
    assert.ok(mib < MOST_MIB, `${mib.toFixed(0)} MiB`);
    assert.equal(standIn.created.length, 1);
  } finally {
    await standIn.close();
  }
});
