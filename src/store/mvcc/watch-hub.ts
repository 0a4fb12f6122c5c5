import { SlowWatcher, Compacted, type StoreEvent, type WatchBatch, type WatchOptions } from "../store.ts";
import type { History } from "./history.ts";
import type { Version } from "./version.ts";

/** A watcher that owes its reader more matching events than this is ended. */
const OWED_EVENTS_MAX = 10_000;
/** Events of so many of the newest revisions are kept ready and shared by watchers that are a little behind. */
const READY_REVISIONS_MAX = 256;
/** A reader far behind gives way to others after looking at so many revisions. */
const SCANNED_REVISIONS_MAX = 1_000;

/**
 * Delivers history to watchers. No watcher has a buffer: one that waits is handed each matching batch as it
 * becomes durable, and one that is busy reads on in the shared history when it comes back.
 */
export class WatchHub {
  readonly #history: History;
  readonly #toEvent: (version: Version) => StoreEvent;
  readonly #ranges = new Map<string, WatchedRange>();
  readonly #ready = new Map<number, readonly StoreEvent[]>();
  #oldest: number;
  #ended: { readonly error: Error | undefined } | undefined;

  constructor(history: History, toEvent: (version: Version) => StoreEvent) {
    this.#history = history;
    this.#toEvent = toEvent;
    this.#oldest = history.oldest;
  }

  watch(start: string, end: string, options: WatchOptions): AsyncIterable<WatchBatch> {
    return { [Symbol.asyncIterator]: () => new Watcher(this, start, end, options) };
  }

  get revision(): number {
    return this.#history.newest;
  }

  /** The oldest revision whose events can still be delivered. */
  get oldest(): number {
    return this.#oldest;
  }

  changesAt(revision: number): readonly Version[] {
    return this.#history.at(revision);
  }

  /** Call after the history has grown by one durable revision. */
  publish(): void {
    const { revision } = this;
    const changes = this.#history.at(revision);
    for (const range of this.#ranges.values()) {
      const matching = countIn(changes, range.start, range.end);
      if (matching === 0) continue;
      for (const watcher of range.watchers) watcher.offer(revision, matching);
    }
  }

  requestProgress(): void {
    for (const { watchers } of this.#ranges.values()) {
      for (const watcher of watchers) watcher.tellProgress();
    }
  }

  /** History before `revision` is going away; whoever still needs it has lost. */
  compacted(revision: number): void {
    this.#oldest = Math.max(this.#oldest, revision);
    for (const { watchers } of this.#ranges.values()) {
      for (const watcher of watchers) watcher.checkKept();
    }
  }

