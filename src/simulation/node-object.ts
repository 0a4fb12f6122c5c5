/** What a simulated node says of itself. Pure. */
import type { Lease } from "#api/coordination-v1/lease";
import type { Node } from "#api/core-v1/node";
import type { Wire } from "#machinery/schema";
import { formatMicroTime, formatTime } from "#machinery/time";

/** What a node offers and how it is marked. */
export interface NodeShape {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly taints: NonNullable<Wire<Node["spec"]>["taints"]>;
  readonly cpu: string;
  readonly memory: string;
  readonly ephemeralStorage: string;
  readonly pods: number;
}

export const defaultShape: Omit<NodeShape, "name"> = {
  labels: {},
  taints: [],
  cpu: "8",
  memory: "32Gi",
  ephemeralStorage: "100Gi",
  pods: 110,
};

/** The namespace of all nodes' leases. */
export const LEASES = "kube-node-lease";
const LEASE_SECONDS = 40;

/** An address of the range kept for benchmarks, so that it is nobody's. */
export const nodeAddress = (index: number): string => `198.19.${(index >> 8) & 255}.${index & 255}`;

export function nodeObject(shape: NodeShape, address: string, nowMs: number): Wire<Node> {
  const { name, labels, taints } = shape;
  const own = { "kubernetes.io/hostname": name, "kubernetes.io/os": "linux", "kubernetes.io/arch": "amd64" };
  return {
    metadata: { name, labels: { ...own, ...labels } },
    spec: { taints },
    status: nodeStatus(shape, address, nowMs),
  };
}

export function nodeStatus(
  { name, cpu, memory, ephemeralStorage, pods }: NodeShape,
  address: string,
  nowMs: number,
): Wire<Node["status"]> {
  const room = { cpu, memory, "ephemeral-storage": ephemeralStorage, pods: String(pods) };
  return {
    capacity: room,
    allocatable: room,
    conditions: readyConditions(nowMs),
    addresses: [
      { type: "InternalIP", address },
      { type: "Hostname", address: name },
    ],
    nodeInfo: {
      machineID: name,
      systemUUID: name,
      bootID: name,
      kernelVersion: "simulated",
      osImage: "simulated",
      containerRuntimeVersion: "simulated://1",
      kubeletVersion: "v1.35.0",
      kubeProxyVersion: "",
      operatingSystem: "linux",
      architecture: "amd64",
    },
  };
}

export function readyConditions(nowMs: number) {
  const now = formatTime(nowMs);
  const condition = (type: string, status: string, reason: string) => ({
    type,
    status,
    lastHeartbeatTime: now,
    lastTransitionTime: now,
    reason,
    message: "simulated",
  });
  return [
    condition("MemoryPressure", "False", "KubeletHasSufficientMemory"),
    condition("DiskPressure", "False", "KubeletHasNoDiskPressure"),
    condition("PIDPressure", "False", "KubeletHasSufficientPID"),
    condition("Ready", "True", "KubeletReady"),
  ];
}

/** The lease goes when its node goes. */
export const leaseObject = ({ metadata: { name, uid } }: Node, nowMs: number): Wire<Lease> => ({
  metadata: {
    name,
    namespace: LEASES,
    ownerReferences: [{ apiVersion: "v1", kind: "Node", name, uid }],
  },
  spec: {
    holderIdentity: name,
    leaseDurationSeconds: LEASE_SECONDS,
    renewTime: formatMicroTime(nowMs),
  },
});
