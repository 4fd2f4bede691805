import type { Finding } from "./finding.ts";

/**
 * Whether `run` limits the roles of jobs, where it watches all namespaces; nothing where it watches a few.
 *
 * @param watched the namespaces that the operator watches; none for all of them
 * @param allowed the globs of `--allowed-role-arns`, as `doctor` was given them
 */
export function checkAllowedRoles(
  { watched, allowed }: { watched: readonly string[]; allowed: readonly string[] },
): Finding | undefined {
  if (watched.length > 0) return undefined;
  if (allowed.length > 0) {
    const text = `Jobs may have roles that match ${allowed.map((glob) => `'${glob}'`).join(", ")}`;
    return { check: "allowed-roles", level: "ok", text };
  }
  return {
    check: "allowed-roles",
    level: "warning",
    text:
      "No --allowed-role-arns: who may create ProcessingJobs in any namespace runs them with each role that the operator may pass",
    mend: "give 'run' --allowed-role-arns, and 'doctor' the same",
  };
}
