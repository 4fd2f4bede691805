import assert from "node:assert/strict";
import { systemClock } from "../runtime/clock.ts";
import { errorAnswer, jsonAnswer } from "../sagemaker/stand_in/answer.ts";
import { type HttpAnswer, HttpServer, type Outcome } from "../sagemaker/stand_in/http.ts";
import { checkAws } from "./aws.ts";
import { placeOf } from "../sagemaker/aws_endpoints.ts";
import { checkClock } from "./clock.ts";
import type { CheckName, Finding } from "./finding.ts";

const ROLE = "arn:aws:iam::123456789012:role/jobs";
const USER = "arn:aws:iam::123456789012:user/operator";

function xml(content: string, status = 200): HttpAnswer {
  return { status, headers: { "content-type": "text/xml" }, body: `<Response><Result>${content}</Result></Response>` };
}
const xmlError = (code: string, status = 403) =>
  xml(`<Error><Code>${code}</Code><Message>${code} it is</Message></Error>`, status);
const identity = (arn: string) => xml(`<Arn>${arn}</Arn><Account>123456789012</Account>`);

/** What each operation answers when all is well. */
const WELL: Record<string, Outcome> = {
  GetCallerIdentity: identity(USER),
  ListProcessingJobs: jsonAnswer({ ProcessingJobSummaries: [] }),
  SimulatePrincipalPolicy: xml("<EvalDecision>allowed</EvalDecision>"),
  FilterLogEvents: jsonAnswer({ events: [] }),
  ListServiceQuotas: jsonAnswer({
    Quotas: [
      { QuotaName: "Rate of CreateProcessingJob requests", Value: 1 },
      { QuotaName: "ml.m5.xlarge for processing job usage", Value: 4 },
      { QuotaName: "ml.m5.xlarge for training job usage", Value: 8 },
      { QuotaName: "ml.p4d.24xlarge for processing job usage", Value: 0 },
    ],
  }),
};

interface Asked {
  findings: Finding[];
  forms: Record<string, Record<string, string>>;
  of(check: CheckName): Finding | undefined;
}

