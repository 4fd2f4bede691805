import { PUBLISHED_PER_SECOND } from "../sagemaker/budget.ts";
import { type Aws, problemOf } from "./aws_context.ts";
import { placeOf } from "../sagemaker/aws_endpoints.ts";
import type { Finding } from "./finding.ts";

const OPERATION = "ListServiceQuotas";
/** SageMaker has a few thousand quotas, at most 100 to a page. */
const MOST_PAGES = 100;
const RATE = /\b(Create|List|Describe|Stop)ProcessingJobs?\b/;
const USAGE = " for processing job usage";

interface Quota {
  QuotaName?: string;
  Value?: number;
}

/**
 * Which rates and instances Service Quotas grants the account for processing jobs, for the instance types in use. The operator works
 * without knowing them, so a missing permission is a warning.
 */
export async function checkQuotas(aws: Aws, region: string): Promise<Finding> {
  const place = placeOf("servicequotas", region, aws.env);
  const types = await aws.instanceTypes;
  let quotas: Map<string, number>;
  try {
    quotas = await readQuotas(aws, place);
  } catch (error) {
    const call = { operation: OPERATION, service: "Service Quotas", region, endpoint: place.url };
    const { reason, message } = problemOf(error, aws, call);
    const finding: Finding = {
      check: "quotas",
      level: "warning",
      text: `Cannot read the account's quotas: ${message}`,
    };
    const mend = "allow servicequotas:ListServiceQuotas; only 'doctor' needs it";
    return reason === "AccessDenied" ? { ...finding, mend } : finding;
  }
  return findingOf(quotas, types, region);
}

function findingOf(quotas: Map<string, number>, types: readonly string[], region: string): Finding {
  const rates = [...quotas].filter(([name]) => RATE.test(name)).map(([name, value]) => `'${name}' is ${value}`);
  const known = Object.entries(PUBLISHED_PER_SECOND).map(([operation, rate]) => `${operation} ${rate} a second`);
  const told = rates.length > 0 ? rates : [`no rates are listed, so the operator assumes ${known.join(" and ")}`];
  const instances = types.map((type) => `'${type}${USAGE}' is ${quotas.get(`${type}${USAGE}`) ?? "not listed"}`);
  const text = [...told, ...instances].join("; ");
  const missing = types.filter((type) => !quotas.get(`${type}${USAGE}`));
  if (missing.length === 0) return { check: "quotas", level: "ok", text };
  const mend = `request a quota for ${missing.map((type) => `'${type}${USAGE}'`).join(", ")} in region '${region}'`;
  return { check: "quotas", level: "warning", text, mend };
}

/** The quotas of SageMaker that are about processing jobs, by their names. */
async function readQuotas(aws: Aws, place: ReturnType<typeof placeOf>): Promise<Map<string, number>> {
  const quotas = new Map<string, number>();
  let NextToken: string | undefined;
  for (let page = 0; page < MOST_PAGES; page++) {
    const { body } = await aws.call({
      ...place,
      headers: {
        "content-type": "application/x-amz-json-1.1",
        "x-amz-target": `ServiceQuotasV20190624.${OPERATION}`,
      },
      body: JSON.stringify({ ServiceCode: "sagemaker", MaxResults: 100, NextToken }),
    });
    const answer = JSON.parse(body) as { Quotas?: Quota[]; NextToken?: string };
    for (const { QuotaName: name = "", Value: value = 0 } of answer.Quotas ?? []) {
      if (RATE.test(name) || /processing job/i.test(name)) quotas.set(name, value);
    }
    NextToken = answer.NextToken || undefined;
    if (NextToken === undefined) break;
  }
  return quotas;
}
