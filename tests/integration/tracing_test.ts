/** What belongs together of one reconcile: the spans that Deno exports, and the lines of the log. */
import assert from "node:assert/strict";
import { testCluster } from "../support/control_plane.ts";
import { eventually } from "../support/eventually.ts";
import { startOperator } from "../support/operator.ts";
import { installCrd } from "../support/resources.ts";
import { Scene } from "../support/scene.ts";

const cluster = testCluster();
Deno.test.beforeAll(() => installCrd(cluster));

interface Span {
  name: string;
  traceId: string;
  spanId: string;
  parentSpanId: string;
  attributes: { key: string; value: { stringValue?: string } }[];
}

/** What OTLP over HTTP brings, as JSON. */
interface Traces {
  resourceSpans: { scopeSpans: { scope: { name: string }; spans: Span[] }[] }[];
}

/** Takes the spans that are exported to it; those that Deno makes by itself are left out. */
class Collector implements AsyncDisposable {
  readonly spans: Span[] = [];
  readonly #server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, async (request) => {
    const body = await request.text();
    if (new URL(request.url).pathname === "/v1/traces") this.#take(JSON.parse(body));
    return Response.json({});
  });

  get url(): string {
    return `http://127.0.0.1:${this.#server.addr.port}`;
  }

  #take({ resourceSpans }: Traces): void {
    const scopes = resourceSpans.flatMap(({ scopeSpans }) => scopeSpans);
    this.spans.push(...scopes.filter(({ scope }) => scope.name === "sagemaker-operator").flatMap(({ spans }) => spans));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#server.shutdown();
  }
}

Deno.test({
  name: "a reconcile is a trace of its own, with its calls of SageMaker in it",
  async fn() {
    await using collector = new Collector();
    await using scene = await Scene.open(cluster);
    await using operator = startOperator({
      kubeconfig: cluster.kubeconfig,
      endpoint: scene.standIn.url,
      flags: ["--namespace", scene.namespace],
      env: {
        OTEL_DENO: "true",
        OTEL_EXPORTER_OTLP_ENDPOINT: collector.url,
        OTEL_EXPORTER_OTLP_PROTOCOL: "http/json",
        OTEL_BSP_SCHEDULE_DELAY: "100",
      },
    });
    await scene.resources.create("job");
    await scene.resources.untilStatus("job", "InProgress", { timeoutMs: 30_000 });
    const named = (name: string) => collector.spans.filter((span) => span.name === name);
    await eventually("the looks at the job are exported", () => {
      assert.ok(named("SageMaker/DescribeProcessingJob").length >= 2);
    });

    const [create] = named("SageMaker/CreateProcessingJob");
    const reconcile = named("reconcile").find(({ spanId }) => spanId === create?.parentSpanId);
    assert.ok(reconcile);
    assert.equal(reconcile.traceId, create?.traceId);
    const attribute = (key: string) => reconcile.attributes.find((each) => each.key === key)?.value.stringValue;
    assert.equal(attribute("key"), `${scene.namespace}/job`);
    for (const span of named("reconcile")) assert.equal(span.parentSpanId, "");
    // What was only scheduled in a reconcile is no part of it.
    for (const span of named("SageMaker/DescribeProcessingJob")) assert.equal(span.parentSpanId, "");

    const created = operator.logs().find(({ message }) => message === "Created the processing job");
    assert.equal(created?.reconcileId, attribute("reconcileId"));
    const changed = operator.logs().find(({ message }) => message === "Status changed");
    assert.equal(changed?.reconcileId, attribute("reconcileId"));
  },
});
