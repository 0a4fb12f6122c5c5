/** How much of a quota one object takes. Pure; a controller that counts all objects of a namespace adds these up. */
import { PersistentVolumeClaim } from "#api/core-v1/persistentvolumeclaim";
import { Pod } from "#api/core-v1/pod";
import { limitsOf, qosClassOf, requestsOf } from "#api/core-v1/podresources";
import { isTerminal } from "#api/core-v1/podstate";
import type { ResourceQuota } from "#api/core-v1/resourcequota";
import { Service } from "#api/core-v1/service";
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
  const ports = String(spec.ports?.length ?? 0);
  const allocates = spec.allocateLoadBalancerNodePorts ?? true;
  const balanced = spec.type === "LoadBalancer";
  const nodePorts = spec.type === "NodePort" || (balanced && allocates) ? ports : "0";
  return { services: "1", "services.nodeports": nodePorts, "services.loadbalancers": balanced ? "1" : "0" };
}

function claimUsage({ spec }: PersistentVolumeClaim): Usage {
  const storage = spec.resources?.requests?.storage;
  const of = `${spec.storageClassName ?? ""}.storageclass.storage.k8s.io`;
  const named = Boolean(spec.storageClassName);
  return {
    persistentvolumeclaims: "1",
    ...(named ? { [`${of}/persistentvolumeclaims`]: "1" } : {}),
    ...(storage === undefined ? {} : { "requests.storage": storage }),
    ...(named && storage !== undefined ? { [`${of}/requests.storage`]: storage } : {}),
  };
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

const claimInScope = (requirement: Requirement, { spec }: PersistentVolumeClaim): boolean =>
  requirement.scopeName === "VolumeAttributesClass" && fits(requirement, spec.volumeAttributesClassName);

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
