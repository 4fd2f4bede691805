import assert from "node:assert/strict";
import { brokenRules, REPEATED_TAG, type RuledRequest, SHARED_PATH } from "./request_rules.ts";

const CLUSTER = { InstanceType: "ml.m5.large", InstanceCount: 1 };
const S3 = { LocalPath: "/opt/ml/processing/in" };
const OTHER = { LocalPath: "/opt/ml/processing/out" };
const ATHENA = { LocalPath: "/opt/ml/processing/query", AthenaDatasetDefinition: {} };

type Inputs = RuledRequest["ProcessingInputs"];
type Outputs = NonNullable<RuledRequest["ProcessingOutputConfig"]>["Outputs"];
type Cluster = RuledRequest["ProcessingResources"]["ClusterConfig"];

function rules(parts: { inputs?: Inputs; outputs?: Outputs; cluster?: Cluster; tags?: string[] }): string[] {
  return brokenRules({
    ...(parts.tags && { Tags: parts.tags.map((Key) => ({ Key })) }),
    ...(parts.inputs && { ProcessingInputs: parts.inputs }),
    ...(parts.outputs && { ProcessingOutputConfig: { Outputs: parts.outputs } }),
    ProcessingResources: { ClusterConfig: parts.cluster ?? CLUSTER },
  });
}

Deno.test("brokenRules() has nothing against requests that follow them", () => {
  const right: Parameters<typeof rules>[0][] = [
    {},
    { inputs: [{ InputName: "a", S3Input: S3 }, { InputName: "b", DatasetDefinition: ATHENA }] },
    { inputs: [{ InputName: "a", AppManaged: true, S3Input: {} }] },
    { inputs: [{ InputName: "a", S3Input: { ...S3, S3InputMode: "Pipe", S3CompressionType: "Gzip" } }] },
    { inputs: [{ InputName: "a", S3Input: { LocalPath: "/elsewhere", S3CompressionType: "None" } }] },
    {
      inputs: [{ InputName: "a", S3Input: S3 }, { InputName: "b", S3Input: { LocalPath: `${S3.LocalPath}/nested` } }],
      outputs: [{ OutputName: "a", S3Output: OTHER }, { OutputName: "b", S3Output: OTHER }],
    },
    {
      inputs: [{ InputName: "a", S3Input: S3 }, { InputName: "b", AppManaged: true, S3Input: S3 }, {
        InputName: "c",
        AppManaged: true,
        DatasetDefinition: { ...ATHENA, ...S3 },
      }],
      outputs: [{ OutputName: "a", AppManaged: true, S3Output: S3 }],
    },
    { tags: ["team", "Team", "aws-like"] },
    { outputs: [{ OutputName: "a", S3Output: S3 }, { OutputName: "b", AppManaged: true, FeatureStoreOutput: {} }] },
    { cluster: { InstancePreferences: [{ InstanceType: "x" }, { InstanceType: "y" }], InstanceCount: 2 } },
    {
      cluster: {
        InstancePreferences: [{ InstanceType: "x", InstanceCount: 1 }, { InstanceType: "y", InstanceCount: 2 }],
      },
    },
  ];
  for (const parts of right) assert.deepEqual(rules(parts), [], JSON.stringify(parts));
});

Deno.test("brokenRules() names each rule that is broken", () => {
  const both = "Input 'a' must have exactly one of S3Input and DatasetDefinition";
  const counts = "InstanceCount must be on every one of InstancePreferences or on ClusterConfig alone";
  const table: [Parameters<typeof rules>[0], string[]][] = [
    [{ inputs: [{ InputName: "a" }] }, [both]],
    [{ inputs: [{ InputName: "a", S3Input: S3, DatasetDefinition: ATHENA }] }, [both]],
    [{ inputs: [{ InputName: "a", DatasetDefinition: { LocalPath: "/x" } }] }, [
      "Input 'a' must have exactly one of AthenaDatasetDefinition and RedshiftDatasetDefinition",
    ]],
    [{ inputs: [{ InputName: "a", S3Input: {} }] }, ["Input 'a' must have a LocalPath unless it is AppManaged"]],
    [{ inputs: [{ InputName: "a", DatasetDefinition: { AthenaDatasetDefinition: {} } }] }, [
      "Input 'a' must have a LocalPath unless it is AppManaged",
    ]],
    [{ inputs: [{ InputName: "a", S3Input: { ...S3, S3CompressionType: "Gzip" } }] }, [
      "Input 'a' must have S3InputMode Pipe for S3CompressionType Gzip",
    ]],
    [{ inputs: ["a", "b", "a", "a"].map((InputName, i) => ({ InputName, S3Input: { LocalPath: `/${i}` } })) }, [
      "Input name 'a' must be unique",
    ]],
    [{ outputs: [{ OutputName: "a" }] }, ["Output 'a' must have exactly one of S3Output and FeatureStoreOutput"]],
    [{ outputs: [{ OutputName: "a", FeatureStoreOutput: {} }] }, [
      "Output 'a' must be AppManaged for a FeatureStoreOutput",
    ]],
    [{ outputs: [{ OutputName: "a", S3Output: {} }] }, ["Output 'a' must have a LocalPath unless it is AppManaged"]],
    [{ outputs: ["a", "a"].map((OutputName) => ({ OutputName, S3Output: S3 })) }, ["Output name 'a' must be unique"]],
    [{ inputs: ["a", "b"].map((InputName) => ({ InputName, S3Input: S3 })) }, [SHARED_PATH]],
    [{
      inputs: [{ InputName: "a", S3Input: S3 }, { InputName: "b", DatasetDefinition: { ...ATHENA, ...S3 } }],
    }, [SHARED_PATH]],
    [{ inputs: [{ InputName: "a", S3Input: S3 }], outputs: [{ OutputName: "b", S3Output: S3 }] }, [SHARED_PATH]],
    [{ tags: ["a", "b", "a"] }, [REPEATED_TAG]],
    [{ cluster: {} }, ["ClusterConfig must have exactly one of InstanceType and InstancePreferences"]],
    [{ cluster: { ...CLUSTER, InstancePreferences: [{ InstanceType: "x" }] } }, [
      "ClusterConfig must have exactly one of InstanceType and InstancePreferences",
    ]],
    [{ cluster: { ...CLUSTER, SelectedInstanceType: "x" } }, [
      "ClusterConfig must not have SelectedInstanceType or SelectedInstanceCount, which are set by the service",
    ]],
    [{ cluster: { InstancePreferences: [{ InstanceType: "x" }, { InstanceType: "x" }] } }, [
      "Instance type 'x' must be unique in InstancePreferences",
    ]],
    [{ cluster: { InstancePreferences: [{ InstanceType: "x", InstanceCount: 1 }, { InstanceType: "y" }] } }, [counts]],
    [{ cluster: { InstancePreferences: [{ InstanceType: "x", InstanceCount: 1 }], InstanceCount: 1 } }, [counts]],
  ];
  for (const [parts, broken] of table) assert.deepEqual(rules(parts), broken, JSON.stringify(parts));
});
