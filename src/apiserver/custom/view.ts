/** Stored custom objects as one version of their kind shows them, where versions differ in their name only. */
import { decodeJson } from "#machinery/derive/json";
import { stringifyJson } from "#machinery/json";
import type { AnyObject, Resource } from "#machinery/schema";
import type { Item } from "../storage/item.ts";
import type { View } from "../storage/view.ts";

export interface CustomViewOptions {
  readonly resource: Resource;
  /** `group/version` that objects are stored as. */
  readonly storedVersion: string;
  /** What was stored after this revision has been checked against the present schema. */
  readonly schemaRevision: number;
}

export function customView({ resource, storedVersion, schemaRevision }: CustomViewOptions): View {
  const { apiVersion, kind } = resource;
  const head = Buffer.from(JSON.stringify({ kind, apiVersion }).slice(0, -1));
  const known = new WeakMap<Item, AnyObject>();

  /** Written in this version and under this schema: its bytes can be used as they are. */
  const isCurrent = (item: Item): boolean =>
    item.revision > schemaRevision && head.equals(item.stored.subarray(0, head.length));

  const object = (item: Item): AnyObject => {
    if (isCurrent(item)) return item.object;
    const found = known.get(item);
    if (found) return found;
    const { object: stored } = item;
    const made = brought(resource, stored);
    known.set(item, made);
    return made;
  };

  return {
    asStored: false,
    isAsStored: isCurrent,
    object,
    bytes: (item) => (isCurrent(item) ? item.served() : Buffer.from(stringifyJson(object(item)))),
    toStored: (given) => (apiVersion === storedVersion ? given : { ...given, apiVersion: storedVersion }),
  };
}

/** An object of another version or of an older schema: without what is unknown now, and with its defaults. */
export function brought(resource: Resource, stored: AnyObject): AnyObject {
  const { schema, apiVersion, rules } = resource;
  const pruned = decodeJson<AnyObject>(schema, { ...stored, apiVersion });
  const filled = rules.defaults?.(pruned) ?? pruned;
  return filled === pruned ? pruned : decodeJson<AnyObject>(schema, filled);
}
