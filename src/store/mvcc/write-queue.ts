import { asError } from "#base/attempt";
import { NoSpace, StoreClosed, StoreOverloaded } from "../store.ts";
import type { Journal, JournalWrite, Lease } from "./journal.ts";
import type { Version } from "./version.ts";

/** So many bytes of values at most wait to become durable; beyond that writes are refused. */
const PENDING_BYTES_MAX = 256 * 2 ** 20;
/** One durable write takes at most about so many bytes along, so that the first of a burst need not wait for all. */
const GROUP_BYTES_MAX = 8 * 2 ** 20;

/** What one caller wants to be durable. Without any changes it only waits for all that came before. */
export interface Work {
  readonly versions: readonly Version[];
  readonly removed: readonly Version[];
  readonly granted: readonly Lease[];
  readonly revoked: readonly Lease[];
  /** The newest revision once this is durable. */
  readonly revision: number;
}

interface Queued extends Work {
  readonly bytes: number;
  readonly resolve: () => void;
  readonly reject: (error: Error) => void;
}

/** The rest of what is written along with a group, as it stands when the group is written. */
export type Standing = Pick<JournalWrite, "compactRevision" | "nextLease">;

export interface WriteQueueOptions {
  readonly journal: Journal;
  readonly standing: () => Standing;
  /** Called in order, before the caller hears. */
  readonly onDurable: (work: Work) => void;
  /** Called with all that is lost, newest first, and why, before the callers hear. */
  readonly onLost: (lost: readonly Work[], error: Error) => void;
}

/**
 * Group commit: while one group is on its way to the disk the next one gathers, so that many callers share
 * one flush. Nobody hears before what they wrote is durable.
 */
export class WriteQueue {
  readonly #options: WriteQueueOptions;
  #queue: Queued[] = [];
  #bytes = 0;
  #draining: Promise<void> | undefined;

  constructor(options: WriteQueueOptions) {
    this.#options = options;
  }

  /** Throws `StoreOverloaded` when another write of this size cannot wait. */
  assertRoom(bytes: number): void {
    if (this.#bytes + bytes <= PENDING_BYTES_MAX || this.#bytes === 0) return;
    throw new StoreOverloaded(`${this.#bytes} bytes already wait to be written`);
  }

  /** Resolves when this and all before it is durable. */
  add(work: Work): Promise<void> {
    return new Promise((resolve, reject) => {
      const bytes = sizeOf(work);
      this.#queue.push({ ...work, bytes, resolve, reject });
      this.#bytes += bytes;
      // What comes in the same turn of the event loop goes along.
      this.#draining ??= Promise.resolve().then(() => this.#drain());
    });
  }

  get idle(): boolean {
    return this.#draining === undefined;
  }

  /** Resolves when nothing waits any more. */
  async drained(): Promise<void> {
    while (this.#draining) await this.#draining;
  }

  async #drain(): Promise<void> {
    while (this.#queue.length > 0) {
      const group = this.#takeGroup();
      try {
        await this.#write(group);
      } catch (error) {
        this.#lose(group, asError(error));
        continue;
      }
      for (const work of group) this.#settle(work);
    }
    this.#draining = undefined;
  }

  #takeGroup(): Queued[] {
    let count = 0;
    for (let bytes = 0; count < this.#queue.length && bytes < GROUP_BYTES_MAX; count++) {
      bytes += this.#queue[count]!.bytes;
    }
    if (count < this.#queue.length) return this.#queue.splice(0, count);
    const group = this.#queue;
    this.#queue = [];
    return group;
  }

  #write(group: readonly Queued[]): Promise<void> | undefined {
    const write: JournalWrite = {
      versions: group.flatMap(({ versions }) => versions),
      removed: group.flatMap(({ removed }) => removed),
      granted: group.flatMap(({ granted }) => granted),
      revoked: group.flatMap(({ revoked }) => revoked),
      revision: group.at(-1)!.revision,
      ...this.#options.standing(),
    };
    const { versions, removed, granted, revoked } = write;
    if (versions.length + removed.length + granted.length + revoked.length === 0) return undefined;
    return this.#options.journal.write(write);
  }

  #settle(work: Queued): void {
    this.#bytes -= work.bytes;
    this.#options.onDurable(work);
    work.resolve();
  }

  /** Whatever came after a lost write may build on it, so it is lost too. */
  #lose(group: readonly Queued[], cause: Error): void {
    const lost = [...group, ...this.#queue];
    this.#queue = [];
    this.#bytes = 0;
    const error =
      cause instanceof NoSpace
        ? cause
        : new StoreClosed(`the store could not write: ${cause.message}`, { cause });
    this.#options.onLost(lost.toReversed(), error);
    for (const { reject } of lost) reject(error);
  }
}

const sizeOf = ({ versions }: Work): number =>
  versions.reduce((sum, { key, value }) => sum + key.length + (value?.length ?? 0), 0);
