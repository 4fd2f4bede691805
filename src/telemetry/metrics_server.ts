import { getLogger } from "@logtape/logtape";
import { errorText } from "./error_text.ts";
import { type HttpServer, serveHttp } from "./http.ts";
import type { OperatorMetrics } from "./metrics.ts";
import { CONTENT_TYPE } from "./metrics_registry.ts";

const log = getLogger(["operator", "metrics"]);

/** Whether who has a bearer token may get a path; throws where that can't be found out. */
export type AccessCheck = (
  token: string,
  path: string,
  signal: AbortSignal,
) => Promise<"allowed" | "unauthenticated" | "forbidden" | "busy">;

/**
 * Serves `/metrics` until `signal` is aborted. Gives `undefined` if the address is `0`.
 *
 * @param options.access asked for each request; anyone may read the metrics unless given
 * @throws {Error} if the address can't be read or listened on
 */
export function serveMetrics(
  { address, metrics, access, signal }: {
    address: string;
    metrics: Pick<OperatorMetrics, "expose">;
    access?: AccessCheck | undefined;
    signal: AbortSignal;
  },
): HttpServer | undefined {
  const handler = async (request: Request) => {
    if (new URL(request.url).pathname !== "/metrics") return answer(404, "Not found");
    const refusal = access && await refusalOf(request, access);
    return refusal ?? new Response(metrics.expose(), { headers: { "content-type": CONTENT_TYPE } });
  };
  return serveHttp({ address, handler, signal });
}

async function refusalOf(request: Request, access: AccessCheck): Promise<Response | undefined> {
  const token = /^Bearer +(\S+)$/i.exec(request.headers.get("authorization") ?? "")?.[1];
  const unauthenticated = () => answer(401, "Unauthorized", { "www-authenticate": "Bearer" });
  if (token === undefined) return unauthenticated();
  try {
    switch (await access(token, "/metrics", request.signal)) {
      case "allowed":
        return undefined;
      case "unauthenticated":
        return unauthenticated();
      case "forbidden":
        return answer(403, "Forbidden");
      case "busy":
        return answer(429, "Too many tokens to review", { "retry-after": "1" });
    }
  } catch (error) {
    log.warn("Cannot review a token that was sent for the metrics", { failure: errorText(error) });
    return answer(503, "Cannot review the token");
  }
}

function answer(status: number, text: string, headers: Record<string, string> = {}): Response {
  return new Response(`${text}\n`, { status, headers });
}
