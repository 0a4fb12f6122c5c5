import type { StatusError } from "#machinery/status";
import type { OutgoingStream } from "../http/exchange.ts";
import type { Item } from "../storage/item.ts";
import type { CacheEvent, EventType } from "./event.ts";
import type { EventEncoder } from "./event-encoder.ts";
import type { WatchSink } from "./subscription.ts";
import type { WatchTraffic } from "../metrics.ts";

/** Writes events to a client. Those of one turn of the event loop go out as one piece. */
export class HttpWatchSink implements WatchSink {
  readonly #stream: OutgoingStream;
  readonly #encoder: EventEncoder;
  readonly #bufferBytesMax: number;
  readonly #traffic: WatchTraffic;
  #pending: Buffer[] = [];
  #pendingBytes = 0;
  #scheduled = false;
  #blocked = false;
  /** Called when there is room again. */
  onRoom: () => void = () => undefined;
  /** Called once, when the watch is over. */
  onOver: () => void = () => undefined;

  constructor(stream: OutgoingStream, encoder: EventEncoder, bufferBytesMax: number, traffic: WatchTraffic) {
    this.#traffic = traffic;
    this.#stream = stream;
    this.#encoder = encoder;
    this.#bufferBytesMax = bufferBytesMax;
    stream.onDrain(() => this.#drained());
  }

  send(type: EventType, item: Item, shared: CacheEvent | undefined): boolean {
    this.#push(this.#encoder.event(type, item, shared));
    return !this.#blocked && this.#pendingBytes < this.#bufferBytesMax;
  }

  bookmark(revision: number, initialEventsEnd: boolean): void {
    this.#push(this.#encoder.bookmark(revision, initialEventsEnd));
  }

  end(why: StatusError | undefined): void {
    if (why) this.#push(this.#encoder.error(why));
    this.flush();
    this.#stream.end();
    this.onOver();
  }

  /** Writes what has come since the last time. */
  flush(): void {
    this.#scheduled = false;
    if (this.#pending.length === 0 || this.#stream.closed) return;
    const wasFull = this.#pendingBytes >= this.#bufferBytesMax;
    const chunks = this.#stream.isMessages ? this.#pending : [joined(this.#pending)];
    this.#pending = [];
    this.#pendingBytes = 0;
    for (const chunk of chunks) this.#blocked = !this.#stream.write(chunk) || this.#blocked;
    if (wasFull && !this.#blocked) this.onRoom();
  }

  #push(bytes: Buffer): void {
    this.#traffic.events++;
    this.#traffic.sizes.observe(bytes.length);
    this.#pending.push(bytes);
    this.#pendingBytes += bytes.length;
    if (this.#scheduled) return;
    this.#scheduled = true;
    flushAfterTurn(this);
  }

  #drained(): void {
    this.#blocked = false;
    this.onRoom();
  }
}

let waiting: HttpWatchSink[] = [];

/** A thousand watchers hear of one change: they need one callback, not one each. */
function flushAfterTurn(sink: HttpWatchSink): void {
  if (waiting.push(sink) === 1) setImmediate(flushAll);
}

function flushAll(): void {
  const sinks = waiting;
  waiting = [];
  for (const sink of sinks) sink.flush();
}

let lastParts: readonly Buffer[] = [];
let lastJoined = Buffer.alloc(0);

/** Many watchers send the same events in the same turn: they share the joined piece too. */
function joined(parts: readonly Buffer[]): Buffer {
  if (parts.length === 1) return parts[0]!;
  if (!areLast(parts)) {
    lastParts = parts;
    lastJoined = Buffer.concat(parts);
  }
  return lastJoined;
}

function areLast(parts: readonly Buffer[]): boolean {
  if (parts.length !== lastParts.length) return false;
  for (let index = 0; index < parts.length; index++) if (parts[index] !== lastParts[index]) return false;
  return true;
}
