import { getLogger } from "@logtape/logtape";
import { DELETION_POLICIES } from "../api/policies.ts";
import { type GLOBS, parseGlobs } from "../api/globs.ts";
import { type Partition, PARTITION_NAMES } from "../sagemaker/region.ts";
import { VERSION } from "../api/version.ts";
import { systemClock } from "../runtime/clock.ts";
import { parseBindAddress } from "../telemetry/http.ts";
import { configureLog, LOG_FORMATS, LOG_LEVELS } from "../telemetry/log.ts";
import { parseArguments } from "./arguments.ts";
import type { Command } from "./command.ts";
import { asUsage } from "./errors.ts";
import { boolean, duration, integer, list, oneOf, string } from "./flags.ts";

const log = getLogger(["operator"]);

const spec = {
  name: "run",
  summary: "Runs the controller: creates, follows and stops the SageMaker jobs of ProcessingJob resources",
  flags: {
    "kubeconfig": string({
      help: "Path of a kubeconfig",
      placeholder: "FILE",
      defaultText: "in a cluster its own, else KUBECONFIG, else ~/.kube/config",
    }),
    "context": string({ help: "Context of the kubeconfig", defaultText: "its current one" }),
    "namespace": list({ help: "Namespaces to watch; needs no cluster-wide permission", defaultText: "all" }),
    "selector": string({ help: "Watches only resources with these labels, as team=a", placeholder: "SELECTOR" }),
    "max-concurrent-reconciles": integer({ help: "How many resources are worked on at once", default: 16, min: 1 }),
    "poll-interval": duration({
      help: "Shortest time between two polls of SageMaker, whatever the number of jobs",
      default: "1s",
      min: "100ms",
    }),
    "status-heartbeat": duration({
      help: "How old lastCheckTime may get while nothing changes",
      default: "5m",
      min: "1s",
    }),
    "status-staleness-limit": duration({
      help: "How long looks at SageMaker may fail before the status says so",
      default: "30s",
      min: "1s",
    }),
    "health-probe-bind-address": string({
      help: "Where /healthz and /readyz are served; 0 for nowhere",
      placeholder: "ADDRESS",
      default: ":8081",
    }),
    "endpoint-url": string({
      help: "SageMaker endpoint of all jobs whose spec names none",
      placeholder: "URL",
      defaultText: "AWS_DEFAULT_SAGEMAKER_ENDPOINT, else AWS_ENDPOINT_URL_SAGEMAKER, else AWS's own",
    }),
    "allowed-endpoints": list({
      help: "Globs like https://*.example.com:* that spec.sageMakerEndpoint may match, beside AWS's own endpoints",
    }),
    "allowed-role-arns": list({
      help: "Globs that the roles of jobs must match; a Namespace's annotation may narrow them, not widen",
      defaultText: "all",
    }),
    "allowed-regions": list({ help: "The same for their regions", defaultText: "all" }),
    "allowed-partitions": list({
      help: `Partitions of AWS that jobs may run in besides the operator's own: ${PARTITION_NAMES.join(", ")}`,
      defaultText: "none",
    }),
    "namespace-annotations-widen": boolean({
      help: "A Namespace's allowed-role-arns and allowed-regions take the place of the flags",
    }),
    "allowed-assume-role-arns": list({
      help: "Globs of the roles that a Namespace's annotation assume-role-arn may name",
      defaultText: "none",
    }),
    "allow-external-id-annotation": boolean({
      help: "A Namespace's annotation external-id takes the place of the operator's own external id",
    }),
    "no-namespace-annotations": boolean({
      help: "Doesn't read Namespaces: their annotations don't hold, and the flags alone do",
    }),
    "no-job-tags": boolean({ help: "Leaves the operator's own tags off jobs" }),
    "default-ttl-seconds-after-finished": integer({
      help: "Deletes resources so many seconds after their job's end, unless their spec says when",
      min: 0,
      defaultText: "never",
    }),
    "default-deletion-policy": oneOf(DELETION_POLICIES, {
      help: "What becomes of the job of a resource that is deleted, unless its spec says so",
      defaultText: "Stop",
    }),
    "log-lines-on-failure": integer({
      help: "How many of its last log lines the Event of a failed job gets; needs logs:FilterLogEvents",
      default: 0,
      min: 0,
    }),
    "log-level": oneOf(LOG_LEVELS, { help: "The least that is logged", default: "info" }),
    "log-format": oneOf(LOG_FORMATS, { help: "Form of the log", defaultText: "text on a terminal, else json" }),
    "leader-elect": boolean({
      help: "Works only while this replica holds a lease, so that several can run and one works",
      aliases: ["enable-leader-election"],
    }),
    "leader-election-namespace": string({
      help: "Namespace of the lease",
      defaultText: "in a cluster its own, else that of the context",
    }),
    "leader-election-id": string({ help: "Name of the lease", default: "sagemaker-operator" }),
    "metrics-bind-address": string({
      help: "Where /metrics is served, for Prometheus; 0 for nowhere",
      placeholder: "ADDRESS",
      aliases: ["metrics-addr"],
      default: ":8080",
    }),
    "memory-limit": integer({
      help: "Bytes of memory that the process may take; that it comes close to them is logged",
      placeholder: "BYTES",
      defaultText: "not known",
      min: 1,
    }),
    "metrics-authorization": boolean({
      help: "Serves /metrics only to bearer tokens that may get it (TokenReview, SubjectAccessReview)",
    }),
  },
};

