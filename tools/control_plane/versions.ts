/** Kubernetes version of the local control plane; its staging modules are published as `v0.MINOR.PATCH`. */
export const kubernetesVersion = "1.36.3";

/** etcd version that goes with it. */
export const etcdVersion = "3.7.3";
