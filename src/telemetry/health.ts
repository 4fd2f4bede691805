import { errorText } from "./error_text.ts";
import { type HttpServer, serveHttp } from "./http.ts";

/** Looks at one thing that health depends on; gives what is wrong with it, or nothing. */
export type Check = () => string | undefined;

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
    const problem = problemOf(check);
    healthy &&= problem === undefined;
    lines.push(problem === undefined ? `[+] ${name}: ok` : `[-] ${name}: ${problem}`);
  }
  const body = healthy && !verbose ? ["ok"] : [...lines, healthy ? "ok" : "failed"];
  return new Response(`${body.join("\n")}\n`, {
    status: healthy ? 200 : 500,
    headers: { "content-type": "text/plain; charset=utf-8", "x-content-type-options": "nosniff" },
  });
}

function problemOf(check: Check): string | undefined {
  try {
    return check();
  } catch (error) {
    return errorText(error);
  }
}
