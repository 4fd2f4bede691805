import { KubeClient } from "../kubernetes/client.ts";
import { type Cluster, ConfigError, loadCluster } from "../kubernetes/config.ts";
import { checkAllowedRoles } from "./allowed_roles.ts";
import { checkAws } from "./aws.ts";
import type { AwsOptions } from "./aws_context.ts";
import { checkCluster, CHOOSE } from "./cluster.ts";
import { checkCrd } from "./crd.ts";
import { type Finding, isFailure } from "./finding.ts";
import { instanceTypesIn } from "./instance_types.ts";
import { checkPermissions } from "./permissions.ts";

export interface ExamineOptions extends Omit<AwsOptions, "instanceTypes"> {
  kubeconfig: string | undefined;
  context: string | undefined;
  /** Namespaces that the operator watches; none for all of them. */
  namespaces: readonly string[];
  /** The globs of `--allowed-role-arns`. */
  allowedRoleArns: readonly string[];
}

/** Looks at everything that the operator needs, and gives what was found in a fixed order. */
export async function examine(options: ExamineOptions): Promise<Finding[]> {
  const types = Promise.withResolvers<readonly string[]>();
  const [cluster, aws] = await Promise.all([
    examineCluster(options, types.resolve).finally(() => types.resolve([])),
    checkAws({ ...options, instanceTypes: types.promise }),
  ]);
  const roles = checkAllowedRoles({ watched: options.namespaces, allowed: options.allowedRoleArns });
  return [...cluster, ...roles ? [roles] : [], ...aws];
}

/** @param onTypes told which instance types the resources in the cluster ask for */
async function examineCluster(
  options: ExamineOptions,
  onTypes: (types: readonly string[]) => void,
): Promise<Finding[]> {
  const { kubeconfig, context, namespaces, env, clock, signal } = options;
  let cluster: Cluster;
  try {
    cluster = await loadCluster({ kubeconfig, context, env: { get: env }, clock });
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    return [{ check: "cluster", level: "failure", text: error.message, mend: CHOOSE }, NOT_ASKED];
  }
  try {
    const kube = new KubeClient(cluster, { clock });
    const { finding: reachable, userName = "" } = await checkCluster(kube, signal);
    if (isFailure(reachable)) return [reachable, NOT_ASKED];
    // A service account works where it is, whatever its kubeconfig says.
    const own = /^system:serviceaccount:([^:]+):/.exec(userName)?.[1] ?? cluster.namespace;
    const [crd, permissions] = await Promise.all([
      checkCrd(kube, signal),
      checkPermissions(kube, { watched: namespaces, own }, signal),
      instanceTypesIn(kube, namespaces, signal).then(onTypes),
    ]);
    return [reachable, crd, ...permissions];
  } finally {
    cluster.close();
  }
}

/** So that nobody takes silence for health. */
const NOT_ASKED: Finding = {
  check: "permission",
  level: "warning",
  text: "The CustomResourceDefinition and the permissions were not looked at, since the cluster does not answer",
};
