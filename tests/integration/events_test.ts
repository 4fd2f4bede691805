/** Events on a real apiserver: what it takes, and what people see of it. */
import assert from "node:assert/strict";
import { configureSync, resetSync } from "@logtape/logtape";
import { KIND } from "../../src/api/group.ts";
import type { ProcessingJob } from "../../src/api/processing_job.ts";
import { KubeClient } from "../../src/kubernetes/client.ts";
import { loadCluster } from "../../src/kubernetes/config.ts";
import { EventRecorder, type EventText, type ObjectReference } from "../../src/kubernetes/events.ts";
import {
  eventsFor,
  forceDeletedEvent,
  jobTagsDeniedEvent,
  referenceTo,
  releasedEvent,
} from "../../src/processing_job/events.ts";
import { statusOf, viewOfFailure, viewOfJob } from "../../src/processing_job/status.ts";
import { systemClock } from "../../src/runtime/clock.ts";
import { makeJob } from "../support/builders.ts";
import { testCluster } from "../support/control_plane.ts";
import { eventually } from "../support/eventually.ts";
import { kubectl } from "../support/kubectl.ts";
import { freshNamespace, installCrd, Resources } from "../support/resources.ts";

const COMPONENT = "sagemaker-operator";
const WARNING: EventText = { type: "Warning", reason: "Retrying", action: "Retry", note: "Did not succeed" };

const cluster = testCluster();
let resources: Resources;
Deno.test.beforeAll(async () => {
  await installCrd(cluster);
  resources = new Resources(cluster, await freshNamespace(cluster));
});

Deno.test("Events of a whole life are accepted, and kubectl shows them as the resource's story", async () => {
  const resource = await resources.create("story");
  const told = lifeOf(resource);
  await recording((say) => told.forEach((text) => say(resource, text)));

  const events = await eventsOf("story");
  assert.deepEqual(events.map(({ type, reason, action, note }) => ({ type, reason, action, note })), told);
  for (const { regarding, reportingController, reportingInstance } of events) {
    assert.deepEqual(regarding, referenceTo(resource));
    assert.deepEqual([reportingController, reportingInstance], [COMPONENT, "pod-1"]);
  }

  const words = told.map(({ reason }) => reason);
  const described = await kubectl(cluster, ["describe", "processingjob", "story", "-n", resources.namespace]);
  assert.deepEqual(reasonsIn(described.stdout), words);
  assert.match(
    described.stdout,
    /Warning +QuotaExceeded +\d+s +sagemaker-operator +Waits for quota; next try in 60s\. ResourceLimitExceeded/,
  );
  const listed = await kubectl(cluster, ["events", "--for", "processingjob/story", "-n", resources.namespace]);
  assert.deepEqual(reasonsIn(listed.stdout).sort(), [...words].sort());
});

Deno.test("What is said again becomes a series of one Event", async () => {
  const resource = await resources.create("series");
  await recording(async (say) => {
    for (let count = 1; count <= 3; count++) {
      say(resource, WARNING);
      await untilCounted("series", [count]);
    }
  });

  const [event] = await eventsOf("series");
  assert.ok(event!.series!.lastObservedTime > event!.eventTime);
  const described = await kubectl(cluster, ["describe", "processingjob", "series", "-n", resources.namespace]);
  assert.match(described.stdout, /Warning +Retrying +\d+s \(x3 over \d+s\) +sagemaker-operator +Did not succeed/);
});

Deno.test("An Event whose first request is a series is accepted, and so is one that has gone meanwhile", async () => {
  const resource = await resources.create("gone");
  const again = { ...WARNING, note: "again" };
  await recording(async (say) => {
    say(resource, WARNING);
    for (let i = 0; i < 2; i++) say(resource, again);
    await untilCounted("gone", [1, 2]);

    const [, { metadata }] = await eventsOf("gone") as [KubeEvent, KubeEvent];
    const gone = await cluster.request("DELETE", `${eventsPath()}/${metadata.name}`);
    assert.equal(gone.status, 200);
    say(resource, again);
    await untilCounted("gone", [1, 3]);
  });
});

Deno.test("A long note is cut to what the apiserver takes, also where a character has several bytes", async () => {
  const resource = await resources.create("long");
  await recording((say) => {
    say(resource, { ...WARNING, note: "a".repeat(5_000) });
    say(resource, { ...WARNING, note: "🚀ä".repeat(1_000) });
    say(resource, { ...WARNING, reason: "Reason".repeat(50), action: "Action".repeat(50) });
  });
  const notes = (await eventsOf("long")).map(({ note }) => note);
  assert.deepEqual(notes.map((note) => new TextEncoder().encode(note).length), [1024, 1023, 15]);
  assert.match(notes[1]!, /🚀ä…$/);
});

Deno.test("An Event about a resource with the longest name there may be is accepted", async () => {
  const name = `${"a".repeat(235)}.${"b".repeat(17)}`;
  const resource = await resources.create(name);
  await recording((say) => say(resource, WARNING));
  await untilCounted(name, [1]);
});

