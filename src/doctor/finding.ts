/** What was looked at. */
export type CheckName =
  | "cluster"
  | "crd"
  | "permission"
  | "credentials"
  | "sagemaker"
  | "clock"
  | "pass-role"
  | "allowed-roles"
  | "quotas"
  | "logs";

/** The result of one check. */
export interface Finding {
  check: CheckName;
  /** `failure`: the operator can't do its work; `warning`: it can, or that could not be found out. */
  level: "ok" | "warning" | "failure";
  /** What was found, as one sentence without its full stop. */
  text: string;
  /** What to do about it. */
  mend?: string;
}

const MARKS = { ok: "✓", warning: "!", failure: "✗" } as const;

/** A finding for people: one line, without its newline. */
export function findingLine({ check, level, text, mend }: Finding): string {
  const line = `${MARKS[level]} ${check}: ${text}${mend === undefined ? "" : `. To mend it: ${mend}`}`;
  // What AWS or a cluster says must not pass for another finding.
  return line.replace(/\s*[\r\n]\s*/g, " ");
}

/** Findings for programs. */
export function findingsJson(findings: readonly Finding[]): string {
  return JSON.stringify({ ok: !findings.some(isFailure), checks: findings }, null, 2);
}

export function isFailure({ level }: Finding): boolean {
  return level === "failure";
}
