/** What a Namespace's annotations say of its ProcessingJobs. They are set by whoever owns it, who need not be who uses it. */
import { matchesAny, parseGlobs } from "../api/globs.ts";
import { GROUP, NAMESPACE_ANNOTATIONS as NAMES } from "../api/group.ts";
import type { Account, Failure, Reason } from "../api/job.ts";
import { DELETION_POLICIES, type DeletionPolicy } from "../api/policies.ts";
import type { ProcessingJobSpec } from "../api/processing_job.ts";
import { nearest } from "../util/nearest.ts";
import { MAX_TAGS, type NamespaceDefaults, READERS, roleArnOf } from "./namespace_defaults.ts";

export interface NamespacePolicy {
  /** Globs that narrow the operator's own; absent where those alone hold. */
  allowedRoleArns?: readonly string[];
  allowedRegions?: readonly string[];
  /** In whose name SageMaker is called; absent for the operator's own. Kept as written where it can't be a role. */
  account?: Account;
  defaults: NamespaceDefaults;
  /** Of resources whose spec says nothing; absent where the operator's own holds. */
  deletionPolicy?: DeletionPolicy;
  /** What is wrong with the annotations. Then nothing is created, as nobody can tell what was meant. */
  problem?: string;
  /** Why the Namespace has not been read, as the end of a sentence. Then nothing else of this is known, and nothing is created. */
  unknown?: string;
}

/** The operator's globs, for all namespaces; empty for all roles or regions. */
export interface AllowedByFlags {
  roleArns: readonly string[];
  regions: readonly string[];
  /** Whether a Namespace's globs take the place of these, rather than narrow them. @default false */
  annotationsWiden?: boolean;
}

/** As many globs of an annotation are named in a message. */
const MOST_GLOBS_SHOWN = 10;

/** A Namespace becomes known without a person in most cases, as once the apiserver answers; its first read wakes the resources anyway. */
const UNKNOWN_AGAIN_MS = 30_000;

/** STS's own limits. */
const EXTERNAL_ID = /^[\w+=,.@:/-]{2,1224}$/;

const PREFIX = `${GROUP}/`;
const KNOWN: readonly string[] = Object.values(NAMES);

/** Reads the annotations of a Namespace; those with another prefix are passed over. */
export function readPolicy(annotations: Readonly<Record<string, string>> = {}): NamespacePolicy {
  const policy: NamespacePolicy = { defaults: {} };
  const unknown = Object.keys(annotations).find((key) => key.startsWith(PREFIX) && !KNOWN.includes(key));
  if (unknown !== undefined) policy.problem = unknownAnnotation(unknown);
  const read = <T>(name: string, parse: (text: string) => T): T | undefined => {
    const text = annotations[name];
    if (text === undefined) return undefined;
    try {
      return parse(text.trim());
    } catch (error) {
      if (!(error instanceof SyntaxError)) throw error;
      policy.problem ??= `The Namespace's annotation '${name}' is '${text}', and ${error.message}`;
      return undefined;
    }
  };
  const globs = (kind: "roleArn" | "region") => (text: string) => {
    try {
      return parseGlobs(kind, text.split(","));
    } catch (error) {
      throw new SyntaxError(`must be a comma list of globs: ${(error as Error).message}`, { cause: error });
    }
  };
  const allowedRoleArns = read(NAMES.allowedRoleArns, globs("roleArn"));
  const allowedRegions = read(NAMES.allowedRegions, globs("region"));
  const externalId = read(NAMES.externalId, externalIdOf);
  const deletionPolicy = read(NAMES.defaultDeletionPolicy, deletionPolicyIn);
  const roleArn = annotations[NAMES.assumeRoleArn]?.trim();
  read(NAMES.assumeRoleArn, roleArnOf);
  if (externalId !== undefined && roleArn === undefined) {
    policy.problem ??= `The Namespace's annotation '${NAMES.externalId}' has no use without '${NAMES.assumeRoleArn}'`;
  }
  for (const [name, parse] of Object.entries(READERS)) Object.assign(policy.defaults, read(name, parse));
  return {
    ...policy,
    ...(allowedRoleArns && { allowedRoleArns }),
    ...(allowedRegions && { allowedRegions }),
    ...(deletionPolicy && { deletionPolicy }),
    ...(roleArn !== undefined && { account: { roleArn, ...(externalId !== undefined && { externalId }) } }),
  };
}

/** An annotation with a typo would restrict nothing, and nobody would be told. */
function unknownAnnotation(key: string): string {
  const similar = nearest(key.slice(PREFIX.length), KNOWN.map((each) => each.slice(PREFIX.length)));
  const hint = similar === undefined
    ? `the operator knows ${KNOWN.map((each) => `'${each.slice(PREFIX.length)}'`).join(", ")} after '${PREFIX}'`
    : `did you mean '${PREFIX}${similar}'?`;
  return `The Namespace's annotation '${shownKey(key)}' is not one that the operator knows; ${hint}`;
}

