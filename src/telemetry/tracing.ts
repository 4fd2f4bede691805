import { type Attributes, SpanStatusCode, trace } from "@opentelemetry/api";
import { errorText } from "./error_text.ts";

/**
 * Runs `work` within a span, which Deno exports where it was started, or compiled, with `OTEL_DENO=true`; elsewhere this costs
 * a function call. Spans that start meanwhile are its children. What `work` throws marks the span as failed.
 *
 * @param options.root whether a trace begins here, whatever span may be open. @default {false}
 */
export function traced<T>(
  name: string,
  attributes: Attributes,
  work: () => Promise<T>,
  { root = false }: { root?: boolean } = {},
): Promise<T> {
  return trace.getTracer("sagemaker-operator").startActiveSpan(name, { attributes, root }, async (span) => {
    try {
      return await work();
    } catch (error) {
      span.setStatus({ code: SpanStatusCode.ERROR, message: errorText(error) });
      throw error;
    } finally {
      span.end();
    }
  });
}
