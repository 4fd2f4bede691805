import { metadata } from "./objects.ts";
import { SYSTEM_NAMESPACE, type Target } from "./target.ts";
import { NAME } from "./values.ts";

/** What `--metrics-authorization` needs: the operator may review tokens; and a role for those who read the metrics. */
export function metricsAuthorization(at: Target): string[] {
  const reader = metadata(at, { clusterWide: true, name: `${NAME}-metrics-reader` });
  return [
    `\
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
${metadata(at, { clusterWide: true, name: `${NAME}-metrics-authorization` })}
roleRef:
  apiGroup: rbac.authorization.k8s.io
  kind: ClusterRole
  # Kubernetes' own: TokenReviews and SubjectAccessReviews, nothing else.
  name: system:auth-delegator
subjects:
  - kind: ServiceAccount
    name: ${NAME}
    namespace: ${at.namespace ?? SYSTEM_NAMESPACE}
`,
    `\
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
${reader}
rules:
  - nonResourceURLs: [/metrics]
    verbs: [get]
`,
  ];
}
