/** How much of a quota one object takes. Pure; a controller that counts all objects of a namespace adds these up. */
import { PersistentVolumeClaim } from "#api/core-v1/persistentvolumeclaim";
import { Pod } from "#api/core-v1/pod";
import { limitsOf, qosClassOf, requestsOf } from "#api/core-v1/podresources";
import { isTerminal } from "#api/core-v1/podstate";
import type { ResourceQuota } from "#api/core-v1/resourcequota";
import { Service } from "#api/core-v1/service";
import { ResourceClaim } from "#api/resource-v1/resourceclaim";
import { compareQuantities } from "#machinery/quantity";
import type { AnyObject, Resource } from "#machinery/schema";
import { shown } from "../amount-text.ts";

/** Quantity text by quota resource: `pods`, `requests.cpu`, `count/deployments.apps`. */
export type Usage = Readonly<Record<string, string>>;

/** Kinds that quotas also count under their plain plural. */
const COUNTED_BY_PLURAL = new Set([
  "pods",
  "services",
  "configmaps",
  "secrets",
  "replicationcontrollers",
  "resourcequotas",
  "persistentvolumeclaims",
]);

/** `count/pods`, `count/deployments.apps` */
const countOf = ({ group, plural }: Resource): string =>
  group === "" ? `count/${plural}` : `count/${plural}.${group}`;

export function usageOf(resource: Resource, object: AnyObject): Usage {
  const counted = { [countOf(resource)]: "1" };
  if (resource.group === ResourceClaim.group && resource.plural === ResourceClaim.plural) {
    return { ...counted, ...deviceUsage(object as ResourceClaim) };
  }
  if (resource.group !== "") return counted;
  // A pod that has ended takes nothing of a node, but it is still there.
  if (resource.plural === Pod.plural) return { ...counted, ...podUsage(object as Pod) };
  if (resource.plural === Service.plural) return { ...counted, ...serviceUsage(object as Service) };
  if (resource.plural === PersistentVolumeClaim.plural) {
    return { ...counted, ...claimUsage(object as PersistentVolumeClaim) };
  }
  return COUNTED_BY_PLURAL.has(resource.plural) ? { ...counted, [resource.plural]: "1" } : counted;
}

/** Resources whose plain name means the request. */
const SHORT_REQUESTS = new Set(["cpu", "memory", "ephemeral-storage"]);

function podUsage(pod: Pod): Usage {
  if (isTerminal(pod)) return {};
  const usage: Record<string, string> = { pods: "1" };
  for (const [name, amount] of requestsOf(pod)) {
    usage[`requests.${name}`] = shown(name, amount);
    if (SHORT_REQUESTS.has(name) || name.startsWith("hugepages-")) usage[name] = shown(name, amount);
  }
  for (const [name, amount] of limitsOf(pod)) usage[`limits.${name}`] = shown(name, amount);
  return usage;
}

function serviceUsage({ spec }: Service): Usage {
  const balanced = spec.type === "LoadBalancer";
  return {
    services: "1",
    "services.nodeports": String(nodePortsOf(spec)),
    "services.loadbalancers": balanced ? "1" : "0",
  };
}

function nodePortsOf({ type, ports = [], allocateLoadBalancerNodePorts = true }: Service["spec"]): number {
  if (type === "NodePort" || (type === "LoadBalancer" && allocateLoadBalancerNodePorts)) return ports.length;
  // Without being allocated, those are there that were asked for.
  return type === "LoadBalancer" ? ports.filter(({ nodePort }) => nodePort).length : 0;
}

/** Where the class of a claim stood before it had a field. */
const OLD_CLASS = "volume.beta.kubernetes.io/storage-class";

function claimUsage(claim: PersistentVolumeClaim): Usage {
  const storage = storageOf(claim);
  const storageClass = claim.metadata.annotations?.[OLD_CLASS] ?? claim.spec.storageClassName ?? "";
  const of = `${storageClass}.storageclass.storage.k8s.io`;
  const named = storageClass !== "";
  return {
    persistentvolumeclaims: "1",
    ...(named ? { [`${of}/persistentvolumeclaims`]: "1" } : {}),
    ...(storage === undefined ? {} : { "requests.storage": storage }),
    ...(named && storage !== undefined ? { [`${of}/requests.storage`]: storage } : {}),
  };
}

