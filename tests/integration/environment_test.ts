/**
 * Values of a job's environment that come from Secrets and ConfigMaps: they reach SageMaker, and nothing else that anybody may
 * look at. The operator runs with the permissions that the manifests give it.
 */
import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { join } from "node:path";
import { findCondition } from "../../src/api/conditions.ts";
import type { EnvironmentVariable } from "../../src/api/spec_generated.ts";
import { errorAnswer } from "../../src/sagemaker/stand_in/answer.ts";
import { tryCreate } from "../support/admission.ts";
import { MINIMAL_SPEC } from "../support/builders.ts";
import { testCluster } from "../support/control_plane.ts";
import { eventually } from "../support/eventually.ts";
import { kubectl } from "../support/kubectl.ts";
import { freePort, type OperatorProcess, startOperator } from "../support/operator.ts";
import { installCrd, jobNameOf } from "../support/resources.ts";
import { Scene } from "../support/scene.ts";

const MANIFESTS = join(import.meta.dirname!, "../../manifests/namespaced");
const NAME = "sagemaker-operator";
const RECONCILE_AT = "sagemaker.aws.amazon.com/reconcile-at";
const PASSWORD: EnvironmentVariable = {
  name: "DB_PASSWORD",
  valueFrom: { secretKeyRef: { name: "warehouse", key: "password" } },
};

const cluster = testCluster();
Deno.test.beforeAll(() => installCrd(cluster));

Deno.test("a Secret's value reaches SageMaker and nothing else, not even where SageMaker's errors repeat it", async () => {
  await using scene = await Scene.open(cluster);
  const { resources, standIn } = scene;
  await using collector = new Collector();
  const { operator, metrics } = await startInstalled(scene, { tracesTo: collector.url });
  await using _ = operator;
  await apply(scene, "environment.yaml");
  const value = `${randomBytes(12).toString("hex")}"\n${randomBytes(12).toString("hex")}`;
  const setting = randomBytes(12).toString("hex");
  const plain = randomBytes(12).toString("hex");
  await put(scene, "secrets", "warehouse", { stringData: { password: value } });
  await put(scene, "configmaps", "settings", { data: { level: setting } });
  const seen: unknown[] = [];
  const answers = [
    errorAnswer("ThrottlingException", `Rate exceeded for {DB_PASSWORD=${value}}`),
    errorAnswer("InternalFailure", `${setting.slice(0, 20)}...`, 500),
    // The answer to the second attempt.
    errorAnswer("InternalFailure", `No: ${JSON.stringify(value)}`, 500),
    errorAnswer("ValidationException", `Bad '${value}' at 'environment', ${value.slice(0, 15)}`),
  ];
  standIn.intercept = (operation, request) => {
    if (operation !== "CreateProcessingJob") return undefined;
    seen.push(request.Environment);
    return answers.shift();
  };
  await resources.create("job", {
    spec: {
      environment: [
        PASSWORD,
        { name: "LEVEL", valueFrom: { configMapKeyRef: { name: "settings", key: "level" } } },
        { name: "NONE", valueFrom: { secretKeyRef: { name: "none", key: "none", optional: true } } },
        { name: "PLAIN", value: plain },
      ],
    },
  });
  const { status } = await resources.untilStatus("job", "Error", { timeoutMs: 30_000 });
  assert.match(status?.additional ?? "", /^ValidationException: Bad '\(not shown\)' at 'environment', \(not shown\)/);
  const events = await eventually("the Event of it is there", async () => {
    const text = await eventsIn(scene);
    assert.match(text, /Bad '\(not shown\)'/);
    return text;
  });
  const givenUp = JSON.stringify((await resources.get("job")).status);
  await askAgain(scene, "1");
  const running = await resources.untilStatus("job", "InProgress", { timeoutMs: 30_000 });
  await scene.finish("job", "Failed", `AlgorithmError: exit 1: ${value}, ${btoa(`user:${setting}`)}, ${plain}`);
  await resources.until("job", "has cost something", ({ status }) => {
    assert.equal(status?.processingJobStatus, "Failed");
    assert.ok((status?.billableInstanceSeconds ?? 0) >= 1);
  }, { timeoutMs: 30_000 });

  const environment = { DB_PASSWORD: value, LEVEL: setting, PLAIN: plain };
  assert.deepEqual(seen, Array(seen.length).fill(environment));
  assert.equal(seen.length, 5);
  const created = standIn.created.find(({ name }) => name === jobNameOf(running));
  assert.deepEqual((created?.request as { Environment?: unknown }).Environment, environment);
  await eventually("the failed creates are traced", () => assert.match(collector.text, /Bad '\(not shown\)'/));
  const places = {
    log: operator.stderr,
    metrics: await metrics(),
    traces: collector.text,
    events: events + await eventsIn(scene),
    // What was applied shows the plain value.
    resource: givenUp +
      JSON.stringify(await resources.get("job")).replace(JSON.stringify({ name: "PLAIN", value: plain }), ""),
  };
  assert.match(places.log, /"errorStack":/, "as at debug level alone");
  assert.match(places.metrics, /sagemaker_operator_billable_instance_seconds_total\{.*\} [1-9]/);
  for (const [place, text] of Object.entries(places)) {
    for (const part of [...value.split('"\n'), setting, plain, btoa(value), btoa(setting), btoa(`user:${setting}`)]) {
      assert.ok(!text.includes(part), `the ${place} must not hold a value`);
      assert.ok(!text.includes(part.slice(0, 12)), `the ${place} must not hold the start of a value`);
    }
  }
});

