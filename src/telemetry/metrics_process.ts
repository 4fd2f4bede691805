import process from "node:process";
import type { Clock } from "../runtime/clock.ts";
import type { Registry } from "./metrics_registry.ts";

/** The process's memory and time, under the names that Prometheus's own clients use for them, and its limit where that is known. */
export function addProcessMetrics(registry: Registry, clock: Clock, memoryLimitBytes?: number): void {
  const startedAt = (clock.now() - process.uptime() * 1000) / 1000;
  registry.read("gauge", "process_start_time_seconds", "When the process started, in seconds since the epoch", () => {
    return startedAt;
  });
  registry.read("counter", "process_cpu_seconds_total", "Processor time that the process has used", () => {
    const { user, system } = process.cpuUsage();
    return (user + system) / 1e6;
  });
  registry.read("gauge", "process_resident_memory_bytes", "Memory that the process has", () => Deno.memoryUsage().rss);
  if (memoryLimitBytes !== undefined) {
    const help = "Memory that the process may have, beyond which it is killed";
    registry.read("gauge", "sagemaker_operator_memory_limit_bytes", help, () => memoryLimitBytes);
  }
  registry.read("gauge", "nodejs_heap_size_total_bytes", "Memory that the JavaScript heap has", () => {
    return Deno.memoryUsage().heapTotal;
  });
  registry.read(
    "gauge",
    "sagemaker_operator_heap_used_bytes",
    "Memory that JavaScript objects take, with garbage that is not collected yet; its minimum over some minutes is the live heap",
    () => Deno.memoryUsage().heapUsed,
  );
  registry.read("gauge", "nodejs_heap_size_used_bytes", "Memory that JavaScript objects take", () => {
    return Deno.memoryUsage().heapUsed;
  });
}