/** A key has 253 + 1 + 63 characters at most, by the apiserver's own rule. */
function shownKey(key: string): string {
  return key.length > 128 ? `${key.slice(0, 128)}…` : key;
}

function externalIdOf(text: string): string {
  if (EXTERNAL_ID.test(text)) return text;
  throw new SyntaxError("must be 2 to 1224 letters, digits and signs of '+=,.@:/-_'");
}

function deletionPolicyIn(text: string): DeletionPolicy {
  const policy = DELETION_POLICIES.find((each) => each === text);
  if (policy) return policy;
  throw new SyntaxError(`must be ${DELETION_POLICIES.map((each) => `'${each}'`).join(" or ")}`);
}

/** Why no job may be created for a spec, defaults filled in; nothing if one may. */
export function refusalOf(
  { roleArn, region, tags = [] }: ProcessingJobSpec,
  policy: NamespacePolicy,
  flags: AllowedByFlags,
): Failure | undefined {
  if (policy.unknown !== undefined) return namespaceUnknown(policy.unknown);
  if (policy.problem !== undefined) return refusal("InvalidNamespaceAnnotation", policy.problem);
  if (roleArn === undefined) {
    const message =
      `The spec has no 'roleArn', and the Namespace no annotation '${NAMES.defaultRoleArn}': give one of them`;
    return refusal("InvalidSpec", message);
  }
  const refused = notAllowed("RoleNotAllowed", { what: "role", value: roleArn }, {
    globs: policy.allowedRoleArns,
    annotation: NAMES.allowedRoleArns,
    flag: "--allowed-role-arns",
    fromFlag: flags.roleArns,
    widens: flags.annotationsWiden ?? false,
  }) ??
    notAllowed("RegionNotAllowed", { what: "region", value: region }, {
      globs: policy.allowedRegions,
      annotation: NAMES.allowedRegions,
      flag: "--allowed-regions",
      fromFlag: flags.regions,
      widens: flags.annotationsWiden ?? false,
    });
  if (refused !== undefined || tags.length <= MAX_TAGS) return refused;
  const message =
    `The spec's tags and those of the Namespace's annotation '${NAMES.requiredTags}' are ${tags.length}; ` +
    `SageMaker takes ${MAX_TAGS} at most`;
  return refusal("InvalidSpec", message);
}

/** What a resource waits for whose Namespace is not known. `why` is the end of a sentence. */
export function namespaceUnknown(why: string): Failure {
  const message =
    "Waiting for the resource's Namespace to be read, whose annotations say what its jobs may use and in whose name " +
    `SageMaker is called: ${why}`;
  return { retry: "person", reason: "NamespaceUnknown", code: "NamespaceUnknown", message, retryMs: UNKNOWN_AGAIN_MS };
}

/** The reasons that `refusalOf` gives of the namespace's own accord. */
export const REFUSALS: readonly (Reason | undefined)[] = [
  "NamespaceUnknown",
  "RoleNotAllowed",
  "RegionNotAllowed",
  "InvalidNamespaceAnnotation",
];

/** Both the flag and the annotation must allow it, so that an annotation gives no more than the flag. */
function notAllowed(
  reason: Reason,
  { what, value }: { what: string; value: string },
  { globs, annotation, flag, fromFlag, widens }: {
    globs: readonly string[] | undefined;
    annotation: string;
    flag: string;
    fromFlag: readonly string[];
    widens: boolean;
  },
): Failure | undefined {
  const isFlagAsked = globs === undefined || !widens;
  if (isFlagAsked && fromFlag.length > 0 && !matchesAny(value, fromFlag)) {
    return refusal(reason, `The ${what} '${value}' is not one that the operator's ${flag} names`);
  }
  if (globs === undefined || matchesAny(value, globs)) return undefined;
  const named = globs.length === 0 ? "which names none" : `which names ${shownGlobs(globs)}`;
  return refusal(
    reason,
    `The ${what} '${value}' is not allowed by the Namespace's annotation '${annotation}', ${named}`,
  );
}

/** The first few of them: the text is written into the status of each resource that is refused. */
function shownGlobs(globs: readonly string[]): string {
  const shown = globs.slice(0, MOST_GLOBS_SHOWN).map((glob) => `'${glob}'`).join(", ");
  return globs.length > MOST_GLOBS_SHOWN ? `${shown} and ${globs.length - MOST_GLOBS_SHOWN} more` : shown;
}

function refusal(reason: Reason, message: string): Failure {
  return { retry: "person", reason, code: reason, message };
}
