/** Taking fields out of an object, and what an apply takes out that no longer names what it named before. */
import { isObject, type JsonObject } from "../patch/merge-patch.ts";
import { childOf } from "./child-of.ts";
import { appliedFields, elementOf, fieldKey } from "./collect.ts";
import { difference, EMPTY, type FieldSet, intersection, isEmpty, union, withSelf } from "./field-set.ts";
import type { MergeNode, ObjectNode } from "./merge-node.ts";

/**
 * The merged object without what was applied before, unless somebody owns it now. What has nothing left in it that
 * anybody owns goes as well, where it is a field of a struct; other containers become null.
 */
export function withoutAbandoned(
  root: ObjectNode,
  merged: JsonObject,
  last: FieldSet,
  owned: FieldSet,
): JsonObject {
  const bare = without(root, merged, withNamed(root, last));
  return taken(root, merged, withOwned(root, merged, bare, owned), last);
}

/** `pruned`, with what is in `merged` and somebody owns. */
export function withOwned(
  root: ObjectNode,
  merged: JsonObject,
  pruned: JsonObject,
  owned: FieldSet,
): JsonObject {
  const kept = union(namedFields(root, pruned), withNamed(root, owned));
  return without(root, merged, difference(namedFields(root, merged), kept));
}

/** `merged` without what is gone from `pruned`, as far as it was applied before. */
export function taken(root: ObjectNode, merged: JsonObject, pruned: JsonObject, last: FieldSet): JsonObject {
  const gone = difference(namedFields(root, merged), namedFields(root, pruned));
  return without(root, merged, intersection(gone, withNamed(root, last)));
}

const namedFields = (root: ObjectNode, object: JsonObject): FieldSet =>
  withNamed(root, appliedFields(root, object));

/** The set with each field of a struct in which it has something; but not with the metadata, which every object has. */
export function withNamed(root: ObjectNode, set: FieldSet): FieldSet {
  const named = namedInside(root, set);
  const metadata = named["f:metadata"] as FieldSet | undefined;
  if (metadata === undefined) return named;
  const { ".": _self, ...inside } = metadata;
  return { ...named, "f:metadata": inside };
}

function namedInside(node: MergeNode, set: FieldSet): FieldSet {
  const members = Object.entries(set).map(([key, inner]): [string, FieldSet] => {
    const child = key === "." ? undefined : childOf(node, key);
    const fields = child ? namedInside(child, inner as FieldSet) : (inner as FieldSet);
    const isNamed = node.kind === "object" && key.startsWith("f:") && node.isNamed(key.slice(2));
    return [key, isNamed ? withSelf(fields) : fields];
  });
  return members.length === 0 ? EMPTY : Object.fromEntries(members);
}

/** The object without these fields. */
export const without = (root: ObjectNode, object: JsonObject, fields: FieldSet): JsonObject =>
  Object.keys(fields).length === 0 ? object : ((rest(root, object, fields) ?? {}) as JsonObject);

/** Null: nothing is left. */
function rest(node: MergeNode, value: unknown, fields: FieldSet): unknown {
  switch (node.kind) {
    case "ignored":
      return value;
    case "leaf":
      return restOfLeaf(value);
    case "object":
      if (isObject(value)) return restOfMembers(node, value, fields);
      return node.isFree && !Array.isArray(value) ? value : null;
    default: {
      if (!Array.isArray(value)) return null;
      const items = value.flatMap((item): unknown[] => {
        const inner = fieldsIn(fields, elementOf(node, item));
        if (inner === undefined) return [item];
        return isMember(inner) ? [] : [rest(node.item, item, inner)];
      });
      return items.length === 0 ? null : items;
    }
  }
}

/** Of what is one value there is no part to take. */
const restOfLeaf = (value: unknown): unknown => (isObject(value) || Array.isArray(value) ? null : value);

function restOfMembers(node: ObjectNode, value: JsonObject, fields: FieldSet): JsonObject | null {
  const members = Object.entries(value).flatMap(([key, member]): [string, unknown][] => {
    const inner = fieldsIn(fields, fieldKey(key));
    if (inner === undefined) return [[key, member]];
    return isMember(inner) ? [] : [[key, rest(node.member(key), member, inner)]];
  });
  return members.length === 0 ? null : Object.fromEntries(members);
}

const fieldsIn = (fields: FieldSet, element: string): FieldSet | undefined =>
  Object.hasOwn(fields, element) ? (fields[element] as FieldSet) : undefined;

const isMember = (node: FieldSet): boolean => "." in node || isEmpty(node);