  /** Ends all watches, with the error if there is one. */
  end(error?: Error): void {
    if (this.#ended) return;
    this.#ended = { error };
    for (const { watchers } of this.#ranges.values()) {
      for (const watcher of watchers) watcher.end(error);
    }
    this.#ready.clear();
  }

  add(watcher: Watcher): void {
    if (this.#ended) return watcher.end(this.#ended.error);
    const id = `${watcher.start}\0${watcher.limit}`;
    let range = this.#ranges.get(id);
    if (range === undefined) {
      range = { start: watcher.start, end: watcher.limit, watchers: new Set() };
      this.#ranges.set(id, range);
    }
    range.watchers.add(watcher);
  }

  remove(watcher: Watcher): void {
    const id = `${watcher.start}\0${watcher.limit}`;
    const range = this.#ranges.get(id);
    if (range?.watchers.delete(watcher) && range.watchers.size === 0) this.#ranges.delete(id);
  }

  /** The events of one revision, made once for all watchers. */
  eventsAt(revision: number): readonly StoreEvent[] {
    const ready = this.#ready.get(revision);
    if (ready !== undefined) return ready;
    const events = this.#history.at(revision).map(this.#toEvent);
    if (revision > this.revision - READY_REVISIONS_MAX) this.#keepReady(revision, events);
    return events;
  }

  #keepReady(revision: number, events: readonly StoreEvent[]): void {
    this.#ready.set(revision, events);
    if (this.#ready.size <= READY_REVISIONS_MAX) return;
    const first = this.#ready.keys().next().value;
    if (first !== undefined) this.#ready.delete(first);
  }
}

interface WatchedRange {
  readonly start: string;
  readonly end: string;
  readonly watchers: Set<Watcher>;
}

interface Waiting {
  readonly resolve: (result: IteratorResult<WatchBatch>) => void;
  readonly reject: (error: Error) => void;
}

const DONE: IteratorResult<WatchBatch> = { done: true, value: undefined };

class Watcher implements AsyncIterator<WatchBatch> {
  readonly start: string;
  readonly limit: string;
  readonly #hub: WatchHub;
  readonly #signal: AbortSignal;
  readonly #onAbort = () => this.end();
  /** The revision up to which the reader knows everything. */
  #position: number;
  #waiting: Waiting | undefined;
  #reading = false;
  /** Matching events that came while the reader was busy. */
  #owed = 0;
  #owesProgress = true;
  #caughtUp = false;
  #ended: { error: Error | undefined } | undefined;

  constructor(hub: WatchHub, start: string, end: string, { afterRevision, signal }: WatchOptions) {
    this.#hub = hub;
    this.#signal = signal;
    this.start = start;
    this.limit = end;
    this.#position = afterRevision;
    signal.addEventListener("abort", this.#onAbort, { once: true });
    hub.add(this);
    if (signal.aborted) this.end();
    this.checkKept();
  }

  async next(): Promise<IteratorResult<WatchBatch>> {
    if (this.#reading) throw new Error("a watch is read by one reader, one batch at a time");
    this.#reading = true;
    try {
      return await this.#next();
    } finally {
      this.#reading = false;
    }
  }

  async return(): Promise<IteratorResult<WatchBatch>> {
    this.end();
    return DONE;
  }

  /** A new revision has events for this range. */
  offer(revision: number, matching: number): void {
    if (revision <= this.#position) return;
    if (this.#waiting === undefined) {
      if (!this.#caughtUp) return;
      this.#owed += matching;
      if (this.#owed > OWED_EVENTS_MAX)
        this.end(new SlowWatcher(`more than ${OWED_EVENTS_MAX} events behind`));
      return;
    }
    try {
      this.#deliver(this.#batchAt(revision));
    } catch (error) {
      this.end(error as Error);
    }
  }

  tellProgress(): void {
    this.#owesProgress = true;
    if (this.#waiting && this.#position <= this.#hub.revision) this.#deliver(this.#progress());
  }

  /** Ends the watch when the next events it needs are no longer kept. */
  checkKept(): void {
    const { oldest } = this.#hub;
    if (this.#ended || this.#waiting || this.#position + 1 >= oldest) return;
    this.end(
      this.#caughtUp ? new SlowWatcher("history was compacted before it was read") : new Compacted(oldest),
    );
  }

  end(error?: Error): void {
    if (this.#ended) return;
    this.#ended = { error };
    this.#signal.removeEventListener("abort", this.#onAbort);
    this.#hub.remove(this);
    const waiting = this.#waiting;
    this.#waiting = undefined;
    if (waiting === undefined) return;
    this.#ended.error = undefined;
    if (error) waiting.reject(error);
    else waiting.resolve(DONE);
  }

  async #next(): Promise<IteratorResult<WatchBatch>> {
    for (;;) {
      if (this.#ended) return this.#finish(this.#ended);
      const batch = this.#readOn();
      if (batch) return { done: false, value: batch };
      if (this.#position >= this.#hub.revision) return this.#wait();
      await new Promise((resolve) => setImmediate(resolve));
    }
  }

  /** An error is told once; after it the watch is just over. */
  #finish(ended: { error: Error | undefined }): IteratorResult<WatchBatch> {
    const { error } = ended;
    ended.error = undefined;
    if (error) throw error;
    return DONE;
  }

  /** The next batch out of history, or progress that is owed; undefined when there is nothing to tell yet. */
  #readOn(): WatchBatch | undefined {
    const stop = Math.min(this.#hub.revision, this.#position + SCANNED_REVISIONS_MAX);
    while (this.#position < stop) {
      this.#position++;
      if (countIn(this.#hub.changesAt(this.#position), this.start, this.limit) === 0) continue;
      const batch = this.#batchAt(this.#position);
      this.#owed = Math.max(0, this.#owed - batch.events.length);
      return batch;
    }
    if (this.#position < this.#hub.revision) return undefined;
    this.#caughtUp = true;
    this.#owed = 0;
    return this.#owesProgress && this.#position === this.#hub.revision ? this.#progress() : undefined;
  }

  #wait(): Promise<IteratorResult<WatchBatch>> {
    return new Promise((resolve, reject) => (this.#waiting = { resolve, reject }));
  }

  #deliver(batch: WatchBatch): void {
    const waiting = this.#waiting;
    this.#waiting = undefined;
    this.#position = batch.revision;
    waiting?.resolve({ done: false, value: batch });
  }

  #progress(): WatchBatch {
    this.#owesProgress = false;
    return { revision: this.#hub.revision, events: [] };
  }

  #batchAt(revision: number): WatchBatch {
    const events = this.#hub.eventsAt(revision);
    const all = events.every(({ key }) => isIn(key, this.start, this.limit));
    return { revision, events: all ? events : events.filter(({ key }) => isIn(key, this.start, this.limit)) };
  }
}

const isIn = (key: string, start: string, end: string): boolean => key >= start && key < end;

function countIn(changes: readonly Version[], start: string, end: string): number {
  let count = 0;
  for (const { key } of changes) if (isIn(key, start, end)) count++;
  return count;
}
