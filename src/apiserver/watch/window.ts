import type { CacheEvent } from "./event.ts";

/** The past events of one kind, newest last, bounded by count and by bytes. */
export class EventWindow {
  readonly #eventsMax: number;
  readonly #bytesMax: number;
  #events: CacheEvent[] = [];
  /** Events before this place of the array are gone; the array is compacted now and then. */
  #head = 0;
  #bytes = 0;
  #completeAfter: number;

  /** `completeAfter`: every event after this revision will be pushed. */
  constructor(completeAfter: number, eventsMax: number, bytesMax: number) {
    this.#completeAfter = completeAfter;
    this.#eventsMax = eventsMax;
    this.#bytesMax = bytesMax;
  }

  /** All events after this revision are here. */
  get completeAfter(): number {
    return this.#completeAfter;
  }

  push(event: CacheEvent): void {
    this.#events.push(event);
    this.#bytes += event.item.stored.length;
    while (this.#size > this.#eventsMax || (this.#bytes > this.#bytesMax && this.#size > 1)) this.#drop();
  }

  /** Events from this sequence number on; undefined when the first of them is gone. */
  since(sequence: number): readonly CacheEvent[] | undefined {
    const first = this.#events[this.#head];
    if (!first) return sequence > this.#lastDropped ? [] : undefined;
    if (sequence < first.sequence) return undefined;
    return this.#events.slice(this.#head + (sequence - first.sequence));
  }

  /** Events after this revision; undefined when the first of them may be gone. */
  after(revision: number): readonly CacheEvent[] | undefined {
    if (revision < this.#completeAfter) return undefined;
    let low = this.#head;
    let high = this.#events.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#events[middle]!.revision <= revision) low = middle + 1;
      else high = middle;
    }
    return this.#events.slice(low);
  }

  #lastDropped = -1;

  get #size(): number {
    return this.#events.length - this.#head;
  }

  #drop(): void {
    const gone = this.#events[this.#head]!;
    this.#head++;
    this.#bytes -= gone.item.stored.length;
    this.#completeAfter = gone.revision;
    this.#lastDropped = gone.sequence;
    if (this.#head < 1024 || this.#head * 2 < this.#events.length) return;
    this.#events = this.#events.slice(this.#head);
    this.#head = 0;
  }
}
