/** What a node may show as its own pod: one that it runs by itself and that reaches nothing else in the cluster. */
import { Node } from "#api/core-v1/node";
import type { Pod } from "#api/core-v1/pod";
import { configMapsOf, secretsOf } from "../authorization/pod-references.ts";
import type { Admission, ReadCache } from "../contracts.ts";
import { refusal } from "./about.ts";

const MIRROR = "kubernetes.io/config.mirror";

/** Throws Forbidden. */
export function checkMirrorPod(admission: Admission, node: string, cache: ReadCache): void {
  const pod = admission.object as Pod;
  const why = misplaced(pod, node) ?? misowned(pod, node, cache) ?? reaching(pod, node);
  if (why !== undefined) throw refusal(admission, why);
}

function misplaced({ metadata, spec }: Pod, node: string): string | undefined {
  if (metadata.annotations?.[MIRROR] === undefined)
    return `pod does not have "${MIRROR}" annotation, node "${node}" can only create mirror pods`;
  if (spec.nodeName !== node) return `node "${node}" can only create pods with spec.nodeName set to itself`;
  return undefined;
}

function misowned({ metadata }: Pod, node: string, cache: ReadCache): string | undefined {
  const [owner, ...others] = metadata.ownerReferences ?? [];
  if (others.length > 0)
    return `node "${node}" can only create pods with a single owner reference set to itself`;
  if (owner?.apiVersion !== "v1" || owner.kind !== "Node" || owner.name !== node)
    return `node "${node}" can only create pods with an owner reference set to itself`;
  if (!owner.controller)
    return `node "${node}" can only create pods with a controller owner reference set to itself`;
  if (owner.blockOwnerDeletion) return `node "${node}" must not set blockOwnerDeletion on an owner reference`;
  const known = cache.get(Node, undefined, node)?.metadata.uid;
  if (known === undefined) return `error looking up node ${node} to verify uid: node "${node}" not found`;
  return owner.uid === known ? undefined : `node ${node} UID mismatch: expected ${owner.uid} got ${known}`;
}

function reaching({ spec }: Pod, node: string): string | undefined {
  const bundles = spec.volumes?.some(({ projected }) =>
    projected?.sources?.some(({ clusterTrustBundle }) => clusterTrustBundle),
  );
  const reaches =
    (spec.serviceAccountName && "a service account") ||
    ([...secretsOf(spec)].length > 0 && "secrets") ||
    ([...configMapsOf(spec)].length > 0 && "configmaps") ||
    (spec.resourceClaims?.length && "resourceclaims") ||
    (bundles && "clustertrustbundles") ||
    (spec.volumes?.some(({ persistentVolumeClaim }) => persistentVolumeClaim) && "persistentvolumeclaims");
  return reaches ? `node "${node}" can not create pods that reference ${reaches}` : undefined;
}
