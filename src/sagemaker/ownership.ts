/** Whose a job is: the tags that the operator puts on each, and what tells for jobs that carry none. */
import type { CreateProcessingJobCommandInput, Tag } from "@aws-sdk/client-sagemaker";
import { type Failure, SageMakerError } from "../api/job.ts";
import type { SageMaker } from "./client.ts";
import { OWN_TAG_PREFIX } from "./value_rules.ts";

/** Who a job is made for. */
export interface Owner {
  /** UID of the Namespace that the operator is installed in; absent where it may not be read. */
  cluster?: string | undefined;
  namespace: string;
  name: string;
  uid: string;
  /** The attempt's number, but for the first. */
  attempt?: number | undefined;
}

const UID_TAG = `${OWN_TAG_PREFIX}uid`;
/** SageMaker takes no more on one job. */
const MAX_TAGS = 50;

/**
 * The user's tags and the operator's own, as far as there is room: the user's come first, then the resource's UID, which alone
 * tells whose the job is, then what helps people. What would pass for the operator's own among the user's is left out.
 */
export function jobTags(givenTags: Tag[] = [], { uid, cluster, namespace, name, attempt }: Owner): Tag[] {
  const userTags = usersTags(givenTags);
  const own = Object.entries({ uid, namespace, name, cluster, attempt: attempt?.toString() })
    .filter((entry): entry is [string, string] => entry[1] !== undefined)
    .map(([key, value]): Tag => ({ Key: `${OWN_TAG_PREFIX}${key}`, Value: value }));
  return [...userTags, ...own].slice(0, Math.max(MAX_TAGS, userTags.length));
}

/**
 * The tags of a spec without those that would pass for the operator's own. The CRD refuses them, but a resource may have been stored
 * before it did, and a job with another resource's UID would be taken for that one's.
 */
export function usersTags(tags: Tag[]): Tag[] {
  return tags.filter(({ Key = "" }) => !isReserved(Key));
}

/** Whether people or IAM's conditions, which pass over case, could take a tag's key for one of the operator's own. */
function isReserved(key: string): boolean {
  return key.normalize("NFKC").replace(/^[\s\p{Z}]+/u, "").toLowerCase().startsWith(OWN_TAG_PREFIX);
}

/** A refusal of a create that is about its tags: the permission to set them, or a condition on them. */
export function isAboutTags(failure: Failure): boolean {
  return failure.reason === "AccessDenied" &&
    /sagemaker:AddTags|aws:(RequestTag|TagKeys)|sagemaker:TaggingAction/i.test(failure.message);
}

/**
 * Whether the job under the name of `request` was made for the resource with `uid`: its tags say so or, where there are none of
 * ours or they may not be read, it is what the request asks for.
 *
 * @throws {SageMakerError} if that can't be found out now
 */
export async function isOwnJob(
  sageMaker: SageMaker,
  request: CreateProcessingJobCommandInput,
  { arn, uid }: { arn: string; uid: string },
  signal: AbortSignal,
): Promise<boolean> {
  let owned: boolean | undefined;
  try {
    owned = isOwnedBy(await sageMaker.tags(arn, signal), uid);
  } catch (error) {
    if (!(error instanceof SageMakerError) || error.failure.retry === "soon") throw error;
  }
  const isOwn = owned ?? await sageMaker.isSameJob(request, signal);
  if (isOwn === undefined) throw new SageMakerError(notShown);
  return isOwn;
}

/** The code of `isOwnJob`'s failure where SageMaker does not show the job. */
export const NOT_SHOWN = "NotShown";

/** Reads of SageMaker may be behind, so a job that was seen a moment ago may be missing from the next answer. */
const notShown: Failure = {
  retry: "soon",
  reason: "UnknownError",
  code: NOT_SHOWN,
  message: "SageMaker does not show the processing job that it has shown before",
};

/**
 * Whether a job was made for the resource with `uid`, going by its tags; `undefined` if they hold none of ours, as those of the
 * controller before this one and of `--no-job-tags`.
 */
export function isOwnedBy(tags: ReadonlyMap<string, string>, uid: string): boolean | undefined {
  const owner = tags.get(UID_TAG);
  return owner === undefined ? undefined : owner === uid;
}

/**
 * Whether a described job is what `request` asks for: every member of the request is there and equal. The service adds its
 * defaults, and leaves out what is empty or false, so both are passed over.
 */
export function describes(described: object, request: CreateProcessingJobCommandInput): boolean {
  const { Tags: _, ExperimentConfig: __, ...asked } = request;
  return holds(described, asked);
}

function holds(described: unknown, asked: unknown): boolean {
  if (isNothing(asked)) return isNothing(described);
  if (Array.isArray(asked)) {
    return Array.isArray(described) && described.length === asked.length &&
      asked.every((element, index) => holds(described[index], element));
  }
  if (typeof asked !== "object") return described === asked;
  if (typeof described !== "object" || described === null) return false;
  return Object.entries(asked as object).every(([key, value]) => {
    return holds((described as Record<string, unknown>)[key], value);
  });
}

/** What a service may as well leave out. */
function isNothing(value: unknown): boolean {
  if (value === undefined || value === null || value === false) return true;
  return typeof value === "object" && Object.values(value).every(isNothing);
}
