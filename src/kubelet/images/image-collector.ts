import type { Clock } from "#base/clock";
import { logger } from "#base/log";
import type { ContainerRuntime } from "../cri/client.ts";
import type { Image } from "../cri/image.ts";
import type { DiskSpace } from "../node/machine.ts";

const log = logger("image-collector");

/** Shares of the disk in use: above the first images go, until the second is reached. */
const HIGH_SHARE = 0.85;
const LOW_SHARE = 0.8;
/** An image nobody uses may be about to be used. */
const AGE_MIN_MS = 120_000;

/** Takes away images that no container uses when the disk fills up, those unused for longest first. */
export class ImageCollector {
  readonly #runtime: ContainerRuntime;
  readonly #clock: Clock;
  readonly #seen = new Map<string, { readonly firstMs: number; usedMs: number }>();

  constructor(runtime: ContainerRuntime, clock: Clock) {
    this.#runtime = runtime;
    this.#clock = clock;
  }

  /** Frees what is needed; `everything`: all that is not used. Gives the number of bytes freed. */
  async collect(
    disk: DiskSpace,
    { everything = false }: { readonly everything?: boolean } = {},
  ): Promise<number> {
    const unused = await this.#unused();
    const used = disk.capacityBytes - disk.availableBytes;
    if (!everything && used < HIGH_SHARE * disk.capacityBytes) return 0;
    const wanted = everything ? Infinity : used - LOW_SHARE * disk.capacityBytes;
    return this.#remove(unused, wanted);
  }

  async #unused(): Promise<readonly Image[]> {
    const [images, containers] = await Promise.all([
      this.#runtime.listImages(),
      this.#runtime.listContainers(),
    ]);
    const nowMs = this.#clock.now();
    const inUse = new Set(containers.flatMap(({ imageRef, image }) => [imageRef, image?.image ?? ""]));
    const ids = new Set(images.map(({ id }) => id));
    for (const id of this.#seen.keys()) if (!ids.has(id)) this.#seen.delete(id);
    for (const { id, repoDigests, repoTags } of images) {
      const known = this.#seen.get(id) ?? { firstMs: nowMs, usedMs: 0 };
      if ([id, ...repoDigests, ...repoTags].some((name) => inUse.has(name))) known.usedMs = nowMs;
      this.#seen.set(id, known);
    }
    const age = ({ id }: Image) => this.#seen.get(id)!;
    return images
      .filter(
        (image) => !image.pinned && age(image).usedMs < nowMs && nowMs - age(image).firstMs >= AGE_MIN_MS,
      )
      .toSorted((a, b) => age(a).usedMs - age(b).usedMs || age(a).firstMs - age(b).firstMs);
  }

  async #remove(images: readonly Image[], wantedBytes: number): Promise<number> {
    let freed = 0;
    for (const { id, repoTags, size } of images) {
      if (freed >= wantedBytes) break;
      try {
        await this.#runtime.removeImage(id);
        freed += Number(size);
        log.info("removed an unused image", { image: repoTags[0] ?? id, bytes: Number(size) });
      } catch (error) {
        log.warn("could not remove an unused image", { image: id, error });
      }
    }
    return freed;
  }
}
