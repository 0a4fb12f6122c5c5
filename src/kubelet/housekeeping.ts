import type { CancelTimer, Clock } from "#base/clock";
import { logger } from "#base/log";
import type { Scope } from "#base/scope";
import type { ContainerRuntime } from "./cri/client.ts";
import { type Candidate, PressureMemory, shortageOf, victimOf } from "./eviction/pressure.ts";
import { exceededLimit, limitsStorage } from "./eviction/storage-limits.ts";
import { ImageCollector } from "./images/image-collector.ts";
import { rotateLog } from "./logs/log-rotation.ts";
import { availableMemoryBytes, type DiskSpace, diskSpace } from "./node/machine.ts";
import type { Pressures } from "./node/node-status.ts";
import type { Directories } from "./pod/directories.ts";
import { label } from "./pod/observed.ts";
import type { PodManager } from "./pod/pod-manager.ts";
import type { PodWorker } from "./pod/worker.ts";
import type { PodCgroups } from "./resources/cgroups.ts";

const log = logger("housekeeping");

const ROUND_MS = 10_000;
const IMAGES_EVERY_ROUNDS = 30;
const EVICTED_GRACE_SECONDS = 1;

export interface HousekeepingOptions {
  readonly runtime: ContainerRuntime;
  readonly clock: Clock;
  readonly dirs: Directories;
  readonly cgroups: PodCgroups;
  readonly scope: Scope;
  /** The node is short of something now, or no longer. */
  onPressure(): void;
}

/** What must be looked after from time to time, since nobody tells: logs that grow, disks and memory that fill up. */
export class Housekeeping {
  readonly #options: HousekeepingOptions;
  readonly #collector: ImageCollector;
  readonly #pressure = new PressureMemory();
  #imageMount = "";
  #round = 0;
  #timer: CancelTimer | undefined;

  constructor(options: HousekeepingOptions) {
    this.#options = options;
    this.#collector = new ImageCollector(options.runtime, options.clock);
  }

  get pressures(): Pressures {
    return this.#pressure.pressures(this.#options.clock.now());
  }

  run(pods: PodManager): void {
    const { clock, scope } = this.#options;
    const again = () => {
      if (scope.closed) return;
      this.#timer = clock.after(ROUND_MS, () => scope.run(() => this.#goRound(pods).finally(again)));
    };
    again();
    scope.defer(() => this.#timer?.());
  }

  async #goRound(pods: PodManager): Promise<void> {
    const workers = [...pods.workers].filter((worker) => !worker.hasEnded);
    const steps = [
      () => this.#rotateLogs(workers),
      () => this.#holdStorageLimits(workers),
      () => this.#relieve(workers),
      () => this.#collectImages(),
    ];
    for (const step of steps)
      await step().catch((error: unknown) => log.warn("housekeeping failed", { error }));
    this.#round++;
  }

  async #rotateLogs(workers: readonly PodWorker[]): Promise<void> {
    const { runtime, clock } = this.#options;
    for (const worker of workers) {
      for (const { id, logPath, state } of worker.runtime.containers) {
        if (state !== "running" || !logPath) continue;
        await rotateLog(runtime, id, logPath, clock.now()).catch((error: unknown) =>
          log.warn("log could not be rotated", { path: logPath, error }),
        );
      }
    }
  }

  async #holdStorageLimits(workers: readonly PodWorker[]): Promise<void> {
    const limited = workers.filter(({ pod }) => limitsStorage(pod));
    if (limited.length === 0) return;
    const stats = await this.#options.runtime.containerStats();
    for (const worker of limited) {
      const layers = new Map<string, number>();
      for (const { attributes, writableLayer } of stats)
        if (attributes?.labels[label.podUid] === worker.uid)
          layers.set(
            attributes.labels[label.containerName] ?? "",
            Number(writableLayer?.usedBytes?.value ?? 0),
          );
      const text = await exceededLimit(worker.pod, this.#options.dirs, layers);
      if (text) worker.evict("Evicted", text, EVICTED_GRACE_SECONDS);
    }
  }

  /** One pod in a round: what it leaves must show before another one goes. */
  async #relieve(workers: readonly PodWorker[]): Promise<void> {
    const { clock, dirs, onPressure } = this.#options;
    const before = this.pressures;
    const [memoryBytes, disk, imageDisk] = await Promise.all([
      availableMemoryBytes(),
      diskSpace(dirs.root),
      this.#imageDisk(),
    ]);
    const shortage = shortageOf({ memoryBytes, disk, imageDisk });
    this.#pressure.note(shortage, clock.now());
    const now = this.pressures;
    if (before.memory !== now.memory || before.disk !== now.disk) onPressure();
    if (!shortage) return;
    if (
      shortage.resource !== "memory" &&
      (await this.#collector.collect(imageDisk, { everything: true })) > 0
    )
      return;
    const victim = victimOf(await this.#candidates(workers));
    if (!victim) return;
    log.warn("evicting a pod", { pod: victim.pod.metadata.name, shortage: shortage.text });
    const worker = workers.find(({ uid }) => uid === victim.pod.metadata.uid);
    worker?.evict("Evicted", shortage.text, EVICTED_GRACE_SECONDS);
  }

  async #candidates(workers: readonly PodWorker[]): Promise<Candidate[]> {
    const { cgroups } = this.#options;
    const measured = workers.map(async ({ pod }) => ({
      pod,
      memoryBytes: (await cgroups.memoryBytes(pod)) ?? 0,
    }));
    return Promise.all(measured);
  }

  async #imageDisk(): Promise<DiskSpace> {
    const { runtime, dirs } = this.#options;
    if (this.#imageMount === "")
      this.#imageMount = (await runtime.imageFilesystems())[0]?.fsId?.mountpoint ?? dirs.root;
    return diskSpace(this.#imageMount).catch(() => diskSpace(dirs.root));
  }

  async #collectImages(): Promise<void> {
    if (this.#round % IMAGES_EVERY_ROUNDS !== 0) return;
    await this.#collector.collect(await this.#imageDisk());
  }
}
