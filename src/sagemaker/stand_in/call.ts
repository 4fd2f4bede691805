import { ServiceError } from "./answer.ts";
import type { HttpRequest } from "./http.ts";

/** A request, read as one of the two protocols that the stand-in speaks. */
export interface Call {
  /** `json` is AWS JSON 1.1, that of SageMaker and CloudWatch Logs, `query` that of STS. */
  protocol: "json" | "query";
  service: "SageMaker" | "Logs" | "STS";
  /** As in `CreateProcessingJob`. */
  operation: string;
  region: string;
  /** Whose credentials the request was signed with. */
  accessKeyId: string;
  request: Record<string, unknown>;
}

const TARGET = /^(SageMaker|Logs_20140328)\.(\w+)$/;

/** @throws ServiceError if the request isn't signed, or none that AWS would understand */
export function parseCall(request: HttpRequest): Call {
  const signed = signature(request.headers.get("authorization"));
  if (protocolOf(request) === "query") {
    const form = Object.fromEntries(new URLSearchParams(request.body));
    return { protocol: "query", service: "STS", operation: form.Action ?? "", ...signed, request: form };
  }
  const [, target, operation] = TARGET.exec(request.headers.get("x-amz-target") ?? "") ?? [];
  if (request.method !== "POST" || operation === undefined) {
    throw new ServiceError("UnknownOperationException", "The request needs a header X-Amz-Target: SageMaker.OPERATION");
  }
  const service = target === "SageMaker" ? "SageMaker" : "Logs";
  return { protocol: "json", service, operation, ...signed, request: parseBody(request.body) };
}

export function protocolOf(request: HttpRequest): Call["protocol"] {
  return request.headers.get("content-type")?.startsWith("application/x-www-form-urlencoded") ? "query" : "json";
}

/** The region that a request was signed for (one address serves them all) and by whom. The signature itself is not looked at. */
function signature(authorization: string | undefined): Pick<Call, "region" | "accessKeyId"> {
  if (!authorization) throw new ServiceError("MissingAuthenticationTokenException", "Missing Authentication Token");
  const [, accessKeyId, region] =
    /^AWS4-HMAC-SHA256 .*Credential=([^/,]+)\/\d{8}\/([a-z0-9-]+)\/[a-z0-9-]+\/aws4_request/.exec(authorization) ?? [];
  if (accessKeyId === undefined || region === undefined) {
    throw new ServiceError(
      "IncompleteSignatureException",
      "Authorization header requires 'Credential' with a full scope",
    );
  }
  return { region, accessKeyId };
}

function parseBody(body: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(body || "{}");
    if (typeof value === "object" && value !== null && !Array.isArray(value)) return value as Record<string, unknown>;
  } catch {
    // Text that is no JSON at all is refused like JSON that is no object.
  }
  throw new ServiceError("SerializationException", "The body must be a JSON object");
}
