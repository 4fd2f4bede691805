/** What a Namespace's annotations fill in where a spec leaves it out: in the request alone, the spec is never written. */
import { NAMESPACE_ANNOTATIONS as NAMES } from "../api/group.ts";
import type { AppliedDefault, ProcessingJobSpec } from "../api/processing_job.ts";
import { isRoleArn } from "../api/role_arn.ts";
import { keeps, messageOf, valueRules } from "../sagemaker/value_rules.ts";

type VpcConfig = NonNullable<NonNullable<ProcessingJobSpec["networkConfig"]>["vpcConfig"]>;

export interface NamespaceDefaults {
  roleArn?: string;
  vpcConfig?: VpcConfig;
  kmsKeyId?: string;
  /** Values by key. */
  tags?: Readonly<Record<string, string>>;
  /** The same, for every job: they take the place of the spec's. */
  requiredTags?: Readonly<Record<string, string>>;
}

/** SageMaker takes no more on one job. */
export const MAX_TAGS = 50;
const KMS_KEY = /^[a-zA-Z0-9:/_-]{1,2048}$/;
const TAG_KEY = /^[\p{L}\p{Z}\p{N}_.:/=+\-@]{1,128}$/u;
const TAG_VALUE = /^[\p{L}\p{Z}\p{N}_.:/=+\-@]{0,256}$/u;

/** How each annotation is read. Each throws a `SyntaxError` that says what is wanted. */
export const READERS = {
  [NAMES.defaultRoleArn]: (text: string): NamespaceDefaults => ({ roleArn: roleArnOf(text) }),
  [NAMES.defaultVpcConfig]: (text: string): NamespaceDefaults => ({ vpcConfig: vpcConfigOf(text) }),
  [NAMES.defaultKmsKeyId]: (text: string): NamespaceDefaults => ({ kmsKeyId: kmsKeyOf(text) }),
  [NAMES.defaultTags]: (text: string): NamespaceDefaults => ({ tags: tagsOf(text) }),
  [NAMES.requiredTags]: (text: string): NamespaceDefaults => ({ requiredTags: tagsOf(text) }),
};

/** @throws {SyntaxError} if `text` can't be the ARN of a role */
export function roleArnOf(text: string): string {
  if (isRoleArn(text)) return text;
  throw new SyntaxError("must be the ARN of an IAM role, as 'arn:aws:iam::123456789012:role/NAME'");
}

function vpcConfigOf(text: string): VpcConfig {
  const value = jsonOf(text);
  const { securityGroupIds, subnets, ...others } = value ?? {};
  if (isTexts(securityGroupIds, 5) && isTexts(subnets, 16) && Object.keys(others).length === 0) {
    return { securityGroupIds, subnets };
  }
  throw new SyntaxError(`must be JSON, as '{"securityGroupIds": ["sg-1"], "subnets": ["subnet-1"]}'`);
}

function kmsKeyOf(text: string): string {
  if (KMS_KEY.test(text)) return text;
  throw new SyntaxError("must be the id, the alias or the ARN of a KMS key");
}

function tagsOf(text: string): Record<string, string> {
  const pairs = text.trimStart().startsWith("{") ? Object.entries(jsonOf(text) ?? { "": "" }) : pairsOf(text);
  const isTag = ([key, value]: [string, unknown]) =>
    TAG_KEY.test(key) && typeof value === "string" && TAG_VALUE.test(value);
  const broken = pairs.flatMap(([key]) => valueRules("TagKey").filter((rule) => !keeps(rule, key)))[0];
  if (broken === undefined && pairs.every(isTag) && pairs.length <= MAX_TAGS) {
    return Object.fromEntries(pairs) as Record<string, string>;
  }
  const why = broken ? `; ${messageOf(broken)}` : "";
  throw new SyntaxError(
    `must be at most ${MAX_TAGS} tags, as 'team=a,stage=dev' or '{"team": "a", "stage": "dev"}'${why}`,
  );
}

function pairsOf(text: string): [string, string][] {
  return text.split(",").filter((pair) => pair.trim() !== "").map((pair) => {
    const [key, ...value] = pair.split("=");
    return value.length === 0 ? ["", ""] : [key!.trim(), value.join("=").trim()];
  });
}

function jsonOf(text: string): Record<string, unknown> | undefined {
  try {
    const value = JSON.parse(text);
    return typeof value === "object" && value !== null && !Array.isArray(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

function isTexts(value: unknown, max: number): value is string[] {
  return Array.isArray(value) && value.length > 0 && value.length <= max &&
    value.every((each) => typeof each === "string" && /^[-0-9a-zA-Z]{1,32}$/.test(each));
}

/** `spec` with what it leaves out, and what that is. The same object where nothing is filled in. */
export function fillIn(
  spec: ProcessingJobSpec,
  { roleArn, vpcConfig, kmsKeyId, tags = {}, requiredTags = {} }: NamespaceDefaults,
): { spec: ProcessingJobSpec; applied: AppliedDefault[] } {
  const applied: AppliedDefault[] = [];
  let filled = spec;
  const fill = (field: string, value: string, change: Partial<ProcessingJobSpec>) => {
    applied.push({ field, value });
    filled = { ...filled, ...change };
  };
  if (roleArn !== undefined && spec.roleArn === undefined) fill("roleArn", roleArn, { roleArn });
  if (vpcConfig && spec.networkConfig?.vpcConfig === undefined) {
    const networkConfig = { ...spec.networkConfig, vpcConfig };
    fill("networkConfig.vpcConfig", JSON.stringify(vpcConfig), { networkConfig });
  }
  if (kmsKeyId !== undefined) {
    const { processingResources: resources, processingOutputConfig: outputs } = spec;
    if (resources.clusterConfig.volumeKmsKeyId === undefined) {
      const clusterConfig = { ...resources.clusterConfig, volumeKmsKeyId: kmsKeyId };
      const processingResources = { ...resources, clusterConfig };
      fill("processingResources.clusterConfig.volumeKmsKeyId", kmsKeyId, { processingResources });
    }
    if (outputs && outputs.kmsKeyId === undefined) {
      fill("processingOutputConfig.kmsKeyId", kmsKeyId, { processingOutputConfig: { ...outputs, kmsKeyId } });
    }
  }
  const required = Object.entries(requiredTags);
  // IAM's conditions on tags pass over the case of keys, so another spelling of a required one goes too.
  const isRequired = (key: string) => required.some(([each]) => each.toLowerCase() === key.toLowerCase());
  const own = (spec.tags ?? []).filter(({ key }) => !isRequired(key));
  const missing = Object.entries(tags).filter(([key]) => !isRequired(key) && !own.some((tag) => tag.key === key))
    .slice(0, Math.max(0, MAX_TAGS - own.length - required.length));
  const added = [...required, ...missing];
  if (added.length > 0) {
    const value = added.map(([key, value]) => `${key}=${value}`).join(",");
    fill("tags", value, { tags: [...own, ...added.map(([key, value]) => ({ key, value }))] });
  }
  return { spec: filled, applied };
}
