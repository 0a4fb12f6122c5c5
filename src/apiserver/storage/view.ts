import { stringifyJson } from "#machinery/json";
import type { AnyObject, Resource } from "#machinery/schema";
import type { Item } from "./item.ts";

/** Stored objects as one version of their kind shows them. */
export interface View {
  /** True when objects are served in the form they are stored in, so that their bytes can be used as they are. */
  readonly asStored: boolean;
  /** Where not all are: is this one served in the form it is stored in? */
  isAsStored?(item: Item): boolean;
  object(item: Item): AnyObject;
  /** JSON of the object as served. */
  bytes(item: Item): Buffer;
  /** From this version to the stored one. */
  toStored(object: AnyObject): AnyObject;
}

/** For kinds that are stored as they are served. */
export const storedView: View = {
  asStored: true,
  object: (item) => item.object,
  bytes: (item) => item.served(),
  toStored: (object) => object,
};

export interface Conversion {
  /** From the stored version to this one. */
  fromStored(object: AnyObject): AnyObject;
  toStored(object: AnyObject): AnyObject;
}

/** For kinds that are stored as another version: converted when asked for, and remembered while the item lives. */
export function convertedView(resource: Resource, { fromStored, toStored }: Conversion): View {
  const known = new WeakMap<Item, AnyObject>();
  const object = (item: Item): AnyObject => {
    const found = known.get(item);
    if (found) return found;
    const made = { ...fromStored(item.object), kind: resource.kind, apiVersion: resource.apiVersion };
    known.set(item, made);
    return made;
  };
  return {
    asStored: false,
    object,
    bytes: (item) => Buffer.from(stringifyJson(object(item))),
    toStored,
  };
}
