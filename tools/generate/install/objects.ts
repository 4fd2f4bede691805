import { SYSTEM_NAMESPACE, type Target } from "./target.ts";
import { NAME, VERSION } from "./values.ts";

/** The labels that tell the operator's Pods from others. */
export const SELECTOR = `app.kubernetes.io/name: ${NAME}
app.kubernetes.io/component: controller`;

/** The selector, each line indented by `indent` spaces. */
export function selector(indent: number): string {
  return SELECTOR.replaceAll(/^/gm, " ".repeat(indent));
}

/** The names and labels of an object, without a line end. */
export function metadata(at: Target, { clusterWide = false, name = NAME } = {}): string {
  return `\
metadata:
  name: ${name}${clusterWide || at.namespace === undefined ? "" : `\n  namespace: ${at.namespace}`}
  labels:
${selector(4)}
    app.kubernetes.io/version: ${VERSION}${at.labels}`;
}

/** Enforces what the Pods keep anyway, and so keeps others from the operator's credentials by a laxer Pod. */
export function namespace(at: Target): string {
  return `\
apiVersion: v1
kind: Namespace
${metadata(at, { clusterWide: true, name: SYSTEM_NAMESPACE })}
    pod-security.kubernetes.io/enforce: restricted
`;
}

export function serviceAccount(at: Target): string {
  return `\
apiVersion: v1
kind: ServiceAccount
${metadata(at)}
${at.field("annotations", "serviceAccount.annotations", 2)}\
# The operator's Pods ask for the token themselves.
automountServiceAccountToken: false
`;
}

export function disruptionBudget(at: Target): string {
  return `\
apiVersion: policy/v1
kind: PodDisruptionBudget
${metadata(at)}
spec:
  minAvailable: 1
  selector:
    matchLabels:
${selector(6)}
`;
}

/** By port and not by address: those of AWS and of the apiserver aren't known. The metadata services' are. */
export function networkPolicy(at: Target): string {
  return `\
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
${metadata(at)}
spec:
  podSelector:
    matchLabels:
${selector(6)}
  policyTypes: [Ingress, Egress]
  ingress:
    - ports:
        - {protocol: TCP, port: metrics}
${at.field("from", "networkPolicy.metricsFrom", 6)}\
    - ports:
        - {protocol: TCP, port: health}
${at.field("from", "networkPolicy.healthFrom", 6)}\
  egress:
    # DNS.
    - ports:
        - {protocol: UDP, port: 53}
        - {protocol: TCP, port: 53}
    # AWS, and the apiserver, which many clusters have at 6443.
    - ports:
        - {protocol: TCP, port: 443}
        - {protocol: TCP, port: 6443}
    # The credentials of EKS Pod Identity and of the node.
    - to:
        - ipBlock: {cidr: 169.254.170.23/32}
        - ipBlock: {cidr: 169.254.169.254/32}
        - ipBlock: {cidr: "fd00:ec2::23/128"}
        - ipBlock: {cidr: "fd00:ec2::254/128"}
      ports:
        - {protocol: TCP, port: 80}
${at.entries("networkPolicy.extraEgress", 4)}`;
}
