import { GROUP, PLURAL, VERSION } from "../api/group.ts";
import type { ProcessingJob } from "../api/processing_job.ts";
import { type KubeClient, KubeError } from "../kubernetes/client.ts";

/** As many resources as are looked at in each namespace. */
const MOST = 500;

/**
 * The instance types that ProcessingJob resources ask for, in order of the alphabet. Those of namespaces that cannot be read are left out.
 *
 * @param namespaces to look in; none for all of them
 * @throws the signal's reason once it is aborted
 */
export async function instanceTypesIn(
  kube: Pick<KubeClient, "get">,
  namespaces: readonly string[],
  signal: AbortSignal,
): Promise<string[]> {
  const places = namespaces.length === 0 ? [""] : namespaces.map((namespace) => `namespaces/${namespace}/`);
  const lists = await Promise.all(places.map((place) => list(kube, place, signal)));
  const types = lists.flat().flatMap(({ spec }) => {
    const { instanceType, instancePreferences = [] } = spec?.processingResources?.clusterConfig ?? {};
    return [instanceType, ...instancePreferences.map((preferred) => preferred.instanceType)];
  });
  return [...new Set(types.filter((type) => type !== undefined))].sort();
}

async function list(kube: Pick<KubeClient, "get">, place: string, signal: AbortSignal): Promise<ProcessingJob[]> {
  try {
    const path = `/apis/${GROUP}/${VERSION}/${place}${PLURAL}?limit=${MOST}`;
    return (await kube.get<{ items: ProcessingJob[] }>(path, { signal })).items;
  } catch (error) {
    // That the resources cannot be listed is told by the check of the permissions.
    if (error instanceof KubeError) return [];
    throw error;
  }
}
