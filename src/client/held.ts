import type { AnyObject } from "#machinery/schema";
import { type Address, addressInKey } from "./address.ts";
import type { Reference, WatchEvent } from "./transport.ts";

/** What a cache holds of one object: a reference where the transport gives one, else the object itself. */
export type Held<T> = T | Reference<T>;

type ObjectEvent<T> = Exclude<WatchEvent<T>, { readonly type: "BOOKMARK" }>;

export const heldIn = <T>(event: ObjectEvent<T>): Held<T> => event.reference ?? event.object;

/** Objects of the API have no member of this name on their first level. */
const isReference = <T extends AnyObject>(held: Held<T>): held is Reference<T> =>
  typeof (held as Reference<T>).glance === "function";

/** The object, for those who will soon want it again. */
export const open = <T extends AnyObject>(held: Held<T>): T => (isReference(held) ? held.open() : held);

/** The object, for those who look at it once. */
export const glance = <T extends AnyObject>(held: Held<T>): T => (isReference(held) ? held.glance() : held);

export const versionOf = <T extends AnyObject>(held: Held<T>): string =>
  isReference(held) ? String(held.revision) : held.metadata.resourceVersion;

/** `namespace` is absent for cluster-scoped kinds. */
export const addressOfHeld = <T extends AnyObject>(held: Held<T>, namespaced: boolean): Address =>
  isReference(held) ? addressInKey(held.key, namespaced) : held.metadata;

/** What is held, and its object once somebody has asked for it. */
export class Opened<T extends AnyObject> {
  readonly held: Held<T>;
  readonly #how: (held: Held<T>) => T;
  #object: T | undefined;

  constructor(held: Held<T>, how: (held: Held<T>) => T) {
    this.held = held;
    this.#how = how;
  }

  get object(): T {
    return (this.#object ??= this.#how(this.held));
  }
}
