import { StatefulSet } from "#api/apps-v1/statefulset";
import type { PersistentVolumeClaim } from "#api/core-v1/persistentvolumeclaim";
import type { Pod } from "#api/core-v1/pod";
import type { PodTemplateSpec } from "#api/core-v1/podtemplatespec";
import type { Wire } from "#machinery/schema";
import { REVISION_HASH } from "../history/revisions.ts";
import { podFrom } from "../pod-creation.ts";

const POD_NAME = "statefulset.kubernetes.io/pod-name";
const POD_INDEX = "apps.kubernetes.io/pod-index";

export const nameOf = ({ metadata }: StatefulSet, ordinal: number): string => `${metadata.name}-${ordinal}`;

/** The number at the end of the pod's name; undefined for pods that are not of this set's making. */
export function ordinalOf(set: StatefulSet, { metadata }: Pod): number | undefined {
  const prefix = `${set.metadata.name}-`;
  const text = metadata.name.slice(prefix.length);
  return metadata.name.startsWith(prefix) && /^\d+$/.test(text) ? Number(text) : undefined;
}

export const revisionOf = ({ metadata }: Pod): string => metadata.labels?.[REVISION_HASH] ?? "";

/** The name of a pod's claim for one of the set's volume templates. */
export const claimName = (template: string, pod: string): string => `${template}-${pod}`;

/** The pod of one ordinal: its name, host name and volumes stay the same whenever it is made anew. */
export function podOf(
  set: StatefulSet,
  ordinal: number,
  template: PodTemplateSpec,
  revision: string,
): Wire<Pod> {
  const name = nameOf(set, ordinal);
  const labels = { [POD_NAME]: name, [POD_INDEX]: String(ordinal), [REVISION_HASH]: revision };
  const pod = podFrom(template, StatefulSet, set, { name, labels });
  const claims = (set.spec.volumeClaimTemplates ?? []).map(({ metadata }) => ({
    name: metadata.name,
    persistentVolumeClaim: { claimName: claimName(metadata.name, name) },
  }));
  const others = (template.spec.volumes ?? []).filter(
    (volume) => !claims.some((claim) => claim.name === volume.name),
  );
  const volumes = [...claims, ...others];
  const spec = {
    ...template.spec,
    hostname: name,
    ...(set.spec.serviceName ? { subdomain: set.spec.serviceName } : {}),
    ...(volumes.length > 0 ? { volumes } : {}),
  };
  return { ...pod, spec };
}

/** The claims that a pod of the set needs. */
export function claimsOf(set: StatefulSet, pod: string): readonly Wire<PersistentVolumeClaim>[] {
  const { namespace = "" } = set.metadata;
  return (set.spec.volumeClaimTemplates ?? []).map(({ metadata, spec }) => ({
    metadata: {
      name: claimName(metadata.name, pod),
      namespace,
      labels: { ...metadata.labels, ...set.spec.selector.matchLabels },
      ...(metadata.annotations ? { annotations: metadata.annotations } : {}),
    },
    spec,
  }));
}
