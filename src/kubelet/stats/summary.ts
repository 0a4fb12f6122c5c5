/** What the node and its pods use, as `/stats/summary` says it and metrics need it. */
import type { Pod } from "#api/core-v1/pod";
import { formatTime } from "#machinery/time";
import type { ContainerRuntime } from "../cri/client.ts";
import type { ContainerStats, PodSandboxStats } from "../cri/stats.ts";
import { availableMemoryBytes, type DiskSpace, diskSpace, type MachineFacts } from "../node/machine.ts";
import { label } from "../pod/observed.ts";
import type { PodManager } from "../pod/pod-manager.ts";
import { type CpuMeter, readCpuNanos } from "./cpu.ts";

export interface Summary {
  readonly node: NodeStats;
  readonly pods: readonly PodStats[];
}

export interface CpuStats {
  readonly time: string;
  readonly usageNanoCores: number;
  readonly usageCoreNanoSeconds: number;
}

export interface MemoryStats {
  readonly time: string;
  readonly availableBytes?: number;
  readonly usageBytes?: number;
  readonly workingSetBytes: number;
  readonly rssBytes?: number;
}

export interface FsStats {
  readonly time: string;
  readonly availableBytes: number;
  readonly capacityBytes: number;
  readonly usedBytes: number;
  readonly inodesFree: number;
  readonly inodes: number;
  readonly inodesUsed: number;
}

export interface NodeStats {
  readonly nodeName: string;
  readonly startTime: string;
  readonly cpu: CpuStats;
  readonly memory: MemoryStats;
  readonly fs: FsStats;
}

export interface ContainerUse {
  readonly name: string;
  readonly startTime: string;
  readonly cpu: CpuStats;
  readonly memory: MemoryStats;
  readonly rootfs?: { readonly time: string; readonly usedBytes: number; readonly inodesUsed: number };
}

export interface PodStats {
  readonly podRef: { readonly name: string; readonly namespace: string; readonly uid: string };
  readonly startTime: string;
  readonly containers: readonly ContainerUse[];
  readonly cpu: CpuStats;
  readonly memory: MemoryStats;
  readonly network?: NetworkStats;
}

export interface NetworkStats {
  readonly time: string;
  readonly name: string;
  readonly rxBytes: number;
  readonly rxErrors: number;
  readonly txBytes: number;
  readonly txErrors: number;
}

export interface SummarySources {
  readonly nodeName: string;
  readonly startedAtMs: number;
  readonly runtime: ContainerRuntime;
  readonly pods: PodManager;
  readonly machine: MachineFacts;
  readonly rootDir: string;
  /** Knows the use of CPU time at the last look, from which rates follow. */
  readonly meter: CpuMeter;
  now(): number;
}

export async function summary(sources: SummarySources): Promise<Summary> {
  const { runtime, rootDir, now } = sources;
  const [containers, sandboxes, availableBytes, disk, cpuNanos] = await Promise.all([
    runtime.containerStats(),
    // Of runtimes that do not measure sandboxes, the network is not known.
    runtime.sandboxStats().catch(() => []),
    availableMemoryBytes(),
    diskSpace(rootDir),
    readCpuNanos(),
  ]);
  const nowMs = now();
  return {
    node: nodeStats(sources, availableBytes, disk, cpuNanos, nowMs),
    pods: podStats(sources, containers, sandboxes, nowMs),
  };
}

function nodeStats(
  { nodeName, startedAtMs, machine, meter }: SummarySources,
  availableBytes: number,
  disk: DiskSpace,
  cpuNanos: number,
  nowMs: number,
): NodeStats {
  const time = formatTime(nowMs);
  const workingSetBytes = machine.memoryBytes - availableBytes;
  return {
    nodeName,
    startTime: formatTime(startedAtMs),
    cpu: { time, usageNanoCores: meter.rate("node", cpuNanos, nowMs), usageCoreNanoSeconds: cpuNanos },
    memory: { time, availableBytes, usageBytes: workingSetBytes, workingSetBytes },
    fs: {
      time,
      availableBytes: disk.availableBytes,
      capacityBytes: disk.capacityBytes,
      usedBytes: disk.capacityBytes - disk.availableBytes,
      inodes: disk.inodes,
      inodesFree: disk.inodesFree,
      inodesUsed: disk.inodes - disk.inodesFree,
    },
  };
}

