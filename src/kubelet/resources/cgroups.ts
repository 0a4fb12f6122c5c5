/** The cgroups above the containers': kubepods, its two lower classes, and one for each pod. */
import { existsSync } from "node:fs";
import { mkdir, readdir, readFile, rmdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { Pod } from "#api/core-v1/pod";
import { qosClassOf } from "#api/core-v1/podresources";
import { logger } from "#base/log";
import type { Enforcement } from "./enforcement.ts";
import {
  podLimits,
  type PodLimits,
  QUOTA_PERIOD_US,
  SHARES_MIN,
  weightOf,
  weightsOf,
} from "./linux-resources.ts";

const log = logger("cgroups");

const MOUNT = "/sys/fs/cgroup";
/** In version 1 every controller is a tree of its own; only these hold limits of pods. */
const LIMITING = ["cpu", "memory", "pids"] as const;
/** Version 1 says "no limit" with the greatest multiple of a page that it can count. */
const UNLIMITED_BYTES = 2 ** 62;
const PAGE_BYTES = 4096;
const DELEGATED = "+cpu +memory +pids +cpuset +io";

/** Pod cgroups under `root`, a path inside the hierarchy such as `/` or `/k8ts/node-1`. */
export class PodCgroups {
  readonly #root: string;
  readonly version: 1 | 2;
  #classesMade: Promise<void> | undefined;

  constructor(root: string) {
    this.#root = root;
    this.version = existsSync(join(MOUNT, "cgroup.controllers")) ? 2 : 1;
  }

  /** The path that the runtime puts the pod's containers under. */
  pathOf(pod: Pod): string {
    return join(this.#classPath(pod), `pod${pod.metadata.uid}`);
  }

  #classPath(pod: Pod): string {
    const qos = qosClassOf(pod.spec);
    const kubepods = join("/", this.#root, "kubepods");
    return qos === "Guaranteed" ? kubepods : join(kubepods, qos.toLowerCase());
  }

  /** Makes the pod's cgroup, or brings its limits up to date. */
  async ensure(pod: Pod): Promise<void> {
    this.#classesMade ??= this.#makeClasses();
    await this.#classesMade;
    await this.#write(this.pathOf(pod), podLimits(pod));
  }

  /** Gives the pod what it is to have, and takes nothing away from it yet. */
  async widen(pod: Pod): Promise<void> {
    const path = this.pathOf(pod);
    const wanted = podLimits(pod);
    const now = await this.#limitsAt(path);
    if (!now) return this.ensure(pod);
    await this.#set(path, {
      cpuShares: Math.max(wanted.cpuShares, now.cpuShares),
      cpuQuotaUs: wider(wanted.cpuQuotaUs, now.cpuQuotaUs),
      memoryBytes: wider(wanted.memoryBytes, now.memoryBytes),
    });
  }

  /**
   * What the kernel enforces for one container, which should be `wanted`: what it rounds, or counts in larger steps,
   * is that. Undefined where the runtime keeps its containers' cgroups elsewhere.
   */
  async enforced(pod: Pod, containerId: string, wanted: Enforcement): Promise<Enforcement | undefined> {
    const now = await this.#limitsAt(join(this.pathOf(pod), containerId));
    if (!now) return undefined;
    const isWeight = this.version === 2 && weightsOf(wanted.cpuShares).includes(weightOf(now.cpuShares));
    const isPages = wanted.memoryBytes - (wanted.memoryBytes % PAGE_BYTES) === now.memoryBytes;
    return {
      cpuShares: isWeight ? wanted.cpuShares : now.cpuShares,
      cpuQuotaUs: now.cpuQuotaUs,
      memoryBytes: isPages ? wanted.memoryBytes : now.memoryBytes,
    };
  }

  /** Bytes in use by one container without what the kernel can drop at once. */
  containerMemoryBytes(pod: Pod, containerId: string): Promise<number | undefined> {
    return this.#memoryAt(join(this.pathOf(pod), containerId));
  }

  async #limitsAt(path: string): Promise<PodLimits | undefined> {
    const read = async (...parts: string[]) => (await readFile(join(MOUNT, ...parts), "utf8")).trim();
    try {
      if (this.version === 1) {
        const [shares, quota, memory] = await Promise.all([
          read("cpu", path, "cpu.shares"),
          read("cpu", path, "cpu.cfs_quota_us"),
          read("memory", path, "memory.limit_in_bytes"),
        ]);
        return {
          cpuShares: Number(shares),
          cpuQuotaUs: Math.max(0, Number(quota)),
          memoryBytes: Number(memory) >= UNLIMITED_BYTES ? 0 : Number(memory),
        };
      }
      const [weight, max, memory] = await Promise.all(
        ["cpu.weight", "cpu.max", "memory.max"].map((file) => read(path, file)),
      );
      const [quota = "max", period] = max!.split(" ");
      return {
        cpuShares: sharesOfWeight(Number(weight)),
        cpuQuotaUs: quota === "max" ? 0 : Math.round((Number(quota) * QUOTA_PERIOD_US) / Number(period)),
        memoryBytes: memory === "max" ? 0 : Number(memory),
      };
    } catch {
      return undefined;
    }
  }

  async #makeClasses(): Promise<void> {
    const kubepods = join("/", this.#root, "kubepods");
    for (const name of ["", "burstable", "besteffort"]) await this.#make(join(kubepods, name));
    await this.#set(join(kubepods, "besteffort"), { cpuShares: SHARES_MIN, cpuQuotaUs: 0, memoryBytes: 0 });
  }

  async #write(path: string, limits: PodLimits): Promise<void> {
    await this.#make(path);
    await this.#set(path, limits);
  }

  async #make(path: string): Promise<void> {
    if (this.version === 1) {
      for (const controller of LIMITING) await mkdir(join(MOUNT, controller, path), { recursive: true });
      return;
    }
    await mkdir(join(MOUNT, path), { recursive: true });
    // Limits of a group need its controllers to be handed down all the way from the top.
    const parts = dirname(path).split("/").filter(Boolean);
    for (let depth = 0; depth <= parts.length; depth++) {
      const file = join(MOUNT, ...parts.slice(0, depth), "cgroup.subtree_control");
      await writeFile(file, DELEGATED).catch(() => this.#delegateOneByOne(file));
    }
  }

  /** Not every kernel has every controller. */
  async #delegateOneByOne(file: string): Promise<void> {
    for (const controller of DELEGATED.split(" ")) await writeFile(file, controller).catch(() => undefined);
  }

  async #set(path: string, { cpuShares, cpuQuotaUs, memoryBytes }: PodLimits): Promise<void> {
    if (this.version === 1) {
      await writeFile(join(MOUNT, "cpu", path, "cpu.shares"), String(cpuShares));
      await writeFile(join(MOUNT, "cpu", path, "cpu.cfs_quota_us"), String(cpuQuotaUs || -1));
      await writeFile(join(MOUNT, "memory", path, "memory.limit_in_bytes"), String(memoryBytes || -1));
      return;
    }
    await writeFile(join(MOUNT, path, "cpu.weight"), String(weightOf(cpuShares)));
    await writeFile(join(MOUNT, path, "cpu.max"), `${cpuQuotaUs || "max"} ${QUOTA_PERIOD_US}`);
    await writeFile(join(MOUNT, path, "memory.max"), String(memoryBytes || "max"));
  }

  /** Removes the pod's cgroup, once nothing runs in it. Gives whether it is gone. */
  async remove(pod: Pod): Promise<boolean> {
    return this.#removePath(this.pathOf(pod));
  }

  async #removePath(path: string): Promise<boolean> {
    const trees = this.version === 2 ? [MOUNT] : (await readdir(MOUNT)).map((name) => join(MOUNT, name));
    const gone = await Promise.all(trees.map((tree) => removeTree(join(tree, path))));
    return gone.every(Boolean);
  }

  /** Removes cgroups of pods that are not among `uids`. */
  async sweep(uids: ReadonlySet<string>): Promise<void> {
    const kubepods = join("/", this.#root, "kubepods");
    const tree = this.version === 2 ? MOUNT : join(MOUNT, "cpu");
    for (const name of ["", "burstable", "besteffort"]) {
      const names = await readdir(join(tree, kubepods, name)).catch(() => []);
      for (const entry of names) {
        if (!entry.startsWith("pod") || uids.has(entry.slice(3))) continue;
        const path = join(kubepods, name, entry);
        if (!(await this.#removePath(path))) log.warn("cgroup of a gone pod is still in use", { path });
      }
    }
  }

  /** Bytes of memory in use by the pod without what the kernel can drop at once; undefined when it has no cgroup. */
  memoryBytes(pod: Pod): Promise<number | undefined> {
    return this.#memoryAt(this.pathOf(pod));
  }

  async #memoryAt(path: string): Promise<number | undefined> {
    const dir = this.version === 2 ? join(MOUNT, path) : join(MOUNT, "memory", path);
    const usage = this.version === 2 ? "memory.current" : "memory.usage_in_bytes";
    const inactive = this.version === 2 ? "inactive_file" : "total_inactive_file";
    try {
      const used = Number(await readFile(join(dir, usage), "utf8"));
      const stat = await readFile(join(dir, "memory.stat"), "utf8");
      const idle = Number(new RegExp(`^${inactive} (\\d+)$`, "m").exec(stat)?.[1] ?? 0);
      return Math.max(0, used - idle);
    } catch {
      return undefined;
    }
  }
}

/** The least that has this weight. */
const sharesOfWeight = (weight: number): number => 2 + Math.ceil(((weight - 1) * 262_142) / 9999);

/** The looser of two limits, where 0 is none. */
const wider = (a: number, b: number): number => (a === 0 || b === 0 ? 0 : Math.max(a, b));

async function removeTree(path: string): Promise<boolean> {
  const entries = await readdir(path, { withFileTypes: true }).catch(() => undefined);
  if (!entries) return true;
  for (const entry of entries) if (entry.isDirectory()) await removeTree(join(path, entry.name));
  return rmdir(path).then(
    () => true,
    () => false,
  );
}
