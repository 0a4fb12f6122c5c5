/** What the machine is and has. */
import { readFile, statfs } from "node:fs/promises";
import { arch, availableParallelism, release, totalmem } from "node:os";

export interface MachineFacts {
  readonly machineId: string;
  readonly systemUuid: string;
  readonly bootId: string;
  readonly kernelVersion: string;
  readonly osImage: string;
  /** In Go's words: `amd64`, `arm64`. */
  readonly architecture: string;
  readonly cpus: number;
  readonly memoryBytes: number;
  readonly swapBytes: number;
}

const ARCHITECTURES: Readonly<Record<string, string>> = {
  x64: "amd64",
  arm64: "arm64",
  ia32: "386",
  arm: "arm",
};

export async function machineFacts(): Promise<MachineFacts> {
  const text = async (path: string) => (await readFile(path, "utf8").catch(() => "")).trim();
  const [machineId, systemUuid, bootId, osRelease, meminfo] = await Promise.all([
    text("/etc/machine-id"),
    text("/sys/class/dmi/id/product_uuid"),
    text("/proc/sys/kernel/random/boot_id"),
    text("/etc/os-release"),
    text("/proc/meminfo"),
  ]);
  return {
    machineId,
    systemUuid: systemUuid || machineId,
    bootId,
    kernelVersion: release(),
    osImage: /^PRETTY_NAME="?([^"\n]*)"?$/m.exec(osRelease)?.[1] ?? "Linux",
    architecture: ARCHITECTURES[arch()] ?? arch(),
    cpus: availableParallelism(),
    memoryBytes: totalmem(),
    swapBytes: meminfoBytes(meminfo, "SwapTotal"),
  };
}

/** What programs can still get without swapping. */
export async function availableMemoryBytes(): Promise<number> {
  return meminfoBytes(await readFile("/proc/meminfo", "utf8"), "MemAvailable");
}

const meminfoBytes = (meminfo: string, name: string): number =>
  Number(new RegExp(`^${name}:\\s+(\\d+) kB$`, "m").exec(meminfo)?.[1] ?? 0) * 1024;

export interface DiskSpace {
  readonly capacityBytes: number;
  readonly availableBytes: number;
  readonly inodes: number;
  readonly inodesFree: number;
}

/** Of the file system that holds the path. */
export async function diskSpace(path: string): Promise<DiskSpace> {
  const { bsize, blocks, bavail, files, ffree } = await statfs(path);
  return { capacityBytes: bsize * blocks, availableBytes: bsize * bavail, inodes: files, inodesFree: ffree };
}
