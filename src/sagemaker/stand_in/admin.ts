import { FINAL_JOB_STATUSES, type JobStatus } from "../../api/job.ts";
import { parseFaultScript } from "./fault_script.ts";
import { FaultPlan, seededRandom } from "./faults.ts";
import type { HttpAnswer, HttpRequest } from "./http.ts";
import type { StandIn } from "./server.ts";

/** Where requests go that are about the stand-in itself; AWS has no such paths. */
export const ADMIN_PREFIX = "/_admin/";

/**
 * Answers a request about the stand-in itself, for tests in other processes:
 *
 *     GET    /_admin/calls               how many calls arrived, by operation
 *     GET    /_admin/throttled           how many of them were throttled, by operation
 *     GET    /_admin/created             every job that was ever created, in order
 *     GET    /_admin/jobs                the jobs that have a record, as they are now
 *     POST   /_admin/jobs/NAME/finish    ends a job: {"status": "Failed", "failureReason": "…"}, Completed without a body
 *     DELETE /_admin/jobs/NAME           takes its record away
 *     POST   /_admin/foreign             gives others jobs: {"region": "us-west-2", "count": 5000, "durationMs": 60000}
 *     POST   /_admin/clock               sets the service's clock off ours: {"offsetMs": 120000}
 *     POST   /_admin/faults              takes a script of faults in the place of the one before
 *     DELETE /_admin/faults              nothing goes wrong any more
 */
export function answerAdmin(standIn: StandIn, { method, path, body }: HttpRequest): HttpAnswer {
  try {
    const [what, name, verb] = path.slice(ADMIN_PREFIX.length).split("/").map(decodeURIComponent);
    switch (`${method} ${[what, name && "NAME", verb].filter(Boolean).join("/")}`) {
      case "GET calls":
        return json(standIn.calls);
      case "GET throttled":
        return json(standIn.throttled);
      case "GET created":
        return json(standIn.created);
      case "GET jobs":
        return json(standIn.jobs());
      case "POST jobs/NAME/finish":
        finish(standIn, name!, body);
        return json({});
      case "DELETE jobs/NAME":
        standIn.deleteRecord(name!);
        return json({});
      case "POST foreign": {
        const { region, count, durationMs } = membersOf(body, {
          region: "string",
          count: "number",
          durationMs: "number",
        });
        standIn.createForeign(region as string, count as number, durationMs as number);
        return json({});
      }
      case "POST clock":
        standIn.clockOffsetMs = membersOf(body, { offsetMs: "number" }).offsetMs as number;
        return json({});
      case "POST faults":
        standIn.intercept = planOf(body).intercept;
        return json({});
      case "DELETE faults":
        standIn.intercept = undefined;
        return json({});
    }
    return notFound();
  } catch (error) {
    if (error instanceof RangeError) return json({ error: error.message }, 404);
    if (error instanceof TypeError || error instanceof URIError) return json({ error: error.message }, 400);
    throw error;
  }
}

/** The answer to whatever there is not. */
export function notFound(): HttpAnswer {
  return json({ error: "Not found" }, 404);
}

function finish(standIn: StandIn, name: string, body: string): void {
  const { status = "Completed", failureReason }: { status?: JobStatus; failureReason?: string } = parse(body);
  if (!FINAL_JOB_STATUSES.includes(status)) {
    throw new TypeError(`Cannot finish the job: 'status' must be one of ${FINAL_JOB_STATUSES.join(", ")}`);
  }
  standIn.finish(name, status, failureReason);
}

/** @throws TypeError where the body does not have each of these members, of that type */
function membersOf(body: string, types: Record<string, "string" | "number">): Record<string, unknown> {
  const value = parse(body);
  for (const [name, type] of Object.entries(types)) {
    const actual = typeof value[name];
    if (actual !== type) throw new TypeError(`Cannot use the body: '${name}' must be a ${type}`);
  }
  return value;
}

function parse(body: string): Record<string, unknown> {
  try {
    return JSON.parse(body || "{}") ?? {};
  } catch (cause) {
    throw new TypeError("Cannot use the body: it is not JSON", { cause });
  }
}

function planOf(body: string): FaultPlan {
  const { rules, seed } = parseFaultScript(body);
  return new FaultPlan({ rules, ...(seed !== undefined && { random: seededRandom(seed) }) });
}

function json(value: unknown, status = 200): HttpAnswer {
  return { status, headers: { "Content-Type": "application/json" }, body: `${JSON.stringify(value)}\n` };
}
