/** A node may only write about itself and its own pods. */
import type { TokenRequest } from "#api/authentication-v1/tokenrequest";
import { CertificateSigningRequest } from "#api/certificates-v1/certificatesigningrequest";
import { Lease } from "#api/coordination-v1/lease";
import { Node } from "#api/core-v1/node";
import { PersistentVolumeClaim } from "#api/core-v1/persistentvolumeclaim";
import { Pod } from "#api/core-v1/pod";
import { ServiceAccount } from "#api/core-v1/serviceaccount";
import { ResourceSlice } from "#api/resource-v1/resourceslice";
import { CSINode } from "#api/storage-v1/csinode";
import { notFound } from "#machinery/status";
import { nodeOf } from "../authorization/node.ts";
import type { Admission, AdmissionPlugin, Authorizer, ReadCache } from "../contracts.ts";
import { isAbout, refusal } from "./about.ts";
import { readCertificateRequest } from "./certificate-request.ts";
import { checkAudience } from "./node-audience.ts";
import { checkMirrorPod } from "./node-mirror-pod.ts";

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
    if (isOf(admission, Pod)) return checkPod(admission, node);
    if (isOf(admission, Node)) return checkNode(admission, node);
    if (isOf(admission, PersistentVolumeClaim)) return checkClaim(admission, node);
    if (isAbout(admission, ServiceAccount, "token")) return checkToken(admission, node, cache);
    if (isOf(admission, Lease)) return checkLease(admission, node);
    if (isOf(admission, CSINode))
      return checkName(admission, node, "can only access CSINode with the same name as the requesting node");
    if (isAbout(admission, ResourceSlice)) checkSlice(admission, node);
  }

  function checkPod(admission: Admission, node: string): void {
    const { operation, subresource } = admission;
    if (subresource === "status") return checkPodStatus(admission, node);
    if (subresource === "eviction") return checkOwnPod(admission, node, podOf(admission), "evict pods");
    if (subresource !== "")
      throw refusal(
        admission,
        `unexpected pod subresource "${subresource}", only 'status' and 'eviction' are allowed`,
      );
    if (operation === "CREATE") return checkMirrorPod(admission, node, cache);
    if (operation === "DELETE") return checkOwnPod(admission, node, podOf(admission), "delete pods");
    throw refusal(
      admission,
      `unexpected operation "${operation}", node "${node}" can only create and delete mirror pods`,
    );
  }

  return {
    name: "NodeRestriction",
    handles: ({ user, operation }) => operation !== "CONNECT" && nodeOf(user) !== undefined,
    admit(admission) {
      const node = nodeOf(admission.user)!;
      if (node === "") {
        throw refusal(admission, `could not determine node from user ${JSON.stringify(admission.user.name)}`);
      }
      check(admission, node);
      const asksForCertificate =
        admission.operation === "CREATE" && isAbout(admission, CertificateSigningRequest);
      return asksForCertificate ? checkCertificateRequest(admission, node) : undefined;
    },
    validate: (admission) =>
      isAbout(admission, ServiceAccount, "token")
        ? checkAudience(admission, { cache, authorizer })
        : undefined,
  };
}

/** Any part of an object of this kind. */
const isOf = (admission: Admission, kind: Parameters<typeof isAbout>[1]): boolean =>
  isAbout(admission, kind, admission.subresource);

function checkOwnPod(admission: Admission, node: string, pod: Pod | undefined, what: string): void {
  if (!pod) throw notFound(Pod, admission.name);
  if (pod.spec.nodeName === node) return;
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
  if (!sameJson(old.status?.extendedResourceClaimStatus, pod.status?.extendedResourceClaimStatus)) {
    throw refusal(admission, `node "${node}" cannot update extended resource claim status`);
  }
}

