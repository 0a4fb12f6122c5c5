/** What a node may do: only what its own pods need. */
import { Pod } from "#api/core-v1/pod";
import { PersistentVolume } from "#api/core-v1/persistentvolume";
import { PersistentVolumeClaim } from "#api/core-v1/persistentvolumeclaim";
import type { PodSpec } from "#api/core-v1/podspec";
import { ResourceClaim } from "#api/resource-v1/resourceclaim";
import { VolumeAttachment } from "#api/storage-v1/volumeattachment";
import type { Authorizer, Decision, ReadCache, RequestInfo, User } from "../contracts.ts";
import { nodeRules } from "./policy/cluster-roles.ts";
import { claimNameOf, configMapsOf, secretsOf } from "./pod-references.ts";
import { coversKind } from "./rules.ts";
import { selectorsOf } from "./selectors.ts";

const NODES = "system:nodes";
const NODE_USER = "system:node:";
const LEASES_NAMESPACE = "kube-node-lease";

const ALLOWED: Decision = { verdict: "allow", reason: "" };
const NO_OPINION: Decision = { verdict: "no-opinion", reason: "" };
const refused = (reason: string): Decision => ({ verdict: "no-opinion", reason });

/** The node that a user is, or undefined for everybody else. */
export const nodeOf = (user: User): string | undefined =>
  user.name.startsWith(NODE_USER) && user.groups.includes(NODES)
    ? user.name.slice(NODE_USER.length)
    : undefined;

type Check = (node: string, request: RequestInfo) => Decision;

export class NodeAuthorizer implements Authorizer {
  readonly #cache: ReadCache;
  readonly #checks: Readonly<Record<string, Check>>;

  constructor(cache: ReadCache) {
    this.#cache = cache;
    const related = (uses: (node: string, request: RequestInfo) => boolean) => this.#readOne(uses);
    this.#checks = {
      "/secrets": related((node, request) => this.#usesSecret(node, request)),
      "/configmaps": related((node, request) =>
        this.#anyPod(node, request.namespace, (spec) => includes(configMapsOf(spec), request.name)),
      ),
      "/persistentvolumeclaims": (node, request) => this.#claim(node, request),
      "/persistentvolumes": related((node, { name }) => this.#usesVolume(node, name)),
      "/serviceaccounts": (node, request) => this.#account(node, request),
      "/pods": (node, request) => this.#pods(node, request),
      "/nodes": ownNode,
      "storage.k8s.io/volumeattachments": related(
        (node, { name }) => this.#cache.get(VolumeAttachment, undefined, name)?.spec.nodeName === node,
      ),
      "storage.k8s.io/csinodes": ownCsiNode,
      "coordination.k8s.io/leases": ownLease,
      "resource.k8s.io/resourceclaims": related((node, request) => this.#usesResourceClaim(node, request)),
      "resource.k8s.io/resourceslices": ownSlices,
    };
  }

  authorize(user: User, request: RequestInfo): Decision {
    const node = nodeOf(user);
    if (node === undefined || node === "" || !request.isResource) return NO_OPINION;
    const check = this.#checks[`${request.group}/${request.resource}`];
    if (check) return check(node, request);
    return byRules(request);
  }

  /** The pods bound to a node. */
  podsOf(node: string): Iterable<Pod> {
    return this.#cache.listIndexed(Pod, node);
  }

  /** Reads of one named object that a pod of the node uses. */
  #readOne(uses: (node: string, request: RequestInfo) => boolean): Check {
    return (node, request) => {
      const { verb, name, subresource } = request;
      if (verb !== "get" && verb !== "list" && verb !== "watch") {
        return refused("can only read resources of this type");
      }
      if (subresource !== "") return refused("cannot read subresource");
      if (name === "") {
        return refused("No Object name found");
      }
      return uses(node, request) ? ALLOWED : noRelationship(node);
    };
  }

  #anyPod(node: string, namespace: string, uses: (spec: PodSpec, pod: Pod) => boolean): boolean {
    for (const pod of this.#trustedPodsOf(node))
      if (pod.metadata.namespace === namespace && uses(pod.spec, pod)) return true;
    return false;
  }

  /** A mirror pod is the node's own claim, so it opens nothing. */
  *#trustedPodsOf(node: string): Iterable<Pod> {
    for (const pod of this.podsOf(node))
      if (pod.metadata.annotations?.["kubernetes.io/config.mirror"] === undefined) yield pod;
  }

