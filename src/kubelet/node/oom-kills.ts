/** Which containers the kernel has killed something in, for want of memory: from its log. */
import { constants, type FileHandle, open } from "node:fs/promises";
import { logger } from "#base/log";

const log = logger("oom-kills");

/** A record of the kernel's log is never longer. */
const RECORD_BYTES = 8192;
/** Containers remembered; what asks does so right after a container's end. */
const KNOWN_MAX = 1000;

/**
 * The runtime's own word that a container ran out of memory can get lost: a shim that is late finds the cgroup gone
 * (containerd 1.6 under load, cgroup v1). The kernel writes its record before it kills. Where its log cannot be read,
 * nobody counts as killed.
 */
export class OomKills {
  readonly #file: Promise<FileHandle | undefined>;
  readonly #known = new Set<string>();
  readonly #buffer = new Uint8Array(RECORD_BYTES);
  #reading: Promise<void> | undefined;

  constructor(path = "/dev/kmsg") {
    this.#file = open(path, constants.O_RDONLY | constants.O_NONBLOCK).catch((error: unknown) => {
      log.info("the kernel's log cannot be read: memory kills are known from the runtime only", { error });
      return undefined;
    });
  }

  /** Has the kernel killed a process of this container so far? */
  async has(containerId: string): Promise<boolean> {
    // What is being read may have passed the record's place already.
    await this.#reading;
    this.#reading ??= this.#readOn().finally(() => (this.#reading = undefined));
    await this.#reading;
    return this.#known.has(containerId);
  }

  async close(): Promise<void> {
    const file = await this.#file;
    await this.#reading;
    await file?.close();
  }

  /** All that was written since the last time. */
  async #readOn(): Promise<void> {
    const file = await this.#file;
    if (!file) return;
    for (;;) {
      const record = await nextRecord(file, this.#buffer);
      if (record === undefined) return;
      for (const id of containersIn(record)) this.#remember(id);
    }
  }

  #remember(id: string): void {
    this.#known.delete(id);
    this.#known.add(id);
    if (this.#known.size > KNOWN_MAX) this.#known.delete(this.#known.values().next().value!);
  }
}

/** `undefined`: there is no more for now. */
async function nextRecord(file: FileHandle, buffer: Uint8Array): Promise<string | undefined> {
  try {
    const { bytesRead } = await file.read(buffer, 0, buffer.length, null);
    return bytesRead > 0 ? new TextDecoder().decode(buffer.subarray(0, bytesRead)) : undefined;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    // Older records were overwritten before they were read: it goes on with the oldest there is.
    if (code === "EPIPE") return "";
    if (code !== "EAGAIN") log.warn("the kernel's log could not be read", { error });
    return undefined;
  }
}

/** Container IDs in the cgroup of the process that was killed, as in `oom-kill:…,task_memcg=/…/<id>,task=…`. */
function* containersIn(record: string): Iterable<string> {
  for (const [, cgroup] of record.matchAll(/oom-kill:.*?\btask_memcg=([^,\n]*)/g))
    for (const [id] of cgroup!.matchAll(/[0-9a-f]{64}/g)) yield id;
}