/** A node says how large a volume has become; everything else about a claim is others' business. */
function checkClaim(admission: Admission, node: string): void {
  const { subresource, operation, old, object } = admission;
  if (subresource !== "status") throw refusal(admission, "may only update PVC status");
  if (operation !== "UPDATE") throw refusal(admission, `unexpected operation "${operation}"`);
  if (sameJson(claimOfOthers(old), claimOfOthers(object))) return;
  throw refusal(
    admission,
    `node "${node}" is not allowed to update fields other than status.capacity and status.conditions`,
  );
}

function claimOfOthers(object: unknown): unknown {
  const { metadata, status, ...rest } = object as PersistentVolumeClaim;
  const { resourceVersion: _, managedFields: __, ...lasting } = metadata;
  const {
    capacity: _capacity,
    conditions: _conditions,
    allocatedResources: _allocated,
    allocatedResourceStatuses: _statuses,
    ...others
  } = status ?? ({} as NonNullable<PersistentVolumeClaim["status"]>);
  return { metadata: lasting, status: others, ...rest };
}

const NODE_SIGNERS = new Set([
  "kubernetes.io/kubelet-serving",
  "kubernetes.io/kube-apiserver-client-kubelet",
]);

/** Nobody may ask for a certificate in the name of another node. */
async function checkCertificateRequest(admission: Admission, node: string): Promise<undefined> {
  const { signerName, request } = (admission.object as CertificateSigningRequest).spec;
  if (!NODE_SIGNERS.has(signerName)) return undefined;
  const pem = Buffer.from(request, "base64").toString();
  const { commonName } = await readCertificateRequest(pem).catch((error: unknown) => {
    throw refusal(admission, `unable to parse csr: ${(error as Error).message}`);
  });
  if (commonName !== `system:node:${node}`)
    throw refusal(admission, `can only create a node CSR with CN=system:node:${node}`);
  return undefined;
}

const LEASES = "kube-node-lease";

function checkLease(admission: Admission, node: string): void {
  if (admission.namespace !== LEASES)
    throw refusal(admission, `can only access leases in the "${LEASES}" system namespace`);
  checkName(admission, node, "can only access node lease with the same name as the requesting node");
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
  if (operation === "UPDATE" && !sameJson(old?.spec?.taints, object?.spec?.taints)) {
    throw refusal(admission, `node "${node}" is not allowed to modify taints`);
  }
  const forbidden = changedKeys(before, object?.metadata.labels ?? {}).filter(isForbiddenLabel);
  if (forbidden.length > 0) {
    const verb =
      operation === "CREATE"
        ? `node "${node}" is not allowed to set the following labels`
        : "is not allowed to modify labels";
    throw refusal(admission, `${verb}: ${forbidden.toSorted().join(", ")}`);
  }
  if (operation !== "UPDATE") return;
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
  if (!pod) throw notFound(Pod, reference.name);
  if (pod.metadata.uid !== reference.uid) {
    const why = "does not match the UID in record. The object might have been deleted and then recreated";
    throw refusal(admission, `the UID in the bound object reference (${reference.uid}) ${why}`);
  }
  if (pod.spec.nodeName !== node) {
    throw refusal(admission, "node requested token bound to a pod scheduled on a different node");
  }
}

function checkName(admission: Admission, node: string, why: string): void {
  if ((admission.name || admission.object?.metadata.name) !== node) throw refusal(admission, why);
}

/** What else is done to slices is decided by the node's rights, but for each one of many that are deleted. */
function checkSlice(admission: Admission, node: string): void {
  const { operation, object, old } = admission;
  if (operation === "UPDATE") return;
  const slice = (operation === "CREATE" ? object : old) as ResourceSlice | undefined;
  if (slice?.spec.nodeName === node) return;
  const what = operation === "CREATE" ? "create" : "delete";
  throw refusal(admission, `can only ${what} ResourceSlice with the same NodeName as the requesting node`);
}

const sameJson = (left: unknown, right: unknown): boolean => JSON.stringify(left) === JSON.stringify(right);
