import { Item } from "../storage/item.ts";

export type EventType = "ADDED" | "MODIFIED" | "DELETED";

/** One change of one object, shared by everyone who watches. */
export class CacheEvent {
  /** Counts up by one per event of a kind. */
  readonly sequence: number;
  readonly type: EventType;
  /** The object after the change; for DELETED its last state, under the revision of its deletion. */
  readonly item: Item;
  readonly previous: Item | undefined;
  #departed: Item | undefined;
  /** Encoded forms: made for the first watcher that wants one, shared by the rest. */
  #encoded: Map<string, Buffer> | undefined;

  constructor(sequence: number, type: EventType, item: Item, previous: Item | undefined) {
    this.sequence = sequence;
    this.type = type;
    this.item = item;
    this.previous = previous;
  }

  get revision(): number {
    return this.item.revision;
  }

  /** The object as it was before under the revision of this event: what they see whose selector it has left. */
  get departed(): Item {
    if (this.type === "DELETED") return this.item;
    this.#departed ??= new Item(this.item.key, this.revision, (this.previous ?? this.item).stored);
    return this.#departed;
  }

  /** In this form, where somebody has asked for it before. */
  encoded(form: string): Buffer | undefined {
    return this.#encoded?.get(form);
  }

  /** For the next who wants the same. */
  keep(form: string, bytes: Buffer): void {
    (this.#encoded ??= new Map()).set(form, bytes);
  }

  /** The window keeps the event for long. Who reads it from there makes its forms anew. */
  forgetForms(): void {
    this.#encoded = undefined;
  }
}
