/** The versions in which a kind is served, for those who settle who owns which fields. */
import type { Versions } from "#machinery/apply/versions";
import type { AnyObject, Resource } from "#machinery/schema";
import type { ResourceSet, ServedKind } from "../resource-set.ts";
import { conversionFor } from "../storage/conversions.ts";

/** Kinds that are stored under one prefix are versions of the same objects. */
export function versionsOf({ versions, storage }: ServedKind, kinds: ResourceSet): Versions {
  if (versions) return versions;
  const found = new Map<string, Resource>();
  for (const other of kinds)
    if (other.storage && other.storage.cache.prefix === storage?.cache.prefix)
      found.set(other.resource.apiVersion, other.resource);
  return {
    resource: (apiVersion) => found.get(apiVersion),
    convert: (objects, to) =>
      Promise.resolve(objects.map((object) => converted(object, found.get(object.apiVersion), to))),
  };
}

function converted(object: AnyObject, from: Resource | undefined, to: Resource): AnyObject {
  const stored = from?.storedAs === undefined ? object : conversionFor(from).toStored(object);
  return to.storedAs === undefined ? stored : conversionFor(to).fromStored(stored);
}