function globsOf(flag: string, kind: keyof typeof GLOBS, texts: string[]): string[] {
  try {
    return parseGlobs(kind, texts);
  } catch (error) {
    throw new TypeError(`Cannot use the value of --${flag}: ${(error as Error).message}`, { cause: error });
  }
}

function partitionsOf(texts: string[]): Partition[] {
  return texts.map((text) => {
    const partition = PARTITION_NAMES.find((each) => each === text);
    if (partition !== undefined) return partition;
    throw new TypeError(
      `Cannot use the value of --allowed-partitions: '${text}' must be one of ${PARTITION_NAMES.join(", ")}`,
    );
  });
}

export const run: Command = {
  spec,
  async run(argv, { env, signal }) {
    const { flags } = parseArguments(spec, argv, env);
    const format = flags.logFormat ?? (Deno.stderr.isTerminal() ? "text" : "json");
    configureLog({ level: flags.logLevel, format });
    const [{ loadCluster }, { otherAuthorities }, { endpoints }, { runOperator }] = await Promise.all([
      import("../kubernetes/config.ts"),
      import("../kubernetes/authorities.ts"),
      import("../sagemaker/endpoints.ts"),
      import("../operator.ts"),
    ]);
    const { allowedEndpoints, endpointUrl, healthProbeBindAddress, metricsBindAddress } = flags;
    for (const address of [healthProbeBindAddress, metricsBindAddress]) asUsage(() => parseBindAddress(address));
    const sageMakerEndpoints = asUsage(() =>
      endpoints({
        endpointUrl,
        allowed: allowedEndpoints,
        env: {
          AWS_DEFAULT_SAGEMAKER_ENDPOINT: env("AWS_DEFAULT_SAGEMAKER_ENDPOINT"),
          AWS_ENDPOINT_URL_SAGEMAKER: env("AWS_ENDPOINT_URL_SAGEMAKER"),
        },
      })
    );
    const allowed = {
      roleArns: asUsage(() => globsOf("allowed-role-arns", "roleArn", flags.allowedRoleArns)),
      regions: asUsage(() => globsOf("allowed-regions", "region", flags.allowedRegions)),
      annotationsWiden: flags.namespaceAnnotationsWiden,
    };
    const cluster = await loadCluster({
      kubeconfig: flags.kubeconfig,
      context: flags.context,
      env: { get: env },
    });
    const authorities = otherAuthorities(cluster, env);
    if (authorities !== undefined) {
      log.warn("Trusts more authorities for the API server's certificate than the one that is given for it", {
        server: cluster.server,
        authorities,
        see: "docs/credentials.md#the-api-servers-certificate",
      });
    }
    try {
      await runOperator({
        cluster,
        endpoints: sageMakerEndpoints,
        ownRegion: env("AWS_REGION") || env("AWS_DEFAULT_REGION"),
        clock: systemClock,
        version: VERSION,
        namespaces: flags.namespace,
        ...(flags.selector !== undefined && { selector: flags.selector }),
        workers: flags.maxConcurrentReconciles,
        pollIntervalMs: flags.pollInterval,
        heartbeatMs: flags.statusHeartbeat,
        stalenessMs: flags.statusStalenessLimit,
        jobTags: !flags.noJobTags,
        namespaceAnnotations: !flags.noNamespaceAnnotations,
        defaults: {
          ttlSecondsAfterFinished: flags.defaultTtlSecondsAfterFinished,
          deletionPolicy: flags.defaultDeletionPolicy,
        },
        partitions: asUsage(() => partitionsOf(flags.allowedPartitions)),
        allowed,
        assumedRoles: {
          roleArns: asUsage(() => globsOf("allowed-assume-role-arns", "roleArn", flags.allowedAssumeRoleArns)),
          externalIdAnnotation: flags.allowExternalIdAnnotation,
        },
        ...(flags.leaderElect && {
          leaderElection: {
            namespace: flags.leaderElectionNamespace ?? cluster.namespace,
            name: flags.leaderElectionId,
          },
        }),
        ...(flags.logLinesOnFailure > 0 && { failureLogs: { count: flags.logLinesOnFailure, env } }),
        instance: env("HOSTNAME") || "sagemaker-operator",
        healthAddress: healthProbeBindAddress,
        metricsAddress: metricsBindAddress,
        metricsAuthorization: flags.metricsAuthorization,
        ...(flags.memoryLimit !== undefined && { memoryLimitBytes: flags.memoryLimit }),
      }, signal);
    } finally {
      cluster.close();
    }
  },
};
