/** Whether a pod that was bound to this node can be taken. Pure. */
import type { Pod } from "#api/core-v1/pod";
import { qosClassOf, requestsOf } from "#api/core-v1/podresources";
import { quantityMilli, quantityValue } from "#machinery/quantity";
import type { Pressures } from "../node/node-status.ts";
import type { ResizeProblem } from "./allocation.ts";

export interface Refusal {
  readonly reason: string;
  readonly message: string;
}

export interface Ground {
  readonly allocatable: Readonly<Record<string, string>>;
  readonly pressures: Pressures;
  /** Pods that are here and not over. */
  readonly others: readonly Pod[];
}

const CRITICAL_PRIORITY = 2_000_000_000;

export function refusalOf(pod: Pod, ground: Ground): Refusal | undefined {
  return (
    beyondAbility(pod) ?? underPressure(pod, ground) ?? withoutRoom(pod, ground) ?? portConflict(pod, ground)
  );
}

/** What this kubelet cannot give, it refuses rather than leaves out. */
function beyondAbility({ spec }: Pod): Refusal | undefined {
  if (spec.os && spec.os.name !== "linux")
    return {
      reason: "PodOSNotSupported",
      message: "Failed to admit pod as the OS field doesn't match node OS",
    };
  if (spec.securityContext?.supplementalGroupsPolicy === "Strict")
    return {
      reason: "SupplementalGroupsPolicyNotSupported",
      message: "SupplementalGroupsPolicy=Strict is not supported in this node",
    };
  if (spec.hostUsers === false)
    return {
      reason: "UserNamespacesNotSupported",
      message: "user namespaces are not supported in this node",
    };
  if ((spec.resourceClaims ?? []).length > 0)
    return {
      reason: "ResourceClaimsNotSupported",
      message: "resource claims are not supported in this node",
    };
  return undefined;
}

function underPressure(pod: Pod, { pressures }: Ground): Refusal | undefined {
  if ((pod.spec.priority ?? 0) >= CRITICAL_PRIORITY) return undefined;
  const conditions: string[] = [];
  if (pressures.memory && qosClassOf(pod.spec) === "BestEffort") conditions.push("MemoryPressure");
  if (pressures.disk) conditions.push("DiskPressure");
  if (conditions.length === 0) return undefined;
  return { reason: "Evicted", message: `The node had condition: [${conditions.join(" ")}]. ` };
}

/** Why the node cannot give a running pod the resources that it now asks for. */
export function resizeProblemOf(pod: Pod, { allocatable, others }: Ground): ResizeProblem | undefined {
  const capacities = [
    ["cpu", quantityMilli(allocatable.cpu ?? "0")],
    ["memory", quantityValue(allocatable.memory ?? "0")],
  ] as const;
  const asked = (one: Pod, resource: string) => requestsOf(one).get(resource) ?? 0;
  const problem = (reason: ResizeProblem["reason"], what: string, ...amounts: string[]) => ({
    reason,
    message: `Node didn't have enough ${what}, ${amounts.join(", ")}`,
  });
  for (const [name, capacity] of capacities) {
    const wants = asked(pod, name);
    if (wants > capacity)
      return problem("Infeasible", `capacity: ${name}`, `requested: ${wants}`, `capacity: ${capacity}`);
  }
  for (const [name, capacity] of capacities) {
    const wants = asked(pod, name);
    const used = others.reduce((total, other) => total + asked(other, name), 0);
    const amounts = [`requested: ${wants}`, `used: ${used}`, `capacity: ${capacity}`];
    if (wants > 0 && used + wants > capacity) return problem("Deferred", `resource: ${name}`, ...amounts);
  }
  return undefined;
}

function withoutRoom(pod: Pod, { allocatable, others }: Ground): Refusal | undefined {
  const asked = (one: Pod, resource: "cpu" | "memory") => requestsOf(one).get(resource) ?? 0;
  const used = (resource: "cpu" | "memory") =>
    others.reduce((total, other) => total + asked(other, resource), 0);
  const limits = [
    ["pods", 1, others.length, quantityValue(allocatable.pods ?? "0")],
    ["cpu", asked(pod, "cpu"), used("cpu"), quantityMilli(allocatable.cpu ?? "0")],
    ["memory", asked(pod, "memory"), used("memory"), quantityValue(allocatable.memory ?? "0")],
  ] as const;
  for (const [name, wants, has, capacity] of limits) {
    if (wants === 0 || has + wants <= capacity) continue;
    return {
      reason: `OutOf${name}`,
      message: `Pod was rejected: Node didn't have enough resource: ${name}, requested: ${wants}, used: ${has}, capacity: ${capacity}`,
    };
  }
  // Extended resources of the node's object are not counted here: the scheduler has done it.
  return undefined;
}

function portConflict(pod: Pod, { others }: Ground): Refusal | undefined {
  const wanted = hostPorts(pod);
  if (wanted.length === 0) return undefined;
  const taken = others.flatMap(hostPorts);
  const conflict = wanted.some((port) =>
    taken.some(
      (other) =>
        other.hostPort === port.hostPort &&
        other.protocol === port.protocol &&
        (other.hostIP === port.hostIP || isAny(other.hostIP) || isAny(port.hostIP)),
    ),
  );
  if (!conflict) return undefined;
  const message =
    "Pod was rejected: Predicate NodePorts failed: node(s) didn't have free ports for the requested pod ports";
  return { reason: "NodePorts", message };
}

const isAny = (ip: string): boolean => ip === "" || ip === "0.0.0.0" || ip === "::";

const hostPorts = ({ spec }: Pod) =>
  spec.containers.flatMap(({ ports = [] }) =>
    ports
      .filter(({ hostPort }) => hostPort)
      .map(({ hostPort = 0, protocol = "TCP", hostIP = "" }) => ({ hostPort, protocol, hostIP })),
  );
