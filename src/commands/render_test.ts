import assert from "node:assert/strict";
import { parse, stringify } from "yaml";
import { runCommand } from "./main.ts";
import { renderRequests } from "./render.ts";

const UID = "12345678-90ab-cdef-1234-567890abcdef";

function yaml(spec = ""): string {
  return `
apiVersion: sagemaker.aws.amazon.com/v1
kind: ProcessingJob
metadata:
  name: kmeans.mnist
spec:
  region: us-west-2
  roleArn: arn:aws:iam::123456789012:role/execution
  appSpecification: {imageUri: 123456789012.dkr.ecr.us-west-2.amazonaws.com/hello-world}
  processingResources: {clusterConfig: {instanceCount: 1, instanceType: ml.new.large, volumeSizeInGB: 5}}
${spec}`;
}

async function render(content: string | undefined, ...argv: string[]) {
  const file = await Deno.makeTempFile();
  let [stdout, stderr] = ["", ""];
  try {
    if (content !== undefined) await Deno.writeTextFile(file, content);
    const code = await runCommand(["render", ...content === undefined ? [] : ["-f", file], ...argv], {
      env: () => undefined,
      signal: new AbortController().signal,
      stdout: (text) => stdout += text,
      stderr: (text) => stderr += text,
    });
    return { code, stdout, stderr: stderr.replaceAll(file, "FILE") };
  } finally {
    await Deno.remove(file);
  }
}

Deno.test("render prints the request of a resource, in the model's order, with a UID of zeros", async () => {
  const { code, stdout, stderr } = await render(yaml("  networkConfig: {enableNetworkIsolation: false}"));
  assert.deepEqual([code, stderr], [0, ""]);
  assert.equal(
    stdout,
    `{
  "ProcessingJobName": "kmeans-mnist-00000000000000000000000000000000",
  "ProcessingResources": {
    "ClusterConfig": {
      "InstanceCount": 1,
      "InstanceType": "ml.new.large",
      "VolumeSizeInGB": 5
    }
  },
  "AppSpecification": {
    "ImageUri": "123456789012.dkr.ecr.us-west-2.amazonaws.com/hello-world"
  },
  "NetworkConfig": {
    "EnableNetworkIsolation": false
  },
  "RoleArn": "arn:aws:iam::123456789012:role/execution"
}
`,
  );
});

Deno.test("render makes the job's name from --uid", async () => {
  const { stdout } = await render(yaml(), "--uid", UID);
  assert.equal(JSON.parse(stdout).ProcessingJobName, "kmeans-mnist-1234567890abcdef1234567890abcdef");
});

Deno.test("render prints a list for several resources and passes over empty documents", async () => {
  const { stdout } = await render(`${yaml()}\n---\n# nothing\n---${yaml()}\n---\n`);
  assert.equal(JSON.parse(stdout).length, 2);
});

Deno.test("render takes lists, as kubectl get -o yaml prints them", async () => {
  const [one, two] = [yaml(), yaml().replace("kmeans.mnist", "other")].map((text) => parse(text));
  for (const kind of ["List", "ProcessingJobList"]) {
    const list = { apiVersion: kind === "List" ? "v1" : one.apiVersion, kind, items: [one, two] };
    const { stdout, stderr } = await render(stringify(list));
    assert.equal(stderr, "");
    assert.deepEqual(
      JSON.parse(stdout).map(({ ProcessingJobName }: { ProcessingJobName: string }) => ProcessingJobName),
      [
        `kmeans-mnist-${"0".repeat(32)}`,
        `other-${"0".repeat(32)}`,
      ],
    );
  }
  // kubectl takes lists of lists too.
  const nested = { apiVersion: "v1", kind: "List", items: [{ apiVersion: "v1", kind: "List", items: [one] }, two] };
  assert.equal(JSON.parse((await render(stringify(nested))).stdout).length, 2);
  delete two.spec.region;
  const { stderr } = await render(stringify({ apiVersion: "v1", kind: "List", items: [one, two] }));
  assert.match(stderr, /^Item 2: 'spec.region' must be set$/m);
});

Deno.test("render takes a generateName, and shows zeros for what the cluster makes up", async () => {
  const { code, stdout } = await render(yaml().replace("name: kmeans.mnist", "generateName: nightly-"));
  assert.equal(code, 0);
  assert.equal(JSON.parse(stdout).ProcessingJobName, `nightly-00000-${"0".repeat(32)}`);
});

