import type { Item } from "../storage/item.ts";
import type { CacheEvent, EventType } from "./event.ts";

/** Which objects of a kind a list or watch is about. */
export interface Selection {
  /** Empty: all namespaces. */
  readonly namespace: string;
  /** Empty: all names. */
  readonly name: string;
  /** Value of the kind's indexed field that every match has. */
  readonly indexed: string | undefined;
  /** Labels and fields; undefined: everything matches. */
  readonly matches: ((item: Item) => boolean) | undefined;
}

export const everything: Selection = { namespace: "", name: "", indexed: undefined, matches: undefined };

/** What an event means to one who sees only a selection; undefined: nothing. */
export function meaning(
  event: CacheEvent,
  matches: ((item: Item) => boolean) | undefined,
): EventType | undefined {
  if (!matches) return event.type;
  const before = event.previous !== undefined && matches(event.previous);
  const after = event.type !== "DELETED" && matches(event.item);
  if (after) return before ? "MODIFIED" : "ADDED";
  return before ? "DELETED" : undefined;
}
