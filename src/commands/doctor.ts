import { systemClock } from "../runtime/clock.ts";
import { parseArguments } from "./arguments.ts";
import type { Command } from "./command.ts";
import { asUsage } from "./errors.ts";
import { list, oneOf, string } from "./flags.ts";

const spec = {
  name: "doctor",
  summary: "Checks what the operator needs of the cluster and of AWS, with the credentials that it is run with, " +
    "and says what is missing and how to mend it",
  flags: {
    "kubeconfig": string({
      help: "Path of a kubeconfig",
      placeholder: "FILE",
      defaultText: "in a cluster its own, else KUBECONFIG, else ~/.kube/config",
    }),
    "context": string({ help: "Context of the kubeconfig", defaultText: "its current one" }),
    "namespace": list({ help: "Namespaces that the operator watches", defaultText: "all", aliases: ["n"] }),
    "region": string({
      help: "Region that jobs run in",
      placeholder: "REGION",
      defaultText: "AWS_REGION, else AWS_DEFAULT_REGION",
    }),
    "endpoint-url": string({
      help: "SageMaker endpoint of all jobs whose spec names none",
      placeholder: "URL",
      defaultText: "AWS_DEFAULT_SAGEMAKER_ENDPOINT, else AWS_ENDPOINT_URL_SAGEMAKER, else AWS's own",
    }),
    "role-arn": string({ help: "A role that jobs run with: checks that it may be passed", placeholder: "ARN" }),
    "allowed-role-arns": list({ help: "What 'run' has as --allowed-role-arns", defaultText: "none" }),
    "output": oneOf(["text", "json"], { help: "Form of what is found", default: "text", aliases: ["o"] }),
  },
};

export const doctor: Command = {
  spec,
  async run(argv, { env, signal, stdout }) {
    const { flags } = parseArguments(spec, argv, env);
    // Clients that no other command needs are loaded here alone.
    const [{ examine }, { endpoints }, { findingLine, findingsJson, isFailure }] = await Promise.all([
      import("../doctor/examine.ts"),
      import("../sagemaker/endpoints.ts"),
      import("../doctor/finding.ts"),
    ]);
    const variables = Object.fromEntries(ENDPOINT_VARIABLES.map((name) => [name, env(name)]));
    const { operator: endpoint } = asUsage(() => endpoints({ endpointUrl: flags.endpointUrl, env: variables }));
    const findings = await examine({
      kubeconfig: flags.kubeconfig,
      context: flags.context,
      namespaces: flags.namespace,
      region: flags.region ?? (env("AWS_REGION") || env("AWS_DEFAULT_REGION") || undefined),
      endpoint,
      roleArn: flags.roleArn,
      allowedRoleArns: flags.allowedRoleArns,
      env,
      clock: systemClock,
      signal,
    });
    stdout(
      flags.output === "json"
        ? `${findingsJson(findings)}\n`
        : findings.map((finding) => `${findingLine(finding)}\n`).join(""),
    );
    const failures = findings.filter(isFailure).length;
    if (failures > 0) throw new Error(`Found ${failures} problem${failures === 1 ? "" : "s"}`);
  },
};

const ENDPOINT_VARIABLES = ["AWS_DEFAULT_SAGEMAKER_ENDPOINT", "AWS_ENDPOINT_URL_SAGEMAKER"];