Deno.test("what is missing for a value is told by its name, and the job is created once it is there, also after a crash", async () => {
  await using scene = await Scene.open(cluster);
  const { resources, namespace } = scene;
  const { operator: first } = await startInstalled(scene);
  await using _ = first;
  await resources.create("job", { spec: { environment: [PASSWORD] } });
  const waits = (expected: RegExp) =>
    resources.until("job", `says ${expected}`, ({ status }) => {
      const ready = findCondition(status?.conditions, "Ready");
      assert.deepEqual([status?.processingJobStatus, ready?.status, ready?.reason], [
        "Reconciling",
        "False",
        "EnvironmentUnavailable",
      ]);
      assert.match(ready?.message ?? "", expected);
    }, { timeoutMs: 30_000 });

  await waits(
    new RegExp(
      `may not 'get' it in namespace '${namespace}'.*putting 'warehouse' into the .*kubectl apply -n ${namespace}`,
    ),
  );
  await apply(scene, "environment.yaml");
  await askAgain(scene, "1");
  await waits(/'DB_PASSWORD' takes its value from key 'password' of Secret 'warehouse', and namespace .* has no such/);
  await first.kill();
  const { operator } = await startInstalled(scene);
  await using __ = operator;
  await put(scene, "secrets", "warehouse", { stringData: { user: "ann" } });
  await askAgain(scene, "2");
  await waits(/key 'password' of Secret 'warehouse', which has no such key/);
  await put(scene, "secrets", "warehouse", { stringData: { password: "hush".repeat(65) } });
  await askAgain(scene, "3");
  await waits(/key 'password' of Secret 'warehouse', which is too long; SageMaker takes 256 characters at most/);
  assert.equal(scene.count("CreateProcessingJob"), 0);
  await put(scene, "secrets", "warehouse", { stringData: { password: "short" } });
  await askAgain(scene, "4");
  await resources.untilStatus("job", "InProgress", { timeoutMs: 30_000 });
  assert.equal(scene.count("CreateProcessingJob"), 1);
  await eventually("an Event tells that it waits", async () => {
    assert.match(await eventsIn(scene), /Waits for someone to act.*EnvironmentUnavailable/);
  });
  assert.ok(!(first.stderr + operator.stderr).includes("hushhush"));
});

Deno.test("the last log lines of a failed job are in its Event without the environment's values, plain and secret", async () => {
  await using scene = await Scene.open(cluster);
  const flags = ["--log-lines-on-failure", "3"];
  const { operator } = await startInstalled(scene, {
    flags,
    env: { AWS_ENDPOINT_URL_CLOUDWATCH_LOGS: scene.standIn.url },
  });
  await using _ = operator;
  await apply(scene, "environment.yaml");
  const [value, plain] = [randomBytes(12).toString("hex"), randomBytes(12).toString("hex")];
  await put(scene, "secrets", "warehouse", { stringData: { password: value } });
  const environment = [PASSWORD, { name: "PLAIN", value: plain }, { name: "SIMULATE_LOG_LINES", value: "2" }];
  await scene.resources.create("job", { spec: { environment } });
  await scene.resources.untilStatus("job", "InProgress", { timeoutMs: 30_000 });
  // The stand-in's job repeats its reason as its last line.
  await scene.finish("job", "Failed", `AlgorithmError: ${plain}, ${btoa(`user:${value}`)}, see the logs`);
  const events = await eventually("the Event has the lines", async () => {
    const text = await eventsIn(scene);
    assert.match(text, /Last log lines:.*RuntimeError: AlgorithmError: \(not shown\), .*\(not shown\).*, see the logs/);
    return text;
  }, { timeoutMs: 30_000 });
  for (const part of [value, plain, btoa(`user:${value}`), btoa(value)]) {
    assert.ok(!events.includes(part.slice(3, 15)), part);
  }
});

