import { MAX_JOB_NAME_LENGTH } from "./group.ts";

/**
 * The SageMaker name of a resource's job: a function of its name and UID, so that a repeated create can't make a second job
 * and so that the jobs of the controller before this one are found again (its `controllers/common.go`, `GetGeneratedJobName`).
 *
 * It is `name-uid` without the UID's hyphens. Where that is too long the name loses characters from its right end; only when
 * no character of the name is left is the UID cut too. SageMaker takes no dots, which Kubernetes names may hold: each becomes
 * a hyphen.
 */
export function jobName(name: string, uid: string, maxLength: number = MAX_JOB_NAME_LENGTH): string {
  const id = uid.replaceAll("-", "");
  if (id.length >= maxLength) return id.slice(0, maxLength);
  const head = name.replaceAll(".", "-").slice(0, maxLength - id.length - 1);
  return head === "" ? id : `${head}-${id}`;
}

/** The same for attempt `number` of a resource: the first has the plain name, a later one adds `-rN` within the same length. */
export function attemptName(name: string, uid: string, number: number): string {
  if (number === 1) return jobName(name, uid);
  const suffix = `-r${number}`;
  return jobName(name, uid, MAX_JOB_NAME_LENGTH - suffix.length) + suffix;
}