Deno.test("render passes over other kinds in a stream, and says which", async () => {
  const other = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: settings}\n";
  const { code, stdout, stderr } = await render(`${other}---${yaml()}`);
  assert.deepEqual([code, stderr], [0, "Document 1: Passed over, it is a 'ConfigMap' of 'v1'\n"]);
  assert.equal(JSON.parse(stdout).ProcessingJobName, `kmeans-mnist-${"0".repeat(32)}`);

  const none = await render(other);
  assert.equal(none.code, 1);
  assert.match(none.stderr, /Cannot render 'FILE': it holds no ProcessingJob\n$/);
  const misspelt = await render(yaml().replace("kind: ProcessingJob", "kind: ProcesingJob"));
  assert.match(misspelt.stderr, /^It must be a ProcessingJob of '.*': it is a 'ProcesingJob' of /);
});

Deno.test("render tells at once of fields that there aren't and of values that are wrong", async () => {
  const { stderr } = await render(yaml("  regoin: x\n  stoppingCondition: {maxRuntimeInSeconds: 0}"));
  assert.match(stderr, /^Unknown field 'spec.regoin'/m);
  assert.match(stderr, /^Value '0' at 'spec.stoppingCondition.maxRuntimeInSeconds' /m);
  assert.match(stderr, /it has 2 problems\n$/);
});

Deno.test("render refuses with exit 1 and a line for each problem, printing no request", async () => {
  const { code, stdout, stderr } = await render(yaml("  regoin: x\n  tags: [{kee: a}]"));
  assert.deepEqual([code, stdout], [1, ""]);
  assert.equal(
    stderr,
    "Unknown field 'spec.regoin'; did you mean 'region'?\n" +
      "Unknown field 'spec.tags[0].kee'; did you mean 'key'?\n" +
      "sagemaker-operator: Cannot render 'FILE': it has 2 problems\n",
  );
});

Deno.test("render says what it can't do with one line", async () => {
  assert.deepEqual(await render(undefined), {
    code: 2,
    stdout: "",
    stderr: "sagemaker-operator: Flag '--file' must name a file, or - for stdin\n",
  });
  assert.deepEqual(await render(undefined, "-f", "/nonexistent/x.yaml"), {
    code: 1,
    stdout: "",
    stderr: "sagemaker-operator: Cannot read '/nonexistent/x.yaml': the file does not exist\n",
  });
  assert.equal((await render("")).stderr, "sagemaker-operator: Cannot render 'FILE': it holds no ProcessingJob\n");
});