  #usesSecret(node: string, { namespace, name }: RequestInfo): boolean {
    if (this.#anyPod(node, namespace, (spec) => includes(secretsOf(spec), name))) return true;
    return this.#volumesOf(node).some((volume) =>
      volumeSecrets(volume).some((secret) => secret.name === name && secret.namespace === namespace),
    );
  }

  #claims(node: string, namespace: string, name: string): boolean {
    return this.#anyPod(node, namespace, (spec, pod) =>
      (spec.volumes ?? []).some((volume) => claimNameOf(volume, pod.metadata.name) === name),
    );
  }

  #usesVolume(node: string, name: string): boolean {
    const claim = this.#cache.get(PersistentVolume, undefined, name)?.spec.claimRef;
    return claim !== undefined && this.#claims(node, claim.namespace ?? "", claim.name ?? "");
  }

  #volumesOf(node: string): PersistentVolume[] {
    const volumes: PersistentVolume[] = [];
    for (const { metadata, spec } of this.#trustedPodsOf(node)) {
      for (const volume of spec.volumes ?? []) {
        const name = claimNameOf(volume, metadata.name);
        if (name === undefined) continue;
        const claim = this.#cache.get(PersistentVolumeClaim, metadata.namespace, name);
        const bound = this.#cache.get(PersistentVolume, undefined, claim?.spec.volumeName ?? "");
        const owner = bound?.spec.claimRef;
        if (bound && owner?.name === name && owner.namespace === metadata.namespace) volumes.push(bound);
      }
    }
    return volumes;
  }

  #usesResourceClaim(node: string, { namespace, name }: RequestInfo): boolean {
    const claim = this.#cache.get(ResourceClaim, namespace, name);
    const users = new Set<string>();
    for (const consumer of claim?.status?.reservedFor ?? []) users.add(consumer.uid);
    return this.#anyPod(node, namespace, (_spec, pod) => users.has(pod.metadata.uid));
  }

  #claim(node: string, request: RequestInfo): Decision {
    const { verb, subresource, namespace, name } = request;
    const statusWrite = subresource === "status" && (verb === "update" || verb === "patch");
    const read = verb === "get" && (subresource === "" || subresource === "status");
    if (!statusWrite && !read) {
      return refused("can only get individual resources of this type");
    }
    return name !== "" && this.#claims(node, namespace, name) ? ALLOWED : noRelationship(node);
  }

  #account(node: string, { verb, subresource, namespace, name }: RequestInfo): Decision {
    const token = verb === "create" && subresource === "token";
    const read = verb === "get" && subresource === "";
    if (!token && !read) return refused("can only create tokens for individual service accounts");
    const used = this.#anyPod(node, namespace, (spec) => spec.serviceAccountName === name);
    return name !== "" && used ? ALLOWED : noRelationship(node);
  }

  #pods(node: string, request: RequestInfo): Decision {
    const { verb, subresource, namespace, name } = request;
    if (subresource !== "") return byRules(request);
    if (verb === "list" || verb === "watch") {
      return selects(request, "spec.nodeName", node)
        ? ALLOWED
        : refused("can only list/watch pods with spec.nodeName field selector");
    }
    if (verb === "get") {
      const pod = this.#cache.get(Pod, namespace, name);
      return pod?.spec.nodeName === node ? ALLOWED : noRelationship(node);
    }
    return byRules(request);
  }
}

const noRelationship = (node: string): Decision =>
  refused(`no relationship found between node '${node}' and this object`);

function byRules(request: RequestInfo): Decision {
  return nodeRules.some((rule) => coversKind(rule, request)) ? ALLOWED : NO_OPINION;
}

const includes = (names: Iterable<string>, wanted: string): boolean => {
  for (const name of names) if (name === wanted) return true;
  return false;
};

/** Is this equality one of the requirements of the request's field selector, as lists will read it? */
const selects = (request: RequestInfo, field: string, value: string): boolean =>
  selectorsOf(request).fieldSelector?.requirements?.some(
    ({ key, operator, values }) => key === field && operator === "In" && values?.[0] === value,
  ) ?? false;

/** Creation is looked at by admission, which sees the object's name. */
function ownNode(node: string, request: RequestInfo): Decision {
  const { verb, name, subresource } = request;
  if (verb === "create" && name === "") return byRules(request);
  if (name === node) return byRules(request);
  if (verb === "get" || verb === "list" || verb === "watch") {
    const what = name === "" ? "all nodes" : `'${name}'`;
    return refused(`node '${node}' cannot read ${what}, only its own Node object`);
  }
  return refused(`node '${node}' cannot modify ${subresource === "" ? "" : `${subresource} of `}other nodes`);
}

function ownLease(node: string, request: RequestInfo): Decision {
  const { verb, namespace, name } = request;
  if (!["get", "create", "update", "patch", "delete"].includes(verb)) {
    return refused("can only get, create, update, patch, or delete a node lease");
  }
  if (namespace !== LEASES_NAMESPACE) {
    return refused(`can only access leases in the "${LEASES_NAMESPACE}" system namespace`);
  }
  if (verb !== "create" && name !== node)
    return refused("can only access node lease with the same name as the requesting node");
  return ALLOWED;
}

function ownCsiNode(node: string, request: RequestInfo): Decision {
  const { verb, name, subresource } = request;
  if (!["get", "create", "update", "patch", "delete"].includes(verb)) {
    return refused("can only get, create, update, patch, or delete a CSINode");
  }
  if (subresource !== "") return refused("cannot authorize CSINode subresources");
  if (verb !== "create" && name !== node)
    return refused("can only access CSINode with the same name as the requesting node");
  return ALLOWED;
}

function ownSlices(node: string, request: RequestInfo): Decision {
  const { verb, subresource } = request;
  if (subresource !== "") return refused("cannot authorize ResourceSlice subresources");
  if (verb === "list" || verb === "watch" || verb === "deletecollection") {
    return selects(request, "spec.nodeName", node)
      ? ALLOWED
      : refused("can only list/watch/deletecollection resourceslices with spec.nodeName field selector");
  }
  // Which node an object is of, only admission can see.
  return byRules(request);
}

interface SecretPlace {
  readonly name?: string;
  readonly namespace?: string | null;
}

function volumeSecrets({ spec }: PersistentVolume): SecretPlace[] {
  const { csi, flexVolume, iscsi, rbd, cephfs, scaleIO, storageos, azureFile } = spec;
  const shared = spec.claimRef?.namespace ?? "";
  const placed: readonly (SecretPlace | undefined)[] = [
    csi?.nodePublishSecretRef,
    csi?.nodeStageSecretRef,
    csi?.nodeExpandSecretRef,
    flexVolume?.secretRef,
    iscsi?.secretRef,
    rbd?.secretRef,
    cephfs?.secretRef,
    scaleIO?.secretRef,
    storageos?.secretRef,
    azureFile ? { name: azureFile.secretName, namespace: azureFile.secretNamespace } : undefined,
  ];
  return placed
    .filter((place) => place !== undefined)
    .map(({ name, namespace }) => ({ name, namespace: namespace ?? shared }));
}