const REFUSED: [what: string, variable: object, message: RegExp][] = [
  ["both value and valueFrom", { ...PASSWORD, value: "" }, /write only one of value and valueFrom/],
  ["an empty valueFrom", { name: "A", valueFrom: {} }, /write exactly one of secretKeyRef and configMapKeyRef/],
  ["two sources", {
    name: "A",
    valueFrom: { secretKeyRef: { name: "a", key: "b" }, configMapKeyRef: { name: "a", key: "b" } },
  }, /write exactly one of secretKeyRef and configMapKeyRef/],
  ["no key", { name: "A", valueFrom: { secretKeyRef: { name: "a" } } }, /Required value/],
  ["a name that is a path", { name: "A", valueFrom: { secretKeyRef: { name: "../a", key: "b" } } }, /should match/],
];
Deno.test("the apiserver refuses a reference that is not one", async () => {
  const namespace = await cluster.freshNamespace("environment");
  for (const [what, variable, message] of REFUSED) {
    const answer = await tryCreate(cluster, namespace, { ...MINIMAL_SPEC, environment: [variable] }, { dryRun: true });
    assert.equal(answer.status, 422, what);
    assert.match(answer.body.message, message, what);
  }
  const most = Array.from({ length: 100 }, (_, i) => ({ ...PASSWORD, name: `A${i}` }));
  const { status } = await tryCreate(cluster, namespace, { ...MINIMAL_SPEC, environment: most }, { dryRun: true });
  assert.equal(status, 201);
});

/** Takes what is exported to it as it comes. */
class Collector implements AsyncDisposable {
  text = "";
  readonly #server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, async (request) => {
    this.text += await request.text();
    return Response.json({});
  });

  get url(): string {
    return `http://127.0.0.1:${this.#server.addr.port}`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#server.shutdown();
  }
}

/** An operator with the rights of the namespaced install, which tells all that it ever tells. */
async function startInstalled(
  scene: Scene,
  { tracesTo, flags = [], env }: { tracesTo?: string; flags?: string[]; env?: Record<string, string> } = {},
): Promise<{ operator: OperatorProcess; metrics: () => Promise<string> }> {
  await apply(scene, "install.yaml");
  const address = `127.0.0.1:${freePort()}`;
  const operator = startOperator({
    kubeconfig: await cluster.serviceAccountKubeconfig(scene.namespace, NAME),
    endpoint: scene.standIn.url,
    flags: ["--namespace", scene.namespace, "--log-level", "debug", "--metrics-bind-address", address, ...flags],
    ...(env && { env }),
    ...(tracesTo && {
      env: {
        OTEL_DENO: "true",
        OTEL_EXPORTER_OTLP_ENDPOINT: tracesTo,
        OTEL_EXPORTER_OTLP_PROTOCOL: "http/json",
        OTEL_BSP_SCHEDULE_DELAY: "100",
      },
    }),
  });
  await operator.untilLogged("Ready", { timeoutMs: 30_000 });
  return { operator, metrics: async () => await (await fetch(`http://${address}/metrics`)).text() };
}

async function apply({ namespace }: Scene, file: string): Promise<void> {
  // The names of those that jobs may read are for the user to fill in.
  const names = "resourceNames: [warehouse, settings, none]";
  const text = (await Deno.readTextFile(join(MANIFESTS, file))).replaceAll("resourceNames: [job-environment]", names);
  const { code, stderr } = await kubectl(cluster, ["apply", "-n", namespace, "-f", "-"], { stdin: text });
  assert.deepEqual({ code, stderr }, { code: 0, stderr: "" });
}

/** Makes an object, or puts it in the place of the one of that name. */
async function put({ namespace }: Scene, plural: string, name: string, content: object): Promise<void> {
  const path = `/api/v1/namespaces/${namespace}/${plural}`;
  await cluster.request("DELETE", `${path}/${name}`);
  const { status, body } = await cluster.request("POST", path, { metadata: { name }, ...content });
  assert.equal(status, 201, JSON.stringify(body));
}

async function askAgain({ resources }: Scene, value: string): Promise<void> {
  await resources.patch("job", { metadata: { annotations: { [RECONCILE_AT]: value } } });
}

async function eventsIn({ namespace }: Scene): Promise<string> {
  return JSON.stringify((await cluster.request("GET", `/apis/events.k8s.io/v1/namespaces/${namespace}/events`)).body);
}
