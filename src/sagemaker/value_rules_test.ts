import assert from "node:assert/strict";
import { brokenValues } from "./broken_values.ts";
import { FACTS, operation } from "./facts.ts";
import { keeps, messageOf, valueRules } from "./value_rules.ts";

const REQUEST = operation("CreateProcessingJob").input;

/** Texts of which the rules for a shape hold, and such of which they don't. */
const TABLE: Record<string, [kept: string[], broken: string[]]> = {
  ContainerArgument: [["a", " ", "a\tb", "é"], ["", "a\nb", "\r", "a\u2028"]],
  ImageUri: [
    ["123456789012.dkr.ecr.us-west-2.amazonaws.com/a", "123456789012.dkr-ecr-fips.us-east-1.on.aws/a/b:c@sha256:d"],
    ["", "a", "123456789012.dkr.ecr.us-west-2.amazonaws.com/", "x123456789012.dkr.ecr.us-west-2.amazonaws.com/a"],
  ],
  ProcessingLocalPath: [["/", "/a b"], ["", "a", " /a", "/a\n"]],
  ProcessingInstanceType: [["ml.m5.xlarge", "ml.u-6tb1.metal", "ml.p6e-gb200.36xlarge"], ["ml.", "m5.xlarge", "ml.M5"]],
  TagKey: [["team", "aws", "awsome:x", "x-aws:y"], [
    "aws:",
    "AWS:x",
    "sagemaker-operator/uid",
    "SageMaker-Operator/x",
    " \u00a0sagemaker-operator/",
  ]],
  RedshiftDatabase: [["", "dev"], ["a\nb"]],
  KmsKeyId: [["", "a\nb"], []],
};
for (const [shape, [kept, broken]] of Object.entries(TABLE)) {
  Deno.test(`the rules for a ${shape} hold of what SageMaker takes, and of nothing else`, () => {
    const holds = (text: string) => valueRules(shape).every((rule) => keeps(rule, text));
    for (const text of kept) assert.ok(holds(text), JSON.stringify(text));
    for (const text of broken) assert.ok(!holds(text), JSON.stringify(text));
  });
}

Deno.test("the rules for an instance type hold of every type that the model knows", () => {
  const types = FACTS.shapes["ProcessingInstanceType"];
  assert.ok(types?.type === "string" && types.enum);
  for (const type of types.enum) {
    assert.ok(valueRules("ProcessingInstanceType").every((rule) => keeps(rule, type)), type);
  }
});

Deno.test("brokenValues() says where, and what the service answers; unknown members and other types are passed over", () => {
  const found = brokenValues(REQUEST, {
    Unknown: "",
    AppSpecification: { ImageUri: 5, ContainerArguments: ["a", "", null], ContainerEntrypoint: "" },
    ProcessingInputs: [{ InputName: "a" }, { InputName: "" }, 1],
    Tags: null,
  });
  assert.deepEqual(found.map(({ path, answer }) => [path, answer]), [
    [
      "appSpecification.containerArguments.2.member",
      "Found null or empty string in ContainerArguments at index 1. " +
      "ContainerArguments and ContainerEntrypoint may not contain null or empty strings.",
    ],
    ["processingInputs.2.member.inputName", messageOf(found[1]!.rule)],
  ]);
});
