import { type KubeClient, KubeError } from "../kubernetes/client.ts";
import type { Finding } from "./finding.ts";

/** From then on an apiserver checks the rules that are in the CRD. */
const OLDEST_MINOR = 25;
const REVIEWS = "/apis/authentication.k8s.io/v1/selfsubjectreviews";

/** Whether the API server answers, which version it has, and whom it takes us for. */
export async function checkCluster(
  kube: KubeClient,
  signal: AbortSignal,
): Promise<{ finding: Finding; userName?: string | undefined }> {
  const { server, source } = kube.cluster;
  try {
    const { gitVersion, minor } = await kube.get<{ gitVersion: string; minor: string }>("/version", { signal });
    const userName = await whoAmI(kube, signal);
    const text = `Kubernetes ${gitVersion} at ${server} (${source})${
      userName === undefined ? "" : `, as '${userName}'`
    }`;
    if (parseInt(minor) >= OLDEST_MINOR) return { finding: { check: "cluster", level: "ok", text }, userName };
    const finding: Finding = {
      check: "cluster",
      level: "warning",
      text: `${text}, does not check the rules of the CustomResourceDefinition`,
      mend: `take Kubernetes 1.${OLDEST_MINOR} or later; until then SageMaker refuses what the cluster would have`,
    };
    return { finding, userName };
  } catch (error) {
    if (!(error instanceof KubeError)) throw error;
    // Who may not ask for the version has reached the cluster all the same.
    if (error.status === 403) return { finding: { check: "cluster", level: "warning", text: error.message } };
    return { finding: { check: "cluster", level: "failure", text: error.message, mend: CHOOSE } };
  }
}

/** How to choose another cluster. */
export const CHOOSE = "name another with '--kubeconfig FILE' or '--context NAME'";

/** Clusters before 1.28 can't tell, and that is all right. */
async function whoAmI(kube: KubeClient, signal: AbortSignal): Promise<string | undefined> {
  try {
    const body = { apiVersion: "authentication.k8s.io/v1", kind: "SelfSubjectReview" };
    const review = await kube.create<{ status: { userInfo: { username: string } } }>(REVIEWS, body, { signal });
    return review.status.userInfo.username;
  } catch {
    signal.throwIfAborted();
    return undefined;
  }
}
