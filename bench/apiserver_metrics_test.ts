import assert from "node:assert/strict";
import { writesOf, writesWithoutEvents } from "./apiserver_metrics.ts";

Deno.test("writes of one group, and Events, are counted by verb and resource, whatever their codes", () => {
  const line = (
    verb: string,
    resource: string,
    value: string,
    { code = "200", group = "example.com", sub = "" } = {},
  ) =>
    `apiserver_request_total{code="${code}",component="apiserver",dry_run="",group="${group}",resource="${resource}",` +
    `scope="resource",subresource="${sub}",verb="${verb}",version="v1"} ${value}`;
  const metrics = [
    "# TYPE apiserver_request_total counter",
    line("PATCH", "jobs", "1000"),
    line("PATCH", "jobs", "3", { code: "409" }),
    line("PATCH", "jobs", "1e+04", { sub: "status" }),
    line("POST", "jobs", "7"),
    line("GET", "jobs", "99"),
    line("WATCH", "jobs", "99"),
    line("POST", "events", "5", { group: "" }),
    line("POST", "pods", "99", { group: "" }),
    'apiserver_request_slo_duration_seconds_count{group="example.com",resource="jobs",verb="PATCH"} 99',
    "",
  ].join("\n");
  const writes = writesOf(metrics, "example.com");
  assert.deepEqual(writes, { "PATCH jobs": 1003, "PATCH jobs/status": 10_000, "POST jobs": 7, "POST events": 5 });
  assert.equal(writesWithoutEvents(writes), 11_010);
});