/** While a volume grows, and where growing has failed, what is allocated for it may be more than is asked for now. */
function storageOf({ spec, status }: PersistentVolumeClaim): string | undefined {
  const asked = spec.resources?.requests?.storage;
  const allocated = status?.allocatedResources?.storage;
  if (asked === undefined || allocated === undefined) return asked;
  return compareQuantities(allocated, asked) > 0 ? allocated : asked;
}

/** A request for all devices of a kind may get as many as a claim can hold. */
const DEVICES_MAX = 32;

/** The most devices of each class that the claim may come to hold. */
function deviceUsage({ spec }: ResourceClaim): Usage {
  const most = new Map<string, number>();
  for (const { exactly, firstAvailable = [] } of spec.devices?.requests ?? []) {
    const ofRequest = new Map<string, number>();
    for (const { deviceClassName, allocationMode, count = 1 } of exactly ? [exactly] : firstAvailable) {
      const wanted = allocationMode === "All" ? DEVICES_MAX : count;
      // Of several choices one is taken.
      ofRequest.set(deviceClassName, Math.max(ofRequest.get(deviceClassName) ?? 0, wanted));
    }
    for (const [name, wanted] of ofRequest) most.set(name, (most.get(name) ?? 0) + wanted);
  }
  return Object.fromEntries(
    Array.from(most, ([name, wanted]) => [`${name}.deviceclass.resource.k8s.io/devices`, String(wanted)]),
  );
}

interface Requirement {
  readonly scopeName: string;
  readonly operator: string;
  readonly values?: readonly string[];
}

/** Is this one of the objects that the quota is about? Scopes speak about pods, and claims' attribute classes. */
export function inScope({ spec }: ResourceQuota, resource: Resource, object: AnyObject): boolean {
  const requirements: Requirement[] = [
    ...(spec?.scopes ?? []).map((scopeName) => ({ scopeName, operator: "Exists" })),
    ...(spec?.scopeSelector?.matchExpressions ?? []),
  ];
  return requirements.every((requirement) => {
    if (resource.group === "" && resource.plural === Pod.plural) {
      return podInScope(requirement, object as Pod);
    }
    if (resource.group === "" && resource.plural === PersistentVolumeClaim.plural) {
      return claimInScope(requirement, object as PersistentVolumeClaim);
    }
    return false;
  });
}

function podInScope(requirement: Requirement, { spec }: Pod): boolean {
  const terminating = spec.activeDeadlineSeconds !== undefined;
  const bestEffort = qosClassOf(spec) === "BestEffort";
  switch (requirement.scopeName) {
    case "Terminating":
      return terminating;
    case "NotTerminating":
      return !terminating;
    case "BestEffort":
      return bestEffort;
    case "NotBestEffort":
      return !bestEffort;
    case "PriorityClass":
      return fits(requirement, spec.priorityClassName);
    case "CrossNamespacePodAffinity":
      return crossesNamespaces(spec);
    default:
      return false;
  }
}

/** Of all classes that the claim has, had or is to have, one is enough. */
function claimInScope(requirement: Requirement, { spec, status }: PersistentVolumeClaim): boolean {
  if (requirement.scopeName !== "VolumeAttributesClass") return false;
  const named = [
    spec.volumeAttributesClassName,
    status?.currentVolumeAttributesClassName,
    status?.modifyVolumeStatus?.targetVolumeAttributesClassName,
  ].filter(Boolean);
  return named.length === 0 ? fits(requirement, undefined) : named.some((name) => fits(requirement, name));
}

function fits({ operator, values = [] }: Requirement, name: string | undefined): boolean {
  if (operator === "Exists") return Boolean(name);
  if (operator === "DoesNotExist") return !name;
  return operator === "In" ? values.includes(name ?? "") : !values.includes(name ?? "");
}

function crossesNamespaces({ affinity }: Pod["spec"]): boolean {
  const parts = [affinity?.podAffinity, affinity?.podAntiAffinity];
  const terms = parts.flatMap((part) => [
    ...(part?.requiredDuringSchedulingIgnoredDuringExecution ?? []),
    ...(part?.preferredDuringSchedulingIgnoredDuringExecution ?? []).map((term) => term.podAffinityTerm),
  ]);
  return terms.some(({ namespaces, namespaceSelector }) => namespaces?.length || namespaceSelector);
}