Deno.test("renderRequests() names what is wrong with a document", () => {
  const table: [string, RegExp][] = [
    ["a: b: c", /^It is not YAML: /],
    ["[1, 2]", /^It must be a ProcessingJob of 'sagemaker.aws.amazon.com\/v1': it has no kind$/],
    ["just text", /^It must be a ProcessingJob/],
    [
      "kind: ProcessingJob\napiVersion: sagemaker.services.k8s.aws/v1alpha1",
      /of 'sagemaker.services.k8s.aws\/v1alpha1'$/,
    ],
    [yaml().replace("name: kmeans.mnist", "labels: {}"), /^'metadata.name' must be set$/],
    [yaml().replace(/spec:[^]*/, ""), /^'spec' must hold the fields/],
    [yaml().replace("region: us-west-2", ""), /^'spec.region' must be set$/],
    [yaml().replace("us-west-2", '" us-west-2"'), /^'spec.region' must be the name of a region, as in us-west-2$/],
    [yaml().replace("us-west-2", "us_west_2"), /^'spec.region' must be the name of a region/],
    [yaml("  sageMakerEndpoint: example.com"), /^'spec.sageMakerEndpoint' must be a URL that begins with https:/],
    [yaml().replace("name: kmeans.mnist", "name: 5"), /^'metadata.name' must be a string; put it in quotes$/],
    [yaml().replace("name: kmeans.mnist", "generateName: 5"), /^'metadata.generateName' must be a string; /],
    [yaml("  environment: [{value: b}]"), /^'spec.environment\[0\].name' must be set$/],
    [yaml("  environment: {A: b}"), /^'spec.environment' must be a list of 'name' and 'value'$/],
    [yaml("  environment: [A]"), /^'spec.environment\[0\]' must have a 'name' and a 'value'$/],
    [
      yaml("  environment: [{name: A, valu: b}]"),
      /^Unknown field 'spec.environment\[0\].valu'; did you mean 'value'\?$/,
    ],
    [
      yaml(
        "  environment: [{name: A, valueFrom: {secretKeyRf: {name: s, key: k}, configMapKeyRef: {name: s, key: k}}}]",
      ),
      /^Unknown field 'spec.environment\[0\].valueFrom.secretKeyRf'; did you mean 'secretKeyRef'\?$/,
    ],
    [
      yaml("  environment: [{name: A, valueFrom: {secretKeyRef: {name: s, key: k, optinal: true}}}]"),
      /^Unknown field 'spec.environment\[0\].valueFrom.secretKeyRef.optinal'; did you mean 'optional'\?$/,
    ],
    [
      yaml("  environment: [{name: A, valueFrom: {secretKeyRef: {name: s}}}]"),
      /^'spec.environment\[0\].valueFrom.secretKeyRef' must have a 'name' and a 'key'$/,
    ],
    [
      yaml("  environment: [{name: A, valueFrom: {}}]"),
      /^'spec.environment\[0\].valueFrom' must have either a 'secretKeyRef' or a 'configMapKeyRef'$/,
    ],
    [
      yaml("  environment: [{name: A, value: x, valueFrom: {secretKeyRef: {name: s, key: k}}}]"),
      /^'spec.environment\[0\].valueFrom' must stand without a 'value'$/,
    ],
    [
      yaml("  retryPolicy: {maxAttempt: 2}"),
      /^Unknown field 'spec.retryPolicy.maxAttempt'; did you mean 'maxAttempts'\?$/,
    ],
    [yaml("  retryPolicy: {maxAttempts: 11}"), /^'spec.retryPolicy.maxAttempts' must be a whole number from 1 to 10$/],
    [
      yaml("  retryPolicy: {retryOn: [Capacity]}"),
      /^'spec.retryPolicy.retryOn' must be a list of some of 'CapacityError', /,
    ],
    [yaml("  retryPolicy: 3"), /^'spec.retryPolicy' must be a mapping/],
    [yaml("  deletionPolicy: Keep"), /^'spec.deletionPolicy' must be one of 'Stop', 'Retain', 'Delete'$/],
    [yaml("  suspend: 'true'"), /^'spec.suspend' must be true or false$/],
    [yaml("  processingJobName: x"), /^Unknown field 'spec.processingJobName'/],
    [yaml("  processingInputs: x"), /'spec.processingInputs' has the wrong type: expected list$/],
    [
      yaml("  processingInputs: [{inputName: a}]"),
      /^Input 'a' must have exactly one of S3Input and DatasetDefinition$/,
    ],
    [
      yaml("  processingInputs: [{inputName: a, s3Input: {s3DataType: S3Prefix}}]"),
      /at 'spec.processingInputs\[0\].s3Input.s3Uri'/,
    ],
    [
      yaml("  stoppingCondition: {maxRuntimeInSeconds: 0}"),
      /^Value '0' at 'spec.stoppingCondition.maxRuntimeInSeconds' /,
    ],
    [yaml().replace("role/execution", "user/me"), /at 'spec.roleArn' failed .* pattern/],
  ];
  for (const [text, expected] of table) {
    const { problems } = renderRequests(text, UID);
    assert.equal(problems.length, 1, `${text}\n${problems.join("\n")}`);
    assert.match(problems[0]!, expected);
  }
});

Deno.test("renderRequests() tells the documents of a file apart and never shows environment values", () => {
  const secret = yaml(`  environment: [{name: "1A", value: hunter2}]`);
  const { problems } = renderRequests(`${yaml()}\n---\n${secret}`, UID);
  assert.equal(problems.length, 1);
  assert.match(problems[0]!, /^Document 2: Value at 'spec.environment'/);
  assert.ok(!problems[0]!.includes("hunter2"));
});

Deno.test("renderRequests() shows where a value would be read from", () => {
  const { requests, problems } = renderRequests(
    yaml("  environment: [{name: A, valueFrom: {secretKeyRef: {name: db, key: password}}}]"),
    UID,
  );
  assert.deepEqual(problems, []);
  assert.deepEqual(requests[0]?.Environment, { A: "(key 'password' of Secret 'db')" });
});

Deno.test("render warns of what SageMaker may refuse, and prints the request all the same", async () => {
  const { code, stdout, stderr } = await render(yaml().replace("dkr.ecr.", "dkr.ecr-fips."));
  assert.equal(code, 0);
  assert.ok(JSON.parse(stdout));
  assert.match(stderr, /^Warning: SageMaker may not take an image of '123456789012\.dkr\.ecr-fips\..*\n$/);
});