Deno.test("A recorder without the permission says once what is missing", async () => {
  const resource = await resources.create("denied");
  const accounts = `/api/v1/namespaces/${resources.namespace}/serviceaccounts`;
  assert.equal((await cluster.request("POST", accounts, { metadata: { name: "tester" } })).status, 201);
  const kubeconfig = await cluster.serviceAccountKubeconfig(resources.namespace, "tester");

  const warnings = await warningsOf(() =>
    recording((say) => {
      for (const note of ["a", "b"]) say(resource, { ...WARNING, note });
    }, kubeconfig)
  );
  assert.deepEqual(warnings.map(({ permission }) => permission), ["create events.events.k8s.io"]);
  assert.match(String(warnings[0]!.error), /cannot create resource "events" in API group "events\.k8s\.io"/);
});

Deno.test("A recorder is silent about a namespace that is ending or gone", async () => {
  const resource = await resources.create("elsewhere");
  const ending = await freshNamespace(cluster);
  const held = `/api/v1/namespaces/${ending}/configmaps`;
  const holder = { metadata: { name: "holder", finalizers: ["example.com/holder"] } };
  assert.equal((await cluster.request("POST", held, holder)).status, 201);
  assert.equal((await cluster.request("DELETE", `/api/v1/namespaces/${ending}`)).status, 200);
  try {
    const warnings = await warningsOf(() =>
      recording((say) => {
        for (const namespace of [ending, "no-such-namespace"]) {
          say({ ...resource, metadata: { ...resource.metadata, namespace } }, WARNING);
        }
      })
    );
    assert.deepEqual(warnings, []);
  } finally {
    await cluster.request("PATCH", `${held}/holder`, { metadata: { finalizers: null } }, {
      contentType: "application/merge-patch+json",
    });
  }
});

/** The Events of one resource's life with every trouble in it. */
function lifeOf(resource: ProcessingJob): EventText[] {
  const context = { jobName: "story-1", region: resource.spec.region, deleting: false, retryMs: 60_000 };
  const names = { jobName: context.jobName, cloudWatchLogUrl: "https://example.com" };
  const now = systemClock.now();
  const quota = {
    retry: "slowly",
    reason: "QuotaExceeded",
    code: "x",
    message: "ResourceLimitExceeded: 0 of 1",
  } as const;
  const statuses = [
    statusOf(resource, { ...viewOfFailure(quota), ...names }, now),
    statusOf(resource, { ...viewOfJob(makeJob("InProgress")), ...names }, now),
    statusOf(resource, {
      ...viewOfJob(makeJob("Failed", { failureReason: "ExitCode 1", startTime: now, endTime: now + 90_000 })),
      ...names,
    }, now),
  ];
  const steps = statuses.flatMap((after, i) => eventsFor(statuses[i - 1] ?? resource.status, after, context));
  return [
    ...steps,
    jobTagsDeniedEvent("AccessDenied: sagemaker:AddTags"),
    releasedEvent(statuses[1], "Stopped", context)!,
    forceDeletedEvent(context),
  ];
}

type Say = (resource: ProcessingJob, text: EventText) => void;

/** Runs `body` with a recorder, and waits until it has sent everything. */
async function recording(body: (say: Say) => void | Promise<void>, kubeconfig = cluster.kubeconfig): Promise<void> {
  const connection = await loadCluster({ kubeconfig, env: Deno.env });
  const client = new KubeClient(connection);
  const recorder = new EventRecorder({ client, clock: systemClock, component: COMPONENT, instance: "pod-1" });
  try {
    await body((resource, text) => recorder.record({ regarding: referenceTo(resource), ...text }));
  } finally {
    await recorder.close();
    connection.close();
  }
}

/** The properties of the warnings that `body` logged. */
async function warningsOf(body: () => Promise<void>): Promise<Record<string, unknown>[]> {
  const warnings: Record<string, unknown>[] = [];
  configureSync({
    reset: true,
    sinks: { sink: ({ properties }) => void warnings.push(properties) },
    loggers: [
      { category: "operator", sinks: ["sink"], lowestLevel: "warning" },
      { category: ["logtape", "meta"], lowestLevel: "error" },
    ],
  });
  try {
    await body();
  } finally {
    resetSync();
  }
  return warnings;
}

interface KubeEvent extends EventText {
  metadata: { name: string };
  regarding: ObjectReference;
  eventTime: string;
  reportingController: string;
  reportingInstance: string;
  series?: { count: number; lastObservedTime: string };
}

function eventsPath(): string {
  return `/apis/events.k8s.io/v1/namespaces/${resources.namespace}/events`;
}

/** The Events about the resource `name`, in the order in which they were made. */
async function eventsOf(name: string): Promise<KubeEvent[]> {
  const selector = encodeURIComponent(`regarding.kind=${KIND},regarding.name=${name}`);
  const { status, body } = await cluster.request("GET", `${eventsPath()}?fieldSelector=${selector}`);
  assert.equal(status, 200, JSON.stringify(body));
  const events: KubeEvent[] = body.items;
  return events.sort((a, b) => a.eventTime < b.eventTime ? -1 : 1);
}

/** Waits until the Events about the resource `name` are as many, and each has occurred as often, as `counts` says. */
async function untilCounted(name: string, counts: number[]): Promise<void> {
  await eventually(`Events about ${name} are counted`, async () => {
    assert.deepEqual((await eventsOf(name)).map(({ series }) => series?.count ?? 1), counts);
  });
}

/** The reasons in a table of Events that kubectl printed. */
function reasonsIn(table: string): string[] {
  return [...table.matchAll(/\b(?:Normal|Warning) +(\w+) /g)].map(([, reason]) => reason!);
}
