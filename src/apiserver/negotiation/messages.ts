import { setImmediate as nextTurn } from "node:timers/promises";
import type { CancelTimer, Clock } from "#base/clock";
import { encodeProtobuf } from "#machinery/derive/protobuf";
import type { ServedKind } from "../resource-set.ts";
import type { Item } from "../storage/item.ts";

/** Bytes that are kept at most: those of some 20,000 pods. */
const KEPT_BYTES_MAX = 32 * 2 ** 20;
/** What nobody has asked for during this time, or twice of it, is forgotten. */
const KEPT_MS = 30_000;
/** Objects that are parsed and encoded before others have their turn: about three milliseconds. */
const OBJECTS_PER_TURN = 200;

/**
 * Protobuf messages of stored objects. To make one, the object is parsed: that costs ten times what it costs to send it.
 * There are two halves. What is asked for is in the young one; when that is full or has become old, it takes the place of
 * the old one, and what was only there is gone.
 */
export class Messages {
  readonly #clock: Clock;
  /** Weak: what belongs to an object that was replaced goes with it. */
  #young = new WeakMap<Item, Uint8Array>();
  #youngBytes = 0;
  #old = new WeakMap<Item, Uint8Array>();
  #oldBytes = 0;
  #cancel: CancelTimer | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** The one that is kept, or the one that `encode` makes. */
  of(item: Item, encode: () => Uint8Array): Uint8Array {
    const known = this.#young.get(item);
    if (known) return known;
    const message = this.#old.get(item) ?? encode();
    if (this.#youngBytes + message.length > KEPT_BYTES_MAX / 2) this.#age();
    this.#young.set(item, message);
    this.#youngBytes += message.length;
    this.#cancel ??= this.#clock.after(KEPT_MS, () => this.#expire());
    return message;
  }

  /** Nothing is kept any more. */
  close(): void {
    this.#cancel?.();
    this.#age();
    this.#age();
  }

  #expire(): void {
    this.#cancel = undefined;
    this.#age();
    if (this.#oldBytes > 0) this.#cancel = this.#clock.after(KEPT_MS, () => this.#expire());
  }

  #age(): void {
    this.#old = this.#young;
    this.#oldBytes = this.#youngBytes;
    this.#young = new WeakMap();
    this.#youngBytes = 0;
  }
}

/** The object as a message, without an envelope. */
export function messageOf({ resource, view, messages }: ServedKind, item: Item): Uint8Array {
  const encode = () => encodeProtobuf(resource.schema, view.object(item));
  return messages && view.asStored ? messages.of(item, encode) : encode();
}

/** Of all of them; others have their turns in between. */
export async function messagesOf(kind: ServedKind, items: readonly Item[]): Promise<readonly Uint8Array[]> {
  const messages: Uint8Array[] = [];
  for (const item of items) {
    if (messages.length > 0 && messages.length % OBJECTS_PER_TURN === 0) await nextTurn();
    messages.push(messageOf(kind, item));
  }
  return messages;
}
