/** Taking fields out of an object, and what an apply takes out that no longer names what it named before. */
import { isObject, type JsonObject } from "../patch/merge-patch.ts";
import { appliedFields, elementOf, fieldKey } from "./collect.ts";
import { difference, EMPTY, type FieldSet, intersection, union, withSelf } from "./field-set.ts";
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

/** Was a container applied with nothing in it that has something now? That is not the applier's. */
export function hasFilled(node: MergeNode, set: FieldSet, value: unknown): boolean {
  for (const key in set) {
    const child = key === "." ? undefined : childOf(node, key);
    if (!child || child.kind === "leaf") continue;
    const inner = set[key] as FieldSet;
    if (isBare(inner)) {
      if (child.kind !== "object") continue;
      const container = valueAt(node, key, value);
      if (isObject(container) && !isBare(container)) return true;
    } else if (holdsBare(child, inner) && hasFilled(child, inner, valueAt(node, key, value))) return true;
  }
  return false;
}

/** Without looking at the object: most sets have no such container. */
function holdsBare(node: MergeNode, set: FieldSet): boolean {
  for (const key in set) {
    const child = key === "." ? undefined : childOf(node, key);
    if (!child || child.kind === "leaf") continue;
    const inner = set[key] as FieldSet;
    if (isBare(inner) ? child.kind === "object" : holdsBare(child, inner)) return true;
  }
  return false;
}

function valueAt(node: MergeNode, element: string, value: unknown): unknown {
  if (node.kind === "keyed" && Array.isArray(value))
    return value.find((item) => elementOf(node, item) === element);
  return isObject(value) ? value[element.slice(2)] : undefined;
}

function isBare(set: FieldSet): boolean {
  for (const _key in set) return false;
  return true;
}

/** Where an element of a set leads. */
export function childOf(node: MergeNode, element: string): MergeNode | undefined {
  if (node.kind === "keyed") return element.startsWith("k:") ? node.item : undefined;
  if (node.kind !== "object") return undefined;
  let children = named.get(node);
  if (!children) named.set(node, (children = new Map()));
  let child = children.get(element);
  if (child || !element.startsWith("f:")) return child;
  const name = element.slice(2);
  child = node.member(name);
  if (node.isNamed(name)) children.set(element, child);
  return child;
}

/** Fields of structs by their elements: sets are walked with every write. */
const named = new WeakMap<ObjectNode, Map<string, MergeNode>>();

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

const isMember = (node: FieldSet): boolean => "." in node || isBare(node);
