import { isNetworkCode, isServiceCode } from "../sagemaker/errors.ts";
import type { Counter, Histogram, Registry } from "./metrics_registry.ts";

const OPERATIONS = [
  "CreateProcessingJob",
  "DescribeProcessingJob",
  "ListProcessingJobs",
  "ListTags",
  "StopProcessingJob",
];
const SECONDS = [0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

/** The operator's calls of SageMaker. */
export class CallMetrics {
  readonly #requests: Counter<"operation" | "code">;
  readonly #seconds: Histogram<"operation">;

  constructor(registry: Registry) {
    this.#requests = registry.counter(
      "sagemaker_operator_api_requests_total",
      "Calls of SageMaker by how they ended: OK, NotFound, AWS's error code, or Network, Timeout, HTTP 4xx, HTTP 5xx, Other",
      OPERATIONS.flatMap((operation) => ["OK", "ThrottlingException"].map((code) => ({ operation, code }))),
    );
    this.#seconds = registry.histogram("sagemaker_operator_api_request_seconds", "How long calls of SageMaker took", {
      bounds: SECONDS,
      initial: OPERATIONS.map((operation) => ({ operation })),
    });
  }

  /** A call has ended, with `OK` or the code of its failure, after `ms` milliseconds. */
  ended({ operation, code, ms }: { operation: string; code: string; ms: number }): void {
    this.#requests.inc({ operation, code: codeLabel(code) });
    this.#seconds.observe({ operation }, ms / 1000);
  }
}

/** One of a closed set, whatever an endpoint makes up. */
export function codeLabel(code: string): string {
  if (code === "OK" || code === "NotFound" || isServiceCode(code)) return code;
  const httpClass = /^HTTP ([45])\d\d$/.exec(code)?.[1];
  if (httpClass) return `HTTP ${httpClass}xx`;
  if (code === "TimeoutError" || code === "AbortError") return "Timeout";
  return isNetworkCode(code) ? "Network" : "Other";
}