/** All checks against services that answer as `answers` says. */
async function check(
  answers: Record<string, Outcome> = {},
  { region = "us-west-2", roleArn = ROLE, credentials = true, minutesAhead = 0, types = ["ml.m5.xlarge"] } = {},
): Promise<Asked> {
  const forms: Asked["forms"] = {};
  const server = new HttpServer("127.0.0.1", 0, ({ headers, body }) => {
    const form = Object.fromEntries(new URLSearchParams(body));
    const operation = form["Action"] ?? headers.get("x-amz-target")?.split(".").at(-1) ?? "";
    forms[operation] = form;
    const outcome = { ...WELL, ...answers }[operation]!;
    if (typeof outcome === "string") return outcome;
    const date = new Date(Date.now() + minutesAhead * 60_000).toUTCString();
    return { ...outcome, headers: { ...outcome.headers, date } };
  });
  const variables: Record<string, string> = credentials
    ? { AWS_ACCESS_KEY_ID: "AKIDEXAMPLE", AWS_SECRET_ACCESS_KEY: "of-no-use" }
    : { AWS_EC2_METADATA_DISABLED: "true", AWS_CONFIG_FILE: "/dev/null", AWS_SHARED_CREDENTIALS_FILE: "/dev/null" };
  const before = new Map(Object.keys(variables).map((name) => [name, Deno.env.get(name)]));
  if (!credentials) { for (const name of ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"]) Deno.env.delete(name); }
  for (const [name, value] of Object.entries(variables)) Deno.env.set(name, value);
  const url = `http://127.0.0.1:${server.port}`;
  try {
    const findings = await checkAws({
      region: region === "" ? undefined : region,
      endpoint: url,
      roleArn: roleArn === "" ? undefined : roleArn,
      instanceTypes: Promise.resolve(types),
      env: (name) => name === "AWS_ENDPOINT_URL" ? url : undefined,
      clock: systemClock,
      signal: new AbortController().signal,
    });
    return { findings, forms, of: (name) => findings.find(({ check }) => check === name) };
  } finally {
    for (const [name, value] of before) value === undefined ? Deno.env.delete(name) : Deno.env.set(name, value);
    await server.close();
  }
}

Deno.test("checkAws() finds all well, in order", async () => {
  const { findings, forms } = await check();
  assert.deepEqual(findings.map(({ check, level }) => `${check} ${level}`), [
    "credentials ok",
    "sagemaker ok",
    "clock ok",
    "pass-role ok",
    "logs ok",
    "quotas ok",
  ]);
  assert.deepEqual(forms["SimulatePrincipalPolicy"], {
    Action: "SimulatePrincipalPolicy",
    Version: "2010-05-08",
    PolicySourceArn: USER,
    "ActionNames.member.1": "iam:PassRole",
    "ResourceArns.member.1": ROLE,
    "ContextEntries.member.1.ContextKeyName": "iam:PassedToService",
    "ContextEntries.member.1.ContextKeyType": "string",
    "ContextEntries.member.1.ContextKeyValues.member.1": "sagemaker.amazonaws.com",
  });
});

const DENIED = errorAnswer("AccessDeniedException", "User is not authorized to perform it");
const SKEWED = "Signature expired: 20260101T000000Z is now earlier than 20260101T000500Z";
const table: [
  what: string,
  answers: Record<string, Outcome>,
  check: CheckName,
  level: Finding["level"],
  text: RegExp,
][] = [
  [
    "credentials that nobody knows",
    { GetCallerIdentity: xmlError("InvalidClientTokenId") },
    "credentials",
    "failure",
    /InvalidClientTokenId it is/,
  ],
  [
    "an STS that does not answer",
    { GetCallerIdentity: "reset" },
    "credentials",
    "warning",
    /^STS does not confirm .*: Cannot reach STS at/,
  ],
  [
    "a refused list",
    { ListProcessingJobs: DENIED },
    "sagemaker",
    "failure",
    /^ListProcessingJobs fails: AccessDeniedException: User is/,
  ],
  [
    "a SageMaker that does not answer",
    { ListProcessingJobs: "reset" },
    "sagemaker",
    "failure",
    /^ListProcessingJobs fails: Cannot reach SageMaker at/,
  ],
  [
    "a role that may not be passed",
    { SimulatePrincipalPolicy: xml("<EvalDecision>implicitDeny</EvalDecision>") },
    "pass-role",
    "failure",
    /may not pass 'arn:aws:iam::123456789012:role\/jobs': implicitDeny$/,
  ],
  [
    "a simulation that is refused",
    { SimulatePrincipalPolicy: xmlError("AccessDenied") },
    "pass-role",
    "warning",
    /^Cannot tell whether .*: AccessDenied: AccessDenied it is$/,
  ],
  [
    "a role of a path that is not known",
    { SimulatePrincipalPolicy: xmlError("NoSuchEntity", 404) },
    "pass-role",
    "warning",
    /NoSuchEntity it is$/,
  ],
  ["an answer without a decision", { SimulatePrincipalPolicy: xml("") }, "pass-role", "warning", /holds no decision$/],
  [
    "no log group yet",
    { FilterLogEvents: errorAnswer("ResourceNotFoundException", "none") },
    "logs",
    "ok",
    /is not there yet/,
  ],
  [
    "logs that may not be read",
    { FilterLogEvents: DENIED },
    "logs",
    "warning",
    /^Cannot read .*: AccessDeniedException/,
  ],
  [
    "an identity that can't be simulated",
    { GetCallerIdentity: identity("arn:aws:iam::123456789012:root") },
    "pass-role",
    "warning",
    /can't simulate these credentials$/,
  ],
];
for (const [what, answers, name, level, text] of table) {
  Deno.test(`checkAws() sees ${what}`, async () => {
    const { of, findings } = await check(answers);
    assert.equal(of(name)?.level, level, JSON.stringify(findings));
    assert.match(of(name)!.text, text);
    assert.ok(level !== "failure" || findings.filter((finding) => finding.level === "failure").length === 1);
  });
}

Deno.test("checkAws() simulates the role behind a session", async () => {
  const { forms } = await check({
    GetCallerIdentity: identity("arn:aws-cn:sts::123456789012:assumed-role/operator/pod-1"),
  }, { region: "cn-north-1" });
  assert.equal(forms["SimulatePrincipalPolicy"]?.["PolicySourceArn"], "arn:aws-cn:iam::123456789012:role/operator");
});

Deno.test("checkAws() sees a clock that is too far off, also where that has its calls refused", async () => {
  const refused = await check({ GetCallerIdentity: xmlError("SignatureDoesNotMatch") }, { minutesAhead: 7 });
  assert.equal(refused.of("clock")?.level, "failure");
  assert.match(refused.of("clock")!.text, /^This machine's clock is 4\d\d s behind AWS's$/);
  const late = await check({
    GetCallerIdentity: xml(`<Error><Code>SignatureDoesNotMatch</Code><Message>${SKEWED}</Message></Error>`, 403),
  }, { minutesAhead: 7 });
  assert.equal(late.of("credentials")?.level, "warning");
});

Deno.test("checkAws() says that there are no credentials, and asks nothing", async () => {
  const { findings, forms } = await check({}, { credentials: false });
  assert.deepEqual(findings.map(({ check, level }) => `${check} ${level}`), ["credentials failure"]);
  assert.match(findings[0]!.text, /^Cannot get AWS credentials: .*give the operator one of/);
  assert.deepEqual(forms, {});
});

Deno.test("checkAws() asks SageMaker nothing without a region, and IAM nothing without a role", async () => {
  const { findings } = await check({}, { region: "", roleArn: "" });
  assert.deepEqual(findings.map(({ check, level }) => `${check} ${level}`), [
    "credentials ok",
    "sagemaker warning",
    "clock ok",
  ]);
  const { of } = await check({}, { roleArn: "jobs" });
  assert.equal(of("pass-role")?.text, "'jobs' must be the ARN of a role");
});

Deno.test("checkClock() takes half a minute, warns up to five, and refuses then", () => {
  const levels = [0, 29_000, -29_000, 31_000, -299_000, 300_000, -301_000].map((ms) => checkClock(ms)?.level);
  assert.deepEqual(levels, ["ok", "ok", "ok", "warning", "warning", "failure", "failure"]);
  assert.match(checkClock(-60_000)!.text, /60 s ahead of AWS's$/);
  assert.equal(checkClock(undefined), undefined);
});

Deno.test("placeOf() finds services by the SDKs' variables, else in their partition", () => {
  const none = () => undefined;
  const table: [Parameters<typeof placeOf>, url: string, region: string][] = [
    [["sts", "us-west-2", none], "https://sts.us-west-2.amazonaws.com", "us-west-2"],
    [["logs", "cn-north-1", none], "https://logs.cn-north-1.amazonaws.com.cn", "cn-north-1"],
    [["iam", "eu-west-1", none], "https://iam.amazonaws.com", "us-east-1"],
    [["iam", "us-gov-east-1", none], "https://iam.us-gov.amazonaws.com", "us-gov-west-1"],
    [["iam", "cn-north-1", none], "https://iam.cn-north-1.amazonaws.com.cn", "cn-north-1"],
    [["iam", "eusc-de-east-1", none], "https://iam.eusc-de-east-1.amazonaws.eu", "eusc-de-east-1"],
    [["sts", "eusc-de-east-1", none], "https://sts.eusc-de-east-1.amazonaws.eu", "eusc-de-east-1"],
    [
      ["logs", "us-west-2", (name) => name === "AWS_ENDPOINT_URL_CLOUDWATCH_LOGS" ? "http://a" : "http://b"],
      "http://a",
      "us-west-2",
    ],
    [["sts", "us-west-2", (name) => name === "AWS_ENDPOINT_URL" ? "http://b" : undefined], "http://b", "us-west-2"],
  ];
  for (const [args, url, region] of table) assert.deepEqual(placeOf(...args), { service: args[0], region, url });
});

Deno.test("checkAws() tells the quotas of processing jobs for the instance types in use", async () => {
  const { of } = await check();
  assert.equal(
    of("quotas")?.text,
    "'Rate of CreateProcessingJob requests' is 1; 'ml.m5.xlarge for processing job usage' is 4",
  );
});

Deno.test("checkAws() warns of an instance type in use that has no quota", async () => {
  const { of } = await check({}, { types: ["ml.g5.xlarge", "ml.m5.xlarge", "ml.p4d.24xlarge"] });
  assert.equal(of("quotas")?.level, "warning");
  assert.equal(
    of("quotas")?.mend,
    "request a quota for 'ml.g5.xlarge for processing job usage', 'ml.p4d.24xlarge for processing job usage' in region 'us-west-2'",
  );
});

Deno.test("checkAws() takes a missing permission for Service Quotas for a warning, and says what to allow", async () => {
  const { of } = await check({ ListServiceQuotas: errorAnswer("AccessDeniedException", "not authorized") });
  assert.equal(of("quotas")?.level, "warning");
  assert.match(of("quotas")?.mend ?? "", /servicequotas:ListServiceQuotas/);
});
