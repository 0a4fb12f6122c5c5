import { formatTime } from "#machinery/time";
import { nameSuffix, uuid, type Random } from "#base/random";
import type { AnyMeta, AnyObject, Resource } from "#machinery/schema";
import { badRequest } from "#machinery/status";

/** Members of the metadata to set, or with undefined to take away. */
export type MetaChanges = Readonly<Partial<Record<keyof AnyMeta | "selfLink", unknown>>>;

const SUFFIX_LENGTH = 5;
/** So that the suffix fits into the length of a DNS label. */
const BASE_LENGTH_MAX = 63 - SUFFIX_LENGTH;

export const generatedName = (base: string, random: Random): string =>
  base.slice(0, BASE_LENGTH_MAX) + nameSuffix(random, SUFFIX_LENGTH);

/** The object in its request's namespace. Throws BadRequest when it says another one. */
export function inNamespace<T extends AnyObject>(object: T, namespace: string): T {
  const said = object.metadata.namespace ?? "";
  if (said === namespace) return object;
  if (said === "") return withMeta(object, { namespace });
  if (namespace === "") return withMeta(object, { namespace: undefined });
  throw badRequest("the namespace of the provided object does not match the namespace sent on the request");
}

/** The object with these members of its metadata; undefined takes one away. */
export function withMeta<T extends AnyObject>(object: T, changes: MetaChanges): T {
  // Built up and never deleted from: V8 turns what was deleted from into a slow dictionary.
  const metadata: Record<string, unknown> = {};
  const before = object.metadata as unknown as Readonly<Record<string, unknown>>;
  for (const name in before) {
    const value = name in changes ? changes[name as keyof MetaChanges] : before[name];
    if (value !== undefined) metadata[name] = value;
  }
  for (const name in changes) {
    const value = changes[name as keyof MetaChanges];
    if (value !== undefined && !(name in before)) metadata[name] = value;
  }
  return { ...object, metadata };
}

/** What the server gives every new object, whatever the client said. */
export function newIdentity(
  { counted }: Resource,
  { nowMs, random }: { readonly nowMs: number; readonly random: Random },
): MetaChanges {
  return {
    uid: uuid(random),
    creationTimestamp: formatTime(nowMs),
    generation: counted ? 1 : undefined,
    resourceVersion: undefined,
    deletionTimestamp: undefined,
    deletionGracePeriodSeconds: undefined,
    selfLink: undefined,
  };
}

/** What an update cannot change, taken from the old object. */
export function keptIdentity({ metadata: old }: AnyObject): MetaChanges {
  return {
    name: old.name,
    namespace: old.namespace,
    uid: old.uid,
    creationTimestamp: old.creationTimestamp,
    generation: old.generation,
    resourceVersion: old.resourceVersion,
    selfLink: undefined,
    ...(old.deletionTimestamp === undefined ? {} : { deletionTimestamp: old.deletionTimestamp }),
    ...(old.deletionGracePeriodSeconds === undefined
      ? {}
      : { deletionGracePeriodSeconds: old.deletionGracePeriodSeconds }),
  };
}
