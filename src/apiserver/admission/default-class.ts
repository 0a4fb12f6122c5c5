/** Claims and ingresses that name no class get the one that says it is the default. */
import { PersistentVolumeClaim } from "#api/core-v1/persistentvolumeclaim";
import { Ingress } from "#api/networking-v1/ingress";
import { IngressClass } from "#api/networking-v1/ingressclass";
import { StorageClass } from "#api/storage-v1/storageclass";
import type { AnyObject } from "#machinery/schema";
import type { AdmissionPlugin, ReadCache } from "../contracts.ts";
import { isAbout } from "./about.ts";

const STORAGE_MARKS = [
  "storageclass.kubernetes.io/is-default-class",
  "storageclass.beta.kubernetes.io/is-default-class",
];
const INGRESS_MARKS = ["ingressclass.kubernetes.io/is-default-class"];
const OLD_INGRESS_CLASS = "kubernetes.io/ingress.class";
const OLD_STORAGE_CLASS = "volume.beta.kubernetes.io/storage-class";

export const defaultStorageClass = (cache: ReadCache): AdmissionPlugin => ({
  name: "DefaultStorageClass",
  handles: (admission) => admission.operation === "CREATE" && isAbout(admission, PersistentVolumeClaim),
  admit({ object }) {
    const claim = object as PersistentVolumeClaim;
    const named = claim.spec.storageClassName ?? claim.metadata.annotations?.[OLD_STORAGE_CLASS];
    if (named !== undefined) return undefined;
    const standard = defaultOf(cache.list(StorageClass), STORAGE_MARKS);
    if (!standard) return undefined;
    return { ...claim, spec: { ...claim.spec, storageClassName: standard } } as PersistentVolumeClaim;
  },
});

export const defaultIngressClass = (cache: ReadCache): AdmissionPlugin => ({
  name: "DefaultIngressClass",
  handles: (admission) => admission.operation === "CREATE" && isAbout(admission, Ingress),
  admit({ object }) {
    const ingress = object as Ingress;
    const named = ingress.spec?.ingressClassName ?? ingress.metadata.annotations?.[OLD_INGRESS_CLASS];
    if (named !== undefined) return undefined;
    const standard = defaultOf(cache.list(IngressClass), INGRESS_MARKS);
    if (!standard) return undefined;
    return { ...ingress, spec: { ...ingress.spec, ingressClassName: standard } } as Ingress;
  },
});

/** When several say so, the newest counts, and of those the first by name. */
function defaultOf(classes: Iterable<AnyObject>, marks: readonly string[]): string | undefined {
  const marked = [...classes].filter(({ metadata }) =>
    marks.some((mark) => metadata.annotations?.[mark] === "true"),
  );
  const rank = ({ metadata }: AnyObject) => metadata.creationTimestamp;
  marked.sort((left, right) => {
    if (rank(left) !== rank(right)) return rank(left) < rank(right) ? 1 : -1;
    return left.metadata.name < right.metadata.name ? -1 : 1;
  });
  return marked[0]?.metadata.name;
}
