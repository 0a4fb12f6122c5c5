import { decodeJson } from "#machinery/derive/json";
import type { AnyObject, Resource } from "#machinery/schema";
import { asJson } from "./as-json.ts";
import { type Comparison, compare } from "./compare.ts";
import { EMPTY, type FieldSet, intersection, isEmpty, union } from "./field-set.ts";
import type { Owner } from "./managed-fields.ts";
import { prune } from "./merge.ts";
import { rootNode } from "./merge-node.ts";
import { type Versions, withoutOwners } from "./versions.ts";

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
export async function withoutAbandoned(
  { resource, merged, own, owners }: LastApplied,
  versions: Versions,
): Promise<AnyObject> {
  if (!own || isEmpty(own.fields)) return merged;
  const resourceOf = (apiVersion: string) =>
    apiVersion === resource.apiVersion ? resource : versions.resource(apiVersion);
  const last = resourceOf(own.apiVersion);
  if (!last) return merged;
  const shown = async (object: AnyObject, version: Resource): Promise<AnyObject> =>
    object.apiVersion === version.apiVersion ? object : (await versions.convert([object], version))[0]!;

  const whole = await shown(withoutOwners(merged), last);
  const kept = keptByVersion(owners);
  let rest = pruned(last, whole, own.fields, kept.get(last.apiVersion) ?? EMPTY);
  for (const [apiVersion, fields] of kept) {
    const version = resourceOf(apiVersion);
    if (!version || version.apiVersion === last.apiVersion) continue;
    const before = await shown(whole, version);
    const { removed } = differences(version, before, await shown(rest, version));
    rest = pruned(version, before, removed, fields);
  }
  // Conversions may have taken more along.
  const { removed } = differences(last, whole, await shown(rest, last));
  const gone = intersection(removed, own.fields);
  if (isEmpty(gone)) return merged;
  const left = await shown(pruned(last, whole, gone, EMPTY), resource);
  const here = differences(resource, await shown(whole, resource), left);
  // Where two fields of the other version are one of this, nothing is removed.
  if (!isEmpty(here.changed)) return left;
  return pruned(resource, merged, withoutContainers(here.removed), EMPTY);
}

/** Containers go with the last that is in them, which the other version may not have shown. */
function withoutContainers(set: FieldSet): FieldSet {
  const members = Object.entries(set).map(([key, inner]): [string, FieldSet] => {
    const { ".": self, ...within } = withoutContainers(inner as FieldSet);
    const isItem = key.startsWith("k:");
    return [key, { ...(self !== undefined && isItem ? { ".": EMPTY } : {}), ...within }];
  });
  return Object.fromEntries(members);
}

function keptByVersion(owners: readonly Owner[]): ReadonlyMap<string, FieldSet> {
  const kept = new Map<string, FieldSet>();
  for (const { apiVersion, fields } of owners)
    kept.set(apiVersion, union(kept.get(apiVersion) ?? EMPTY, fields));
  return kept;
}

const differences = ({ schema }: Resource, before: AnyObject, after: AnyObject): Comparison =>
  compare(rootNode(schema), asJson(before), asJson(after));

const pruned = ({ schema }: Resource, object: AnyObject, gone: FieldSet, kept: FieldSet): AnyObject =>
  isEmpty(gone) ? object : decodeJson<AnyObject>(schema, prune(rootNode(schema), asJson(object), gone, kept));
