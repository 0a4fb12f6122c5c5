/** The status of the node's object, from what was found. Pure. */
import { isDeepStrictEqual } from "node:util";
import type { Node } from "#api/core-v1/node";
import { quantityOf, quantityOfMilli } from "#machinery/quantity";
import { formatTime } from "#machinery/time";
import type { Image } from "../cri/image.ts";
import type { DiskSpace, MachineFacts } from "./machine.ts";

type NodeStatus = Node["status"];
export type NodeCondition = NonNullable<NodeStatus["conditions"]>[number];

export interface NodeSettings {
  readonly name: string;
  readonly ips: readonly string[];
  readonly maxPods: number;
  readonly port: number;
  readonly version: string;
  /** Kept for the system: not for pods. */
  readonly reserved: { readonly milliCpu: number; readonly memoryBytes: number };
}

export interface Pressures {
  readonly memory: boolean;
  readonly disk: boolean;
  readonly pids: boolean;
}

export interface NodeFindings {
  readonly settings: NodeSettings;
  readonly machine: MachineFacts;
  readonly disk: DiskSpace;
  /** `containerd://1.6.20` */
  readonly runtimeVersion: string;
  /** Why the node cannot run pods; empty when it can. */
  readonly notReady: string;
  readonly pressures: Pressures;
  readonly images: readonly Image[];
}

/** Of the images in the status, the largest. */
const IMAGES_MAX = 50;
const NAMES_MAX = 5;
/** Memory that pods may not take, so that the node notices in time that it runs out. */
const EVICTION_MEMORY_BYTES = 100 * 1024 * 1024;
const EVICTION_DISK_SHARE = 0.1;

export function nodeStatus(
  findings: NodeFindings,
  before: NodeStatus | undefined,
  nowMs: number,
): NodeStatus {
  const { settings, machine, runtimeVersion, images } = findings;
  return {
    capacity: capacityOf(findings),
    allocatable: allocatableOf(findings),
    conditions: conditionsOf(findings, before?.conditions ?? [], nowMs),
    addresses: [
      ...settings.ips.map((address) => ({ type: "InternalIP", address })),
      { type: "Hostname", address: settings.name },
    ],
    daemonEndpoints: { kubeletEndpoint: { Port: settings.port } },
    nodeInfo: {
      machineID: machine.machineId,
      systemUUID: machine.systemUuid,
      bootID: machine.bootId,
      kernelVersion: machine.kernelVersion,
      osImage: machine.osImage,
      containerRuntimeVersion: runtimeVersion,
      kubeletVersion: settings.version,
      kubeProxyVersion: settings.version,
      operatingSystem: "linux",
      architecture: machine.architecture,
      swap: { capacity: machine.swapBytes },
    },
    images: imagesOf(images),
    features: { supplementalGroupsPolicy: false },
  };
}

function capacityOf({ settings, machine, disk }: NodeFindings): Readonly<Record<string, string>> {
  return {
    cpu: quantityOf(machine.cpus, "DecimalSI"),
    "ephemeral-storage": kibi(disk.capacityBytes),
    memory: kibi(machine.memoryBytes),
    pods: quantityOf(settings.maxPods, "DecimalSI"),
  };
}

export function allocatableOf(findings: NodeFindings): Readonly<Record<string, string>> {
  const { settings, machine, disk } = findings;
  return {
    ...capacityOf(findings),
    cpu: quantityOfMilli(Math.max(0, machine.cpus * 1000 - settings.reserved.milliCpu)),
    "ephemeral-storage": kibi(disk.capacityBytes * (1 - EVICTION_DISK_SHARE)),
    memory: kibi(Math.max(0, machine.memoryBytes - settings.reserved.memoryBytes - EVICTION_MEMORY_BYTES)),
  };
}

const kibi = (bytes: number): string => quantityOf(Math.floor(bytes / 1024) * 1024, "BinarySI");

function conditionsOf(
  { notReady, pressures }: NodeFindings,
  before: readonly NodeCondition[],
  nowMs: number,
): readonly NodeCondition[] {
  const now = formatTime(nowMs);
  const condition = (type: string, holds: boolean, reason: string, message: string): NodeCondition => {
    const status = holds ? "True" : "False";
    const last = before.find((known) => known.type === type);
    const lastTransitionTime = last?.status === status ? last.lastTransitionTime : now;
    return {
      type,
      status,
      lastHeartbeatTime: now,
      lastTransitionTime: lastTransitionTime ?? now,
      reason,
      message,
    };
  };
  const pressure = (type: string, what: string, holds: boolean, has: string, hasNot: string): NodeCondition =>
    condition(type, holds, `KubeletHas${holds ? has : hasNot}`, `kubelet has ${what}`);
  const { memory, disk, pids } = pressures;
  return [
    pressure(
      "MemoryPressure",
      `${memory ? "in" : ""}sufficient memory available`,
      memory,
      "InsufficientMemory",
      "SufficientMemory",
    ),
    pressure(
      "DiskPressure",
      disk ? "disk pressure" : "no disk pressure",
      disk,
      "DiskPressure",
      "NoDiskPressure",
    ),
    pressure(
      "PIDPressure",
      `${pids ? "in" : ""}sufficient PID available`,
      pids,
      "InsufficientPID",
      "SufficientPID",
    ),
    notReady === ""
      ? condition("Ready", true, "KubeletReady", "kubelet is posting ready status")
      : condition("Ready", false, "KubeletNotReady", notReady),
  ];
}

function imagesOf(images: readonly Image[]): NonNullable<NodeStatus["images"]> {
  return [...images]
    .toSorted((a, b) => Number(b.size) - Number(a.size))
    .slice(0, IMAGES_MAX)
    .map(({ repoDigests, repoTags, size }) => ({
      names: [...repoDigests, ...repoTags].slice(0, NAMES_MAX),
      sizeBytes: Number(size),
    }));
}

/** Does `now` say nothing that `before` does not say, but for the time when it was last looked at? */
export function sameNodeStatus(before: NodeStatus, now: NodeStatus): boolean {
  return isDeepStrictEqual(comparable({ ...before, ...now }), comparable(before));
}

const comparable = (status: NodeStatus): unknown => ({
  ...status,
  conditions: (status.conditions ?? [])
    .map(({ lastHeartbeatTime: _heard, ...condition }) => condition)
    .toSorted((a, b) => (a.type < b.type ? -1 : 1)),
});
