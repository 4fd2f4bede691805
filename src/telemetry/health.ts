import { errorText } from "./error_text.ts";
import { type HttpServer, serveHttp } from "./http.ts";

/** What is wrong; or nothing if all is well, or `ok`, which says more to those who ask for `?verbose`. */
export type CheckResult = string | undefined | { ok: string };

/** Looks at one thing that health depends on. */
export type Check = () => CheckResult;

/** Checks by name. */
export type Checks = Record<string, Check>;

/**
 * Serves `/healthz` (is the process alive, or should it be restarted) and `/readyz` (does it do its work) until `signal`
 * is aborted. Each answers 200 `ok`, or 500 with a line for each check; `?verbose` gives the lines in either case. Gives
 * `undefined` if the address is `0`.
 *
 * @throws {Error} if the address can't be read or listened on
 */
export function serveHealth(
  { address, healthz, readyz, signal }: { address: string; healthz: Checks; readyz: Checks; signal: AbortSignal },
): HttpServer | undefined {
  const routes = new Map([["/healthz", healthz], ["/readyz", readyz]]);
  const handler = (request: Request) => {
    const url = new URL(request.url);
    const checks = routes.get(url.pathname.replace(/\/$/, ""));
    if (!checks) return new Response("Not found\n", { status: 404 });
    return answer(checks, url.searchParams.has("verbose"));
  };
  return serveHttp({ address, handler, signal });
}

function answer(checks: Checks, verbose: boolean): Response {
  const lines: string[] = [];
  let healthy = true;
  for (const [name, check] of Object.entries(checks)) {
    const result = resultOf(check);
    const isProblem = typeof result === "string";
    healthy &&= !isProblem;
    if (isProblem) lines.push(`[-] ${name}: ${result}`);
    else lines.push(result === undefined ? `[+] ${name}: ok` : `[+] ${name}: ok, ${result.ok}`);
  }
  const body = healthy && !verbose ? ["ok"] : [...lines, healthy ? "ok" : "failed"];
  return new Response(`${body.join("\n")}\n`, {
    status: healthy ? 200 : 500,
    headers: { "content-type": "text/plain; charset=utf-8", "x-content-type-options": "nosniff" },
  });
}

function resultOf(check: Check): CheckResult {
  try {
    return check();
  } catch (error) {
    return errorText(error);
  }
}