function podStats(
  { pods, meter }: SummarySources,
  containers: readonly ContainerStats[],
  sandboxes: readonly PodSandboxStats[],
  nowMs: number,
): readonly PodStats[] {
  const byPod = Map.groupBy(containers, ({ attributes }) => attributes?.labels[label.podUid] ?? "");
  const networks = new Map(
    sandboxes.map((sandbox) => [sandbox.attributes?.metadata?.uid ?? "", networkOf(sandbox, nowMs)]),
  );
  const found: PodStats[] = [];
  for (const { uid, pod, runtime } of pods.workers) {
    const uses = (byPod.get(uid) ?? []).flatMap((stats) => {
      const observed = runtime.container(stats.attributes?.id ?? "");
      return observed?.state === "running" ? [containerUse(stats, observed.startedAtMs, meter, nowMs)] : [];
    });
    if (uses.length > 0) found.push(podUse(pod, uses, networks.get(uid), nowMs));
  }
  return found;
}

function containerUse(
  { attributes, cpu, memory, writableLayer }: ContainerStats,
  startedAtMs: number,
  meter: CpuMeter,
  nowMs: number,
): ContainerUse {
  const time = formatTime(nowMs);
  const usageCoreNanoSeconds = Number(cpu?.usageCoreNanoSeconds?.value ?? 0);
  const number = (value: { readonly value: number } | undefined) => Number(value?.value ?? 0);
  return {
    name: attributes?.labels[label.containerName] ?? "",
    startTime: formatTime(startedAtMs),
    cpu: {
      time,
      usageCoreNanoSeconds,
      usageNanoCores:
        number(cpu?.usageNanoCores) || meter.rate(attributes?.id ?? "", usageCoreNanoSeconds, nowMs),
    },
    memory: {
      time,
      workingSetBytes: number(memory?.workingSetBytes),
      usageBytes: number(memory?.usageBytes),
      rssBytes: number(memory?.rssBytes),
    },
    ...(writableLayer
      ? {
          rootfs: {
            time,
            usedBytes: number(writableLayer.usedBytes),
            inodesUsed: number(writableLayer.inodesUsed),
          },
        }
      : {}),
  };
}

function podUse(
  { metadata, status }: Pod,
  containers: readonly ContainerUse[],
  network: NetworkStats | undefined,
  nowMs: number,
): PodStats {
  const time = formatTime(nowMs);
  const sum = (of: (use: ContainerUse) => number) => containers.reduce((total, use) => total + of(use), 0);
  return {
    podRef: { name: metadata.name, namespace: metadata.namespace ?? "", uid: metadata.uid },
    startTime: status.startTime ?? time,
    containers,
    cpu: {
      time,
      usageNanoCores: sum(({ cpu }) => cpu.usageNanoCores),
      usageCoreNanoSeconds: sum(({ cpu }) => cpu.usageCoreNanoSeconds),
    },
    memory: {
      time,
      workingSetBytes: sum(({ memory }) => memory.workingSetBytes),
      usageBytes: sum(({ memory }) => memory.usageBytes ?? 0),
    },
    ...(network ? { network } : {}),
  };
}

function networkOf({ linux }: PodSandboxStats, nowMs: number): NetworkStats | undefined {
  const found = linux?.network?.defaultInterface;
  if (!found) return undefined;
  return {
    time: formatTime(nowMs),
    name: found.name,
    rxBytes: Number(found.rxBytes?.value ?? 0),
    rxErrors: Number(found.rxErrors?.value ?? 0),
    txBytes: Number(found.txBytes?.value ?? 0),
    txErrors: Number(found.txErrors?.value ?? 0),
  };
}
