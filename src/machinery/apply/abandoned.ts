import { decodeJson } from "#machinery/derive/json";
import type { AnyObject, Resource } from "#machinery/schema";
import type { JsonObject } from "../patch/merge-patch.ts";
import { asJson } from "./as-json.ts";
import { compare } from "./compare.ts";
import { type FieldSet, isEmpty, unionOf } from "./field-set.ts";
import type { Owner } from "./managed-fields.ts";
import { rootNode } from "./struct-node.ts";
import { taken, withNamed, without, withOwned } from "./prune.ts";
import { type Versions, versionOf, withoutOwners } from "./versions.ts";

export interface LastApplied {
  readonly resource: Resource;
  /** The live object with the new configuration laid over it. */
  readonly merged: AnyObject;
  /** What the manager applied before, perhaps in another version. */
  readonly own: Owner | undefined;
  /** Everybody who owns something now, the manager with its new configuration among them. */
  readonly owners: readonly Owner[];
}

/**
 * The merged object without what a manager applied before, no longer names, and nobody else owns. Looks at the object in
 * the version in which it was applied, and then in those of the owners. What these do not show stays as it is: only
 * what is taken away there is taken away here.
 */
export async function withoutAbandonedAcross(
  { resource, merged, own, owners }: LastApplied,
  versions: Versions,
): Promise<AnyObject> {
  if (!own || isEmpty(own.fields)) return merged;
  const last = versionOf(own.apiVersion, resource, versions);
  if (!last) return merged;
  const shown = async (object: AnyObject, version: Resource): Promise<AnyObject> =>
    object.apiVersion === version.apiVersion
      ? object
      : (await versions.convert([canonical(object, resource, versions)], version))[0]!;

  const whole = await shown(withoutOwners(merged), last);
  let bare = changed(last, whole, (object) =>
    without(rootNode(last.schema), object, withNamed(rootNode(last.schema), own.fields)),
  );
  for (const [apiVersion, fields] of keptByVersion(owners, own.apiVersion)) {
    const version = versionOf(apiVersion, resource, versions);
    if (!version) continue;
    const pruned = asJson(await shown(bare, version));
    bare = changed(version, await shown(whole, version), (object) =>
      withOwned(rootNode(version.schema), object, pruned, fields),
    );
  }
  const pruned = asJson(await shown(bare, last));
  const rest = changed(last, whole, (object) => taken(rootNode(last.schema), object, pruned, own.fields));
  return last.apiVersion === resource.apiVersion
    ? { ...rest, metadata: { ...rest.metadata, managedFields: merged.metadata.managedFields } }
    : inOwnVersion(resource, merged, await shown(whole, resource), await shown(rest, resource));
}

/** What the other version does not show stays. */
function inOwnVersion({ schema }: Resource, merged: AnyObject, whole: AnyObject, rest: AnyObject): AnyObject {
  const root = rootNode(schema);
  const { changed: others, removed } = compare(root, asJson(whole), asJson(rest));
  // Where two fields of the other version are one of this, nothing is removed.
  if (!isEmpty(others)) return rest;
  return without(root, asJson(merged), removed) as unknown as AnyObject;
}

const changed = (
  { schema }: Resource,
  object: AnyObject,
  change: (object: JsonObject) => JsonObject,
): AnyObject => decodeJson<AnyObject>(schema, change(asJson(object)));

/** Conversions know objects of the API only. */
function canonical(object: AnyObject, resource: Resource, versions: Versions): AnyObject {
  const version = versionOf(object.apiVersion, resource, versions);
  return version ? decodeJson<AnyObject>(version.schema, object) : object;
}

/** By version, that of what was applied before first: others may need what is kept there to be converted to. */
function keptByVersion(owners: readonly Owner[], first: string): ReadonlyMap<string, FieldSet> {
  const rest = [...new Set(owners.map(({ apiVersion }) => apiVersion))].filter((one) => one !== first);
  const kept = Map.groupBy(owners, ({ apiVersion }) => apiVersion);
  return new Map(
    [first, ...rest.toSorted()].map((apiVersion) => [
      apiVersion,
      unionOf((kept.get(apiVersion) ?? []).map(({ fields }) => fields)),
    ]),
  );
}
