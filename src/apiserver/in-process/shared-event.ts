import type { AnyObject } from "#machinery/schema";
import type { Item } from "../storage/item.ts";
import type { EventType } from "../watch/event.ts";

/** A WatchEvent that is told by reference: its object is parsed when somebody asks for it. */
export class SharedEvent<T extends AnyObject> {
  readonly type: EventType;
  readonly reference: Item<T>;

  constructor(type: EventType, item: Item) {
    this.type = type;
    this.reference = item as Item<T>;
  }

  get object(): T {
    return this.reference.open();
  }
}
