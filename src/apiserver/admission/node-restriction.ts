/** A node may only write about itself and its own pods. */
import type { TokenRequest } from "#api/authentication-v1/tokenrequest";
import { Lease } from "#api/coordination-v1/lease";
import { Node } from "#api/core-v1/node";
import { PersistentVolumeClaim } from "#api/core-v1/persistentvolumeclaim";
import { Pod } from "#api/core-v1/pod";
import { ServiceAccount } from "#api/core-v1/serviceaccount";
import { ResourceSlice } from "#api/resource-v1/resourceslice";
import { CSINode } from "#api/storage-v1/csinode";
import { configMapsOf, secretsOf } from "../authorization/pod-references.ts";
import { nodeOf } from "../authorization/node.ts";
import type { Admission, AdmissionPlugin, Authorizer, ReadCache } from "../contracts.ts";
import { isAbout, refusal } from "./about.ts";
import { checkAudience } from "./node-audience.ts";

const MIRROR = "kubernetes.io/config.mirror";

/** Labels of the project's own domains that a node may put on itself. */
const OWN_LABELS = new Set([
  "kubernetes.io/hostname",
  "kubernetes.io/os",
  "kubernetes.io/arch",
  "node.kubernetes.io/instance-type",
  "beta.kubernetes.io/instance-type",
  "beta.kubernetes.io/os",
  "beta.kubernetes.io/arch",
  "topology.kubernetes.io/zone",
  "topology.kubernetes.io/region",
  "failure-domain.beta.kubernetes.io/zone",
  "failure-domain.beta.kubernetes.io/region",
]);
const OWN_LABEL_DOMAINS = ["kubelet.kubernetes.io", "node.kubernetes.io"];

export function nodeRestriction(cache: ReadCache, authorizer: Authorizer): AdmissionPlugin {
  const podOf = ({ namespace, name }: Admission): Pod | undefined => cache.get(Pod, namespace, name);

  function check(admission: Admission, node: string): void {
    const { operation } = admission;
    if (isAbout(admission, Pod)) {
      if (operation === "CREATE") return checkMirrorPod(admission, node);
      if (operation === "DELETE") return checkOwnPod(admission, node, podOf(admission), "delete pods");
      throw refusal(
        admission,
        `unexpected operation "${operation}", node "${node}" can only create and delete mirror pods`,
      );
    }
    if (isAbout(admission, Pod, "status")) return checkPodStatus(admission, node);
    if (isAbout(admission, Pod, "eviction")) {
      return checkOwnPod(admission, node, podOf(admission), "evict pods");
    }
    if (admission.resource.plural === Node.plural && admission.resource.group === "") {
      return checkNode(admission, node);
    }
    if (isAbout(admission, PersistentVolumeClaim, "status")) return;
    if (isAbout(admission, ServiceAccount, "token")) return checkToken(admission, node, cache);
    if (isAbout(admission, Lease)) {
      return checkName(
        admission,
        node,
        "can only access node lease with the same name as the requesting node",
      );
    }
    if (isAbout(admission, CSINode)) {
      return checkName(admission, node, "can only access CSINode with the same name as the requesting node");
    }
    if (isAbout(admission, ResourceSlice)) checkSlice(admission, node);
  }

  return {
    name: "NodeRestriction",
    handles: ({ user, operation }) => operation !== "CONNECT" && user.groups.includes("system:nodes"),
    admit(admission) {
      const node = nodeOf(admission.user);
      if (node === undefined || node === "") {
        throw refusal(admission, `could not determine node from user ${JSON.stringify(admission.user.name)}`);
      }
      check(admission, node);
      return undefined;
    },
    validate: (admission) =>
      isAbout(admission, ServiceAccount, "token")
        ? checkAudience(admission, { cache, authorizer })
        : undefined,
  };
}

function checkMirrorPod(admission: Admission, node: string): void {
  const { metadata, spec } = admission.object as Pod;
  if (metadata.annotations?.[MIRROR] === undefined) {
    throw refusal(
      admission,
      `pod does not have "${MIRROR}" annotation, node "${node}" can only create mirror pods`,
    );
  }
  if (spec.nodeName !== node) {
    throw refusal(admission, `node "${node}" can only create pods with spec.nodeName set to itself`);
  }
  const [owner, ...others] = metadata.ownerReferences ?? [];
  if (others.length > 0) {
    throw refusal(
      admission,
      `node "${node}" can only create pods with a single owner reference set to itself`,
    );
  }
  if (
    owner &&
    (owner.kind !== "Node" || owner.apiVersion !== "v1" || owner.name !== node || owner.blockOwnerDeletion)
  ) {
    throw refusal(admission, `node "${node}" can only create pods with an owner reference set to itself`);
  }
  const reaches =
    (spec.serviceAccountName && "a service account") ||
    ([...secretsOf(spec)].length > 0 && "secrets") ||
    ([...configMapsOf(spec)].length > 0 && "configmaps") ||
    (spec.resourceClaims?.length && "resourceclaims") ||
    (spec.volumes?.some(({ persistentVolumeClaim }) => persistentVolumeClaim) && "persistentvolumeclaims");
  if (reaches) throw refusal(admission, `node "${node}" can not create pods that reference ${reaches}`);
}

