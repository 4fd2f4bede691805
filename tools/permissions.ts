/**
 * What the compiled binary may do, one list for the container and one for a laptop. docs/adr/0004-permissions.md says what each
 * entry is for.
 */

/** Libraries treat a denied variable as an error, not as an unset one, so every name that they look at is here. */
const ENVIRONMENT = [
  "AWS_*",
  "NODE_EXTRA_CA_CERTS",
  "SSL_CERT_FILE",
  "DENO_CERT",
  "DENO_TLS_CA_STORE",
  "_X_AMZN_TRACE_ID",
  "SAGEMAKER_OPERATOR_*",
  "KUBECONFIG",
  "KUBERNETES_SERVICE_HOST",
  "KUBERNETES_SERVICE_PORT",
  "HOME",
  "HOSTNAME",
  "HOMEDRIVE",
  "HOMEPATH",
  "USERPROFILE",
  "LOG_STREAM",
  "LOG_TOKENS",
];

/** Metadata of clouds that no identity of AWS comes from. Those of AWS itself are where credentials come from. */
const OTHER_METADATA = [
  "metadata.google.internal",
  "[fd20:ce::254]",
  "168.63.129.16",
  "100.100.100.200",
  "192.0.0.192",
];

const EVERYWHERE = [
  "--no-prompt",
  "--allow-net",
  `--deny-net=${OTHER_METADATA.join()}`,
  `--allow-env=${ENVIRONMENT.join()}`,
  "--allow-sys=homedir,osRelease,uid",
];

/** The folders and files that hold tokens, certificates, kubeconfigs and AWS profiles in a container. */
const READABLE = [
  "/var/run/secrets",
  "/run/secrets",
  "/etc/sagemaker-operator",
  "/etc/ssl/certs",
  "/etc/pki/tls/certs",
  "/etc/kubernetes",
  "/etc/kubeconfig",
  "/kubeconfig",
  "/home/nonroot/.aws",
  "/home/nonroot/.kube",
  "/tmp",
];

/** The credential plugins that kubeconfigs of the large providers name. */
const PLUGINS = ["aws", "aws-iam-authenticator", "gke-gcloud-auth-plugin", "kubelogin"];

/** For the image: no writing, no other program, no native library; reading only where credentials are mounted. */
export const CONTAINER: readonly string[] = [...EVERYWHERE, `--allow-read=${READABLE.join()}`];

/** For a person's own machine: reads what that person names, and runs the plugins of kubeconfigs. */
export const LAPTOP: readonly string[] = [...EVERYWHERE, "--allow-read", `--allow-run=${PLUGINS.join()}`];
