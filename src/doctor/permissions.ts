import {
  ALL_NAMESPACES_PERMISSIONS,
  OWN_NAMESPACE_PERMISSIONS,
  OWN_PERMISSIONS,
  type Permission,
  RESOURCE_PERMISSIONS,
} from "../api/permissions.ts";
import { type KubeClient, KubeError } from "../kubernetes/client.ts";
import type { Finding } from "./finding.ts";

const REVIEWS = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews";

/** One verb on one kind of thing. */
interface Need extends Omit<Permission, "verbs"> {
  verb: string;
  /** Where; all namespaces for none. */
  namespaces: readonly string[];
}

/**
 * Whether those whose credentials these are have each permission of the install manifests: one finding each.
 *
 * @param watched the namespaces that the operator watches; none for all of them
 * @param own the namespace that it runs in
 */
export async function checkPermissions(
  kube: KubeClient,
  { watched, own }: { watched: readonly string[]; own: string },
  signal: AbortSignal,
): Promise<Finding[]> {
  const read = watched.length === 0 ? ALL_NAMESPACES_PERMISSIONS : OWN_NAMESPACE_PERMISSIONS;
  // The own namespace may be the one that is watched.
  const others = watched.filter((namespace) => namespace !== own);
  const needs = [
    ...needsOf(RESOURCE_PERMISSIONS, watched),
    ...(watched.length > 0 && others.length === 0 ? [] : needsOf(read, others)),
    ...needsOf(OWN_PERMISSIONS, [own]),
  ];
  const folder = watched.length === 0 ? "cluster" : others.length === 0 ? "namespaced" : "namespaced-apart";
  const manifest = `manifests/${folder}/install.yaml`;
  return await Promise.all(needs.map((need) => checkNeed(kube, need, manifest, signal)));
}

function needsOf(permissions: readonly Permission[], namespaces: readonly string[]): Need[] {
  return permissions.flatMap(({ verbs, ...rest }) => verbs.map((verb) => ({ ...rest, verb, namespaces })));
}

async function checkNeed(kube: KubeClient, need: Need, manifest: string, signal: AbortSignal): Promise<Finding> {
  const places = need.namespaces.length === 0 ? [undefined] : need.namespaces;
  const what = `${need.verb} ${need.resource}${need.apiGroup === "" ? "" : ` of ${need.apiGroup}`}${
    need.name === undefined ? "" : ` named '${need.name}'`
  }`;
  try {
    const allowed = await Promise.all(places.map((namespace) => isAllowed(kube, need, namespace, signal)));
    const lacking = places.filter((_, i) => !allowed[i]);
    if (lacking.length === 0) {
      return { check: "permission", level: "ok", text: `May ${what} in ${placesText(places)}` };
    }
    const text = `May not ${what} in ${placesText(lacking)}`;
    return { check: "permission", level: "failure", text, mend: `grant it as the Role in '${manifest}' does` };
  } catch (error) {
    if (!(error instanceof KubeError)) throw error;
    return {
      check: "permission",
      level: "warning",
      text: `Cannot tell whether to ${what} is allowed: ${error.message}`,
    };
  }
}

async function isAllowed(
  kube: KubeClient,
  { apiGroup, resource: path, verb, name }: Need,
  namespace: string | undefined,
  signal: AbortSignal,
): Promise<boolean> {
  const [resource, subresource] = path.split("/");
  // Who may read a namespace by a Role in it is asked for it by its name.
  const named = path === "namespaces" ? namespace : name;
  const resourceAttributes = { group: apiGroup, resource, subresource, verb, namespace, name: named };
  const review = await kube.create<{ status: { allowed: boolean } }>(REVIEWS, {
    apiVersion: "authorization.k8s.io/v1",
    kind: "SelfSubjectAccessReview",
    spec: { resourceAttributes },
  }, { signal });
  return review.status.allowed;
}

function placesText(places: readonly (string | undefined)[]): string {
  if (places[0] === undefined) return "all namespaces";
  return `namespace${places.length === 1 ? "" : "s"} ${places.map((name) => `'${name}'`).join(", ")}`;
}
