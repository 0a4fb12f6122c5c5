import { logger } from "#base/log";
import { expired, internalError, StatusError } from "#machinery/status";
import type { Item } from "../storage/item.ts";
import type { CacheEvent, EventType } from "./event.ts";
import { meaning, type Selection } from "./scope.ts";
import type { EventWindow } from "./window.ts";

const log = logger("apiserver.watch");

/** Where the events of a watch go. */
export interface WatchSink {
  /**
   * Takes one event; `shared` holds its encoded forms. False: taken, but no more until the subscription's
   * `resume` is called.
   */
  send(type: EventType, item: Item, shared: CacheEvent | undefined): boolean;
  bookmark(revision: number, initialEventsEnd: boolean): void;
  /** No more will come; `why` is undefined for an orderly end. */
  end(why: StatusError | undefined): void;
}

export interface SubscriptionStart {
  /** Sent as ADDED before anything else. */
  readonly initial: readonly Item[];
  /** The revision that `initial` shows. */
  readonly revision: number;
  /** Say when `initial` has been sent. */
  readonly announceEnd: boolean;
  /** Whether the client wants to hear how far the world has come. */
  readonly bookmarks: boolean;
  /** Sequence of the first event to look at. */
  readonly position: number;
  /** Events up to this revision are known to the client already. */
  readonly afterRevision: number;
}

/**
 * One watch. While its client keeps up, events go straight through. When it does not, they stay in the kind's
 * window and are fetched from there; a client that lets the window pass loses its watch and nothing else.
 */
export class Subscription {
  readonly selection: Selection;
  readonly #sink: WatchSink;
  readonly #window: EventWindow;
  readonly #start: Omit<SubscriptionStart, "initial">;
  /** What of the beginning is not sent yet. A watch lives long: it holds on to nothing else of it. */
  #initial: readonly Item[];
  readonly #onEnd: (subscription: Subscription) => void;
  #sent = 0;
  #announced: boolean;
  #position: number;
  #live = false;
  #ended = false;

  constructor(
    window: EventWindow,
    selection: Selection,
    sink: WatchSink,
    { initial, ...start }: SubscriptionStart,
    onEnd: (subscription: Subscription) => void,
  ) {
    this.#window = window;
    this.selection = selection;
    this.#sink = sink;
    this.#initial = initial;
    this.#start = start;
    this.#announced = !start.announceEnd;
    this.#position = start.position;
    this.#onEnd = onEnd;
  }

  /** Sends what there is. The sink calls this when it has room again. */
  resume(): void {
    if (this.#ended || this.#live) return;
    try {
      this.#catchUp();
    } catch (error) {
      this.#fail(error);
    }
  }

  #catchUp(): void {
    if (!this.#sendInitial()) return;
    const missed = this.#window.since(this.#position);
    if (!missed) return this.end(expired("The resourceVersion for the provided watch is too old."));
    for (const event of missed) {
      this.#position = event.sequence + 1;
      if (!this.#emit(event)) return;
      if (this.#ended) return;
    }
    this.#live = true;
  }

  /** A new event of the kind. */
  offer(event: CacheEvent): void {
    if (!this.#live) return;
    try {
      if (this.#emit(event)) return;
      this.#live = false;
      this.#position = event.sequence + 1;
    } catch (error) {
      this.#fail(error);
    }
  }

  /** An object that cannot be shown to this client ends its watch, and none of the others'. */
  #fail(error: unknown): void {
    log.error("a watch could not be told of an object", { error });
    this.end(error instanceof StatusError ? error : internalError(error));
  }

  /** Everything up to this revision has been seen. */
  bookmark(revision: number): void {
    if (this.#live && this.#start.bookmarks && revision >= this.#start.afterRevision)
      this.#sink.bookmark(revision, false);
  }

  end(why?: StatusError): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#live = false;
    this.#onEnd(this);
    this.#sink.end(why);
  }

  #sendInitial(): boolean {
    while (this.#sent < this.#initial.length) {
      if (!this.#sink.send("ADDED", this.#initial[this.#sent++]!, undefined)) return false;
      if (this.#ended) return false;
    }
    this.#initial = [];
    this.#sent = 0;
    if (!this.#announced) {
      this.#announced = true;
      this.#sink.bookmark(this.#start.revision, true);
    }
    return !this.#ended;
  }

  /** False: the sink is full. */
  #emit(event: CacheEvent): boolean {
    if (event.revision <= this.#start.afterRevision) return true;
    const type = meaning(event, this.selection.matches);
    if (type === undefined || !this.#inScope(event.item.key)) return true;
    return this.#sink.send(type, type === "DELETED" ? event.departed : event.item, event);
  }

  /** Replays from the window pass by every event; live ones come by the right bucket already. */
  #inScope(key: string): boolean {
    return (
      this.#keyPrefix === "" || (this.#exact ? key === this.#keyPrefix : key.startsWith(this.#keyPrefix))
    );
  }

  #keyPrefix = "";
  #exact = false;

  /** Narrows to keys with this prefix, or to this one key. */
  narrow(keyPrefix: string, exact: boolean): this {
    this.#keyPrefix = keyPrefix;
    this.#exact = exact;
    return this;
  }
}
