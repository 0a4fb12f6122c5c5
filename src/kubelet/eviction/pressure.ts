/** When a node is short of something, and which pod has to go for it. Pure. */
import type { Pod } from "#api/core-v1/pod";
import type { DiskSpace } from "../node/machine.ts";
import type { Pressures } from "../node/node-status.ts";
import { requested } from "../resources/linux-resources.ts";

const MEMORY_BYTES_MIN = 100 * 1024 * 1024;
const DISK_SHARE_MIN = 0.1;
const IMAGE_DISK_SHARE_MIN = 0.15;
const INODES_SHARE_MIN = 0.05;
/** A pressure is over only when it has been gone for so long. */
const PRESSURE_KEPT_MS = 300_000;

export interface Supplies {
  readonly memoryBytes: number;
  /** Where pods keep their files. */
  readonly disk: DiskSpace;
  /** Where images are kept; often the same. */
  readonly imageDisk: DiskSpace;
}

export interface Shortage {
  readonly resource: "memory" | "ephemeral-storage" | "inodes";
  readonly text: string;
}

export function shortageOf({ memoryBytes, disk, imageDisk }: Supplies): Shortage | undefined {
  if (memoryBytes < MEMORY_BYTES_MIN) return shortage("memory", "100Mi", memoryBytes);
  for (const [space, share] of [
    [disk, DISK_SHARE_MIN],
    [imageDisk, IMAGE_DISK_SHARE_MIN],
  ] as const) {
    const least = Math.floor(space.capacityBytes * share);
    if (space.availableBytes < least)
      return shortage("ephemeral-storage", String(least), space.availableBytes);
  }
  const inodesMin = Math.floor(disk.inodes * INODES_SHARE_MIN);
  // Some file systems make inodes as they need them, and count none.
  if (disk.inodes > 0 && disk.inodesFree < inodesMin)
    return shortage("inodes", String(inodesMin), disk.inodesFree);
  return undefined;
}

const shortage = (resource: Shortage["resource"], threshold: string, available: number): Shortage => ({
  resource,
  text: `The node was low on resource: ${resource}. Threshold quantity: ${threshold}, available: ${available}. `,
});

/** Remembers pressures, so that a node that is just over one does not take new load at once. */
export class PressureMemory {
  readonly #lastMs = { memory: -Infinity, disk: -Infinity };

  note(found: Shortage | undefined, nowMs: number): void {
    if (found) this.#lastMs[found.resource === "memory" ? "memory" : "disk"] = nowMs;
  }

  pressures(nowMs: number): Pressures {
    const holds = (lastMs: number) => nowMs - lastMs < PRESSURE_KEPT_MS;
    return { memory: holds(this.#lastMs.memory), disk: holds(this.#lastMs.disk), pids: false };
  }
}

export interface Candidate {
  readonly pod: Pod;
  readonly memoryBytes: number;
}

const CRITICAL_PRIORITY = 2_000_000_000;

/** The pod to go first: one that takes more than it asked for, then by priority, then by how much more. */
export function victimOf(candidates: readonly Candidate[]): Candidate | undefined {
  const ranked = candidates
    .filter(({ pod }) => (pod.spec.priority ?? 0) < CRITICAL_PRIORITY)
    .map((candidate) => ({ candidate, excess: candidate.memoryBytes - requestedMemory(candidate.pod) }))
    .toSorted(
      (a, b) =>
        Number(b.excess > 0) - Number(a.excess > 0) ||
        (a.candidate.pod.spec.priority ?? 0) - (b.candidate.pod.spec.priority ?? 0) ||
        b.excess - a.excess,
    );
  return ranked[0]?.candidate;
}

const requestedMemory = ({ spec }: Pod): number =>
  spec.containers.reduce((sum, container) => sum + requested(container).memoryBytes, 0);
