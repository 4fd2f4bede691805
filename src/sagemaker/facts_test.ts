import assert from "node:assert/strict";
import { FACTS, fieldName, memberName, operation, type Shape, shape, wholeMatch } from "./facts.ts";

Deno.test("facts hold every shape that a shape or an operation refers to, and no other", () => {
  const referred = new Set(
    Object.values(FACTS.operations).flatMap(({ input, output }) => output ? [input, output] : [input]),
  );
  for (const name of referred) for (const target of targets(shape(name))) referred.add(target);
  assert.deepEqual([...referred].sort(), Object.keys(FACTS.shapes).sort());
});

Deno.test("facts require only members that exist", () => {
  for (const [name, { required = [], members }] of structures()) {
    for (const member of required) assert.ok(member in members, `${name}.${member}`);
  }
});

Deno.test("every pattern of the facts compiles as a whole match", () => {
  const patterns = Object.values(FACTS.shapes).flatMap((shape) =>
    "pattern" in shape && shape.pattern ? [shape.pattern] : []
  );
  assert.ok(patterns.length > 20, "the facts hold patterns");
  for (const pattern of patterns) wholeMatch(pattern);
});

const MATCHES: [shape: string, value: string, matches: boolean][] = [
  ["RoleArn", "arn:aws:iam::123456789012:role/service-role/Name", true],
  ["RoleArn", "arn:aws-cn:iam::123456789012:role/Name", true],
  ["RoleArn", "xxxxxxxxxxxxxxxxxxxx", false],
  ["RoleArn", "x arn:aws:iam::123456789012:role/Name", false],
  ["RoleArn", "arn:aws:iam::12345678901:role/Name", false],
  ["S3Uri", "s3://bucket", true],
  ["S3Uri", "https://bucket/key", true],
  ["S3Uri", "ftp://bucket", false],
  ["ProcessingJobName", "a-b--c", true],
  ["ProcessingJobName", "a.b", false],
  ["ProcessingJobName", "a-", false],
  ["ProcessingEnvironmentKey", "_A1", true],
  ["ProcessingEnvironmentKey", "1A", false],
  ["TagKey", "Straße:1", true],
  ["TagKey", "a*b", false],
  ["AthenaCatalog", "a catalog, \u{1F600}", true],
  ["AthenaCatalog", "line\nbreak", false],
];
for (const [name, value, expected] of MATCHES) {
  Deno.test(`wholeMatch() says ${expected} of ${JSON.stringify(value)} as a ${name}`, () => {
    const target = shape(name);
    assert.ok(target.type === "string" && target.pattern);
    assert.equal(wholeMatch(target.pattern).test(value), expected);
  });
}

Deno.test("fieldName() and memberName() undo each other for every member", () => {
  for (const member of structures().flatMap(([, { members }]) => Object.keys(members))) {
    assert.equal(memberName(fieldName(member)), member);
    assert.match(fieldName(member), /^[a-z]/);
  }
});

Deno.test("an unknown operation or shape is an error that names it", () => {
  assert.throws(() => operation("CreateTrainingJob"), /'CreateTrainingJob'/);
  assert.throws(() => shape("Nothing"), /'Nothing'/);
});

function structures() {
  return Object.entries(FACTS.shapes).flatMap(([name, shape]) =>
    shape.type === "structure" ? [[name, shape] as const] : []
  );
}

function targets(shape: Shape): string[] {
  switch (shape.type) {
    case "structure":
      return Object.values(shape.members);
    case "list":
      return [shape.member];
    case "map":
      return [shape.key, shape.value];
    default:
      return [];
  }
}
