import type { ClientReadableStream } from "@grpc/grpc-js";
import { Compacted, SlowWatcher, type Entry, type StoreEvent, type WatchBatch } from "../store.ts";
import { EVENT_DELETE, type Event, type KeyValue, type WatchResponse } from "./protocol.ts";

/** A watch whose reader is more events behind than this is ended. */
const OWED_EVENTS_MAX = 10_000;

const DONE: IteratorResult<WatchBatch> = { done: true, value: undefined };

type Answers = Pick<ClientReadableStream<WatchResponse>, "on" | "cancel">;

/** What the reader asked for; etcd may tell of more. */
interface KeyRange {
  readonly start: string;
  readonly end: string;
}

/** Turns the answers of one watch stream into batches, one for each revision. */
export class EtcdWatch implements AsyncIterator<WatchBatch> {
  readonly #stream: Answers;
  readonly #range: KeyRange;
  readonly #onEnd: () => void;
  #batches: WatchBatch[] = [];
  #owed = 0;
  #ended: { error: Error | undefined } | undefined;
  #wake: (() => void) | undefined;

  constructor(stream: Answers, range: KeyRange, onEnd: () => void) {
    this.#stream = stream;
    this.#range = range;
    this.#onEnd = onEnd;
    stream.on("data", (response: WatchResponse) => this.#take(response));
    stream.on("error", (error: Error) => this.end(error));
    stream.on("end", () => this.end(new Error("etcd ended the watch")));
  }

  async next(): Promise<IteratorResult<WatchBatch>> {
    for (;;) {
      const batch = this.#batches.shift();
      if (batch) {
        this.#owed -= batch.events.length;
        return { done: false, value: batch };
      }
      if (this.#ended) return this.#finish(this.#ended);
      await new Promise<void>((resolve) => (this.#wake = resolve));
    }
  }

  async return(): Promise<IteratorResult<WatchBatch>> {
    this.end();
    return DONE;
  }

  end(error?: Error): void {
    if (this.#ended) return;
    this.#ended = { error };
    // What was not read yet is still owed when etcd fails, but not when the reader has given up.
    if (error === undefined || error instanceof SlowWatcher) this.#batches = [];
    this.#stream.cancel();
    this.#onEnd();
    this.#wake?.();
  }

  #finish(ended: { error: Error | undefined }): IteratorResult<WatchBatch> {
    const { error } = ended;
    ended.error = undefined;
    if (error) throw error;
    return DONE;
  }

  #take(response: WatchResponse): void {
    if (this.#ended) return;
    const { compactRevision, canceled, cancelReason, events, created, header } = response;
    if (compactRevision > 0) return this.end(new Compacted(compactRevision));
    if (canceled) return this.end(new Error(`etcd ended the watch: ${cancelReason}`));
    if (created) return;
    if (events.length === 0) this.#add({ revision: header?.revision ?? 0, events: [] });
    else for (const batch of batchesOf(events, this.#range)) this.#add(batch);
    if (this.#owed > OWED_EVENTS_MAX)
      return this.end(new SlowWatcher(`more than ${OWED_EVENTS_MAX} events behind`));
    this.#wake?.();
  }

  /** Of several that only tell how far the watch has come, the newest is enough. */
  #add(batch: WatchBatch): void {
    const last = this.#batches.at(-1);
    if (last?.events.length === 0) this.#batches.pop();
    this.#batches.push(batch);
    this.#owed += batch.events.length;
  }
}

/** etcd may tell of several revisions at once, but never of a part of one. */
function batchesOf(events: readonly Event[], { start, end }: KeyRange): WatchBatch[] {
  const batches: { revision: number; events: StoreEvent[] }[] = [];
  for (const event of events) {
    const revision = event.kv?.modRevision ?? 0;
    if (batches.at(-1)?.revision !== revision) batches.push({ revision, events: [] });
    const key = textOf(event.kv?.key);
    if (key >= start && key < end) batches.at(-1)!.events.push(eventOf(key, event));
  }
  return batches;
}

function eventOf(key: string, { type, kv }: Event): StoreEvent {
  const deleted = type === EVENT_DELETE;
  return {
    type: deleted ? "delete" : "put",
    key,
    entry: deleted || kv === undefined ? undefined : entryOf(kv),
  };
}

export const entryOf = ({ key, value, createRevision, modRevision, lease }: KeyValue): Entry => ({
  key: textOf(key),
  value,
  createRevision,
  modRevision,
  lease,
});

const textOf = (key: Uint8Array | undefined): string => Buffer.from(key ?? []).toString("latin1");
