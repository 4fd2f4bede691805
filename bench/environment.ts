import { FAKE_CREDENTIALS } from "../tests/support/operator.ts";

/** What on this machine could change what the operator does. */
const HIDDEN = /^(AWS_|SAGEMAKER_OPERATOR_|KUBERNETES_SERVICE_|KUBECONFIG$)/;

/** Leaves to the processes that are started from now on credentials that are good for the stand-in alone. */
export function hideEnvironment(): void {
  for (const name of Object.keys(Deno.env.toObject())) if (HIDDEN.test(name)) Deno.env.delete(name);
  const settings = {
    ...FAKE_CREDENTIALS,
    AWS_CONFIG_FILE: "/nonexistent/config",
    AWS_SHARED_CREDENTIALS_FILE: "/nonexistent/credentials",
    AWS_EC2_METADATA_DISABLED: "true",
  };
  for (const [name, value] of Object.entries(settings)) Deno.env.set(name, value);
}