function checkOwnPod(admission: Admission, node: string, pod: Pod | undefined, what: string): void {
  if (pod?.spec.nodeName === node) return;
  throw refusal(admission, `node "${node}" can only ${what} with spec.nodeName set to itself`);
}

function checkPodStatus(admission: Admission, node: string): void {
  const old = admission.old as Pod;
  const pod = admission.object as Pod;
  checkOwnPod(admission, node, old, "update pod status for pods");
  if (!sameJson(old.metadata.labels, pod.metadata.labels)) {
    throw refusal(admission, `node "${node}" cannot update labels through pod status`);
  }
  if (!sameJson(old.status?.resourceClaimStatuses, pod.status?.resourceClaimStatuses)) {
    throw refusal(admission, `node "${node}" cannot update resource claim statuses`);
  }
}

function checkNode(admission: Admission, node: string): void {
  const { operation, name } = admission;
  const object = admission.object as Node | undefined;
  const old = admission.old as Node | undefined;
  const about = name || object?.metadata.name;
  if (about !== node) {
    throw refusal(admission, `node "${node}" is not allowed to modify node "${about ?? ""}"`);
  }
  if (operation === "DELETE") {
    throw refusal(admission, `node "${node}" is not allowed to delete node "${node}"`);
  }
  const before = operation === "CREATE" ? {} : (old?.metadata.labels ?? {});
  const forbidden = changedKeys(before, object?.metadata.labels ?? {}).filter(isForbiddenLabel);
  if (forbidden.length > 0) {
    const verb = operation === "CREATE" ? "set the following labels" : "modify labels";
    throw refusal(admission, `is not allowed to ${verb}: ${forbidden.toSorted().join(", ")}`);
  }
  if (operation !== "UPDATE") return;
  if (!sameJson(old?.spec?.taints, object?.spec?.taints)) {
    throw refusal(admission, `node "${node}" is not allowed to modify taints`);
  }
  if (!sameJson(old?.metadata.ownerReferences, object?.metadata.ownerReferences)) {
    throw refusal(admission, `node "${node}" is not allowed to modify ownerReferences`);
  }
}

type Labels = Readonly<Record<string, string>>;

const changedKeys = (before: Labels, after: Labels): string[] =>
  [...new Set([...Object.keys(before), ...Object.keys(after)])].filter((key) => before[key] !== after[key]);

/** Somebody else may rely on these labels to tell nodes apart. */
function isForbiddenLabel(key: string): boolean {
  if (OWN_LABELS.has(key) || !key.includes("/")) return false;
  const domain = key.slice(0, key.indexOf("/"));
  const within = (parent: string) => domain === parent || domain.endsWith(`.${parent}`);
  if (within("node-restriction.kubernetes.io")) return true;
  if (OWN_LABEL_DOMAINS.some(within)) return false;
  return within("kubernetes.io") || within("k8s.io");
}

function checkToken(admission: Admission, node: string, cache: ReadCache): void {
  const reference = (admission.object as unknown as TokenRequest).spec.boundObjectRef;
  if (!reference || reference.apiVersion !== "v1" || reference.kind !== "Pod" || !reference.name) {
    throw refusal(admission, "node requested token not bound to a pod");
  }
  if (!reference.uid) throw refusal(admission, "node requested token with a pod binding without a uid");
  const pod = cache.get(Pod, admission.namespace, reference.name);
  if (!pod || pod.metadata.uid !== reference.uid) {
    throw refusal(admission, "node requested token bound to a pod that does not exist");
  }
  if (pod.spec.nodeName !== node) {
    throw refusal(admission, "node requested token bound to a pod scheduled on a different node");
  }
}

function checkName(admission: Admission, node: string, why: string): void {
  if ((admission.name || admission.object?.metadata.name) !== node) throw refusal(admission, why);
}

function checkSlice(admission: Admission, node: string): void {
  const slice = (admission.old ?? admission.object) as ResourceSlice | undefined;
  if (slice && slice.spec.nodeName !== node) {
    throw refusal(admission, "can only access ResourceSlice with the same node name as the requesting node");
  }
}

const sameJson = (left: unknown, right: unknown): boolean => JSON.stringify(left) === JSON.stringify(right);
