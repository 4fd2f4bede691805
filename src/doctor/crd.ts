import { parse } from "yaml";
import { CRD_YAML } from "../api/crd.ts";
import { CRD_NAME, GROUP, PLURAL, VERSION as API } from "../api/group.ts";
import { VERSION } from "../api/version.ts";
import { type KubeClient, KubeError } from "../kubernetes/client.ts";
import type { Finding } from "./finding.ts";

const PATH = `/apis/apiextensions.k8s.io/v1/customresourcedefinitions/${CRD_NAME}`;
const INSTALL = "'sagemaker-operator crd | kubectl apply --server-side -f -'";

interface Crd {
  spec: { preserveUnknownFields?: boolean };
  status?: { conditions?: { type: string; status: string; message: string }[] };
}

/** Whether the cluster has the CRD, and all of this version's. */
export async function checkCrd(kube: KubeClient, signal: AbortSignal): Promise<Finding> {
  let crd: Crd;
  try {
    crd = await kube.get<Crd>(PATH, { signal });
  } catch (error) {
    if (!(error instanceof KubeError)) throw error;
    if (error.status === 404) return missing();
    // The operator's own Role can't read it, but everybody may ask what is served.
    if (error.status === 403) return await checkServed(kube, signal);
    return { check: "crd", level: "warning", text: error.message };
  }
  const refused = crd.status?.conditions?.find(({ type, status }) =>
    (type === "Established" || type === "NamesAccepted") && status !== "True"
  );
  if (refused) {
    return {
      check: "crd",
      level: "failure",
      text: `The CustomResourceDefinition '${CRD_NAME}' is not served: ${refused.message}`,
      mend: `look at 'kubectl describe crd ${CRD_NAME}'`,
    };
  }
  if (crd.spec.preserveUnknownFields) {
    return {
      check: "crd",
      level: "failure",
      text: `The CustomResourceDefinition '${CRD_NAME}' is of apiextensions.k8s.io/v1beta1: it keeps unknown fields`,
      mend: "'sagemaker-operator crd | kubectl replace -f -'; 'kubectl apply' would be refused",
    };
  }
  const path = firstDifference(parse(CRD_YAML).spec, crd.spec);
  if (path === undefined) {
    return { check: "crd", level: "ok", text: `'${CRD_NAME}' is installed and has all of version ${VERSION}` };
  }
  return {
    check: "crd",
    level: "failure",
    text: `The CustomResourceDefinition '${CRD_NAME}' is not that of version ${VERSION}: it differs in '${path}'`,
    mend: INSTALL,
  };
}

async function checkServed(kube: KubeClient, signal: AbortSignal): Promise<Finding> {
  try {
    const { resources } = await kube.get<{ resources: { name: string }[] }>(`/apis/${GROUP}/${API}`, { signal });
    if (!resources.some(({ name }) => name === PLURAL)) return missing();
  } catch (error) {
    if (!(error instanceof KubeError)) throw error;
    return error.status === 404 ? missing() : { check: "crd", level: "warning", text: error.message };
  }
  return {
    check: "crd",
    level: "ok",
    text: `'${CRD_NAME}' is served; whether it is that of version ${VERSION} can only be seen by who may read it`,
  };
}

function missing(): Finding {
  return {
    check: "crd",
    level: "failure",
    text: `The cluster does not have the CustomResourceDefinition '${CRD_NAME}'`,
    mend: INSTALL,
  };
}

/**
 * Where `actual` lacks something of `wanted`; undefined if it has all of it. What it has beyond that, as the apiserver's
 * defaults, is no difference. Versions are told apart by their names, all else in lists by its place.
 */
export function firstDifference(wanted: unknown, actual: unknown, path = "spec"): string | undefined {
  // The apiserver leaves out what is false.
  if (typeof wanted !== "object" || wanted === null) return wanted === (actual ?? false) ? undefined : path;
  if (typeof actual !== "object" || actual === null) return path;
  if (Array.isArray(wanted)) {
    if (!Array.isArray(actual)) return path;
    if (path === "spec.versions") actual = actual.filter(({ name }) => wanted.some((each) => each.name === name));
    if ((actual as unknown[]).length !== wanted.length) return path;
  }
  for (const [key, inner] of Object.entries(wanted)) {
    const found = firstDifference(inner, (actual as Record<string, unknown>)[key], `${path}.${key}`);
    if (found !== undefined) return found;
  }
  return undefined;
}
