import { setImmediate as nextTurn } from "node:timers/promises";
import type { WatchEvent } from "#client/transport";
import type { Clock } from "#base/clock";
import type { AnyObject } from "#machinery/schema";
import type { StatusError } from "#machinery/status";
import type { OpenWatch, RunningWatch } from "../request/operation.ts";
import type { Item } from "../storage/item.ts";
import type { EventType } from "../watch/event.ts";
import type { WatchSink } from "../watch/subscription.ts";

/** How an item becomes the event that a reader gets. */
export type EventOf<T> = (type: EventType, item: Item) => WatchEvent<T>;

/** Events that wait for a reader in process; the rest waits in the kind's window. */
const WAITING_MAX = 256;

/** A watch as an iteration. */
export class EventQueue<T extends AnyObject> implements WatchSink {
  readonly #eventOf: EventOf<T>;
  readonly #watch: OpenWatch;
  #events: WatchEvent<T>[] = [];
  #wake: (() => void) | undefined;
  #over = false;
  #why: StatusError | undefined;

  constructor(watch: OpenWatch, eventOf: EventOf<T>) {
    this.#watch = watch;
    this.#eventOf = eventOf;
  }

  send(type: EventType, item: Item): boolean {
    this.#push(this.#eventOf(type, item));
    return this.#events.length < WAITING_MAX;
  }

  bookmark(revision: number, initialEventsEnd: boolean): void {
    this.#push({ type: "BOOKMARK", resourceVersion: String(revision), initialEventsEnd });
  }

  end(why: StatusError | undefined): void {
    this.#over = true;
    this.#why = why;
    this.#wake?.();
  }

  /**
   * Ends when the server or the signal ends it; throws what the server ended it with. `limited`: by its own timeout
   * as well, which only those who ask for one have in process.
   */
  async *events(signal: AbortSignal, clock: Clock, limited: boolean): AsyncGenerator<WatchEvent<T>> {
    const running: RunningWatch = this.#watch.start(this);
    const stop = () => running.end();
    const cancel = limited ? clock.after(this.#watch.timeoutMs, stop) : undefined;
    signal.addEventListener("abort", stop, { once: true });
    try {
      running.resume();
      while (!signal.aborted) {
        const ready = this.#events;
        this.#events = [];
        for (const event of ready) {
          yield event;
          if (signal.aborted) return;
        }
        if (ready.length >= WAITING_MAX) {
          // Whoever begins with many objects lets others have their turn, and what was parsed be collected.
          await nextTurn();
          running.resume();
        }
        if (this.#events.length > 0) continue;
        if (this.#over) break;
        await new Promise<void>((resolve) => (this.#wake = resolve));
        this.#wake = undefined;
      }
      if (this.#why && !signal.aborted) throw this.#why;
    } finally {
      cancel?.();
      signal.removeEventListener("abort", stop);
      running.end();
    }
  }

  #push(event: WatchEvent<T>): void {
    this.#events.push(event);
    this.#wake?.();
  }
}
