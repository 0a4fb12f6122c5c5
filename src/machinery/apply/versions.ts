import type { AnyManagedFields, AnyObject, Resource } from "#machinery/schema";
import { asJson } from "./as-json.ts";
import { type Comparison, compare } from "./compare.ts";
import { EMPTY } from "./field-set.ts";
import { type Owner, withFields } from "./managed-fields.ts";
import { rootNode } from "./struct-node.ts";
import { asInSchema } from "./reconcile.ts";

/** The versions of a kind, whose fields may have other names, for managers that wrote in one of them. */
export interface Versions {
  /** Undefined for a version that is gone. */
  resource(apiVersion: string): Resource | undefined;
  /** Objects of one version as another one shows them, canonical, in the same order. */
  convert(objects: readonly AnyObject[], to: Resource): Promise<readonly AnyObject[]>;
}

/** Has somebody written in another version than this one? */
export const hasOtherVersions = (
  entries: readonly AnyManagedFields[] | undefined,
  apiVersion: string,
): boolean => entries !== undefined && entries.some((entry) => entry.apiVersion !== apiVersion);

/** The kind in a version, undefined for one that is gone. */
export const versionOf = (apiVersion: string, resource: Resource, versions: Versions): Resource | undefined =>
  apiVersion === resource.apiVersion ? resource : versions.resource(apiVersion);

/** The owners with their fields as their versions have them now. Those of versions that are gone are missing. */
export const inTheirSchemas = (owners: readonly Owner[], resource: Resource, versions: Versions): Owner[] =>
  owners.flatMap((owner) => {
    const version = versionOf(owner.apiVersion, resource, versions);
    if (!version) return [];
    return [withFields(owner, asInSchema(rootNode(version.schema), owner.fields))];
  });

const SAME: Comparison = { changed: EMPTY, removed: EMPTY };

/**
 * What differs between two states of an object in each version in which one of the owners wrote. Those that are gone
 * are missing. `onFailure`: the version cannot be told at the moment, and nothing is taken from who wrote in it.
 */
export async function compareInVersions(
  owners: readonly Owner[],
  resource: Resource,
  before: AnyObject,
  after: AnyObject,
  versions: Versions,
  onFailure?: (apiVersion: string, error: unknown) => void,
): Promise<ReadonlyMap<string, Comparison>> {
  const states = [withoutOwners(before), withoutOwners(after)];
  const found = new Map<string, Comparison>();
  for (const apiVersion of new Set(owners.map((owner) => owner.apiVersion))) {
    const version = versionOf(apiVersion, resource, versions);
    if (!version) continue;
    try {
      const [old, next] = version === resource ? states : await versions.convert(states, version);
      found.set(apiVersion, compare(rootNode(version.schema), asJson(old!), asJson(next!)));
    } catch (error) {
      if (!onFailure) throw error;
      onFailure(apiVersion, error);
      found.set(apiVersion, SAME);
    }
  }
  return found;
}

/** Who owns what is of no concern to those who convert. */
export function withoutOwners(object: AnyObject): AnyObject {
  const { managedFields: _, ...metadata } = object.metadata;
  return { ...object, metadata };
}
