/** docs/monitoring/: what promtool says of the alerts, and of the dashboard's queries. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { parseAllDocuments } from "yaml";
import { MONITORING, plainQuery, promtool, readDashboard, runPromtool } from "../support/monitoring.ts";

function withPromtool(name: string, fn: () => Promise<void>): void {
  const why = promtool instanceof Error ? ` (${promtool.message})` : "";
  Deno.test({ name: `${name}${why}`, ignore: why !== "", fn });
}

withPromtool("the alerts are rules that Prometheus takes", async () => {
  assert.match(
    await runPromtool("check", "rules", "--lint=all", "--lint-fatal", "alerts.yaml"),
    /SUCCESS: \d+ rules/,
  );
});

withPromtool("the alerts fire when they should, and only then", async () => {
  assert.match(await runPromtool("test", "rules", "alerts_test.yaml"), /SUCCESS/);
});

withPromtool("the dashboard's queries are PromQL", async () => {
  const { panels } = await readDashboard();
  const rules = panels.flatMap(({ targets }) => targets).map(({ expr }, i) => ({
    record: `query${i}`,
    expr: plainQuery(expr),
  }));
  assert.ok(rules.length > 10);
  const file = await Deno.makeTempFile({ suffix: ".yaml" });
  try {
    await Deno.writeTextFile(file, JSON.stringify({ groups: [{ name: "dashboard", rules }] }));
    assert.match(await runPromtool("check", "rules", file), new RegExp(`SUCCESS: ${rules.length} rules`));
  } finally {
    await Deno.remove(file);
  }
});

Deno.test("the ServiceMonitor finds the Service beside it, and the Service the operator's pods and port", async () => {
  const text = await Deno.readTextFile(join(MONITORING, "servicemonitor.yaml"));
  const [service, monitor] = parseAllDocuments(text).map((document) => document.toJS());
  const { labels } = service.metadata;
  for (const [name, value] of Object.entries(monitor.spec.selector.matchLabels)) assert.equal(labels[name], value);
  assert.equal(monitor.spec.endpoints[0].port, service.spec.ports[0].name);
  const install = parseAllDocuments(await Deno.readTextFile(join(MONITORING, "../../manifests/cluster/install.yaml")));
  const deployment = install.map((document) => document.toJS()).find(({ kind }) => kind === "Deployment");
  const { metadata, spec } = deployment.spec.template;
  for (const [name, value] of Object.entries(service.spec.selector)) assert.equal(metadata.labels[name], value);
  const ports: { containerPort: number }[] = spec.containers[0].ports;
  assert.ok(ports.some(({ containerPort }) => containerPort === service.spec.ports[0].targetPort));
});
