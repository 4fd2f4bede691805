import { join } from "node:path";

/** What the servers' flags are made of. */
export interface Settings {
  dir: string;
  etcdPort: number;
  apiserverPort: number;
  moreApiserverArgs: string[];
}

/** Flags of etcd: one member, no fsync, since its data lives as long as the control plane does. */
export function etcdArgs({ dir, etcdPort }: Settings): string[] {
  return [
    `--data-dir=${join(dir, "etcd")}`,
    `--listen-client-urls=http://127.0.0.1:${etcdPort}`,
    `--advertise-client-urls=http://127.0.0.1:${etcdPort}`,
    "--listen-peer-urls=http://127.0.0.1:0",
    "--log-level=warn",
    "--unsafe-no-fsync",
  ];
}

/**
 * Flags of kube-apiserver. It makes its serving certificate itself, for 127.0.0.1, so no tool that issues certificates is
 * needed; service account tokens are signed with the key in the folder.
 */
export function apiserverArgs({ dir, etcdPort, apiserverPort, moreApiserverArgs }: Settings): string[] {
  return [
    `--etcd-servers=http://127.0.0.1:${etcdPort}`,
    "--bind-address=127.0.0.1",
    "--advertise-address=127.0.0.1",
    `--secure-port=${apiserverPort}`,
    `--cert-dir=${join(dir, "certificates")}`,
    `--token-auth-file=${join(dir, "tokens.csv")}`,
    "--authorization-mode=Node,RBAC",
    "--service-account-issuer=https://kubernetes.default.svc.cluster.local",
    `--service-account-key-file=${join(dir, "service-account.pub")}`,
    `--service-account-signing-key-file=${join(dir, "service-account.key")}`,
    "--service-cluster-ip-range=10.0.0.0/24",
    // The endpoints of the service 'kubernetes' can't be a loopback address; nothing here uses them.
    "--endpoint-reconciler-type=none",
    ...moreApiserverArgs,
  ];
}

/** Flags of kube-controller-manager: only the controllers without which an apiserver alone behaves unlike a cluster. */
export function controllerManagerArgs({ dir }: Settings): string[] {
  return [
    `--kubeconfig=${join(dir, "kubeconfig")}`,
    "--controllers=namespace-controller,garbage-collector-controller,clusterrole-aggregation-controller",
    "--leader-elect=false",
    "--secure-port=0",
  ];
}
