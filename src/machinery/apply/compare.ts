import { sameJson } from "../same-json.ts";
import { isObject, type JsonObject } from "../patch/merge-patch.ts";
import { elementOf, fieldKey, wholeFields } from "./collect.ts";
import { EMPTY, type FieldSet, withSelf } from "./field-set.ts";
import type { ItemsNode, MergeNode, ObjectNode } from "./merge-node.ts";

export interface Comparison {
  /** New fields, and fields with another value. */
  readonly changed: FieldSet;
  readonly removed: FieldSet;
}

/** What differs between two states of an object. Parts that both share cost nothing. */
export function compare(root: ObjectNode, before: JsonObject, after: JsonObject): Comparison {
  const difference = compareNode(root, before, after);
  return { changed: difference.changed ?? EMPTY, removed: difference.removed ?? EMPTY };
}

interface Difference {
  readonly changed?: FieldSet;
  readonly removed?: FieldSet;
}

const SAME: Difference = {};
const OTHER_VALUE: Difference = { changed: EMPTY };

function compareNode(node: MergeNode, before: unknown, after: unknown): Difference {
  if (before === after || node.kind === "ignored") return SAME;
  if (before === undefined) return { changed: wholeFields(node, after) };
  if (after === undefined) return { removed: wholeFields(node, before) };
  if (node.kind === "object") return compareMaps(node, before, after);
  if (node.kind === "leaf") return compareValues(before, after);
  const [old, now] = [before ?? NO_ITEMS, after ?? NO_ITEMS];
  if (!Array.isArray(old) || !Array.isArray(now) || (old.length === 0 && now.length === 0))
    return compareValues(before, after);
  return compareItems(node, old, now);
}

const NO_ITEMS: readonly unknown[] = [];
const NO_MEMBERS: JsonObject = {};

const compareValues = (before: unknown, after: unknown): Difference =>
  sameJson(before, after) ? SAME : OTHER_VALUE;

/** Nothing, and an object of nothing, are two values; where either side has members, these are compared. */
function compareMaps(node: ObjectNode, before: unknown, after: unknown): Difference {
  const [old, now] = [membersOf(before), membersOf(after)];
  if (isBare(old) && isBare(now)) return compareValues(before, after);
  const difference = compareMembers(node, old, now);
  const isOtherKind = (value: unknown) => value !== null && !isObject(value);
  if (!isOtherKind(before) && !isOtherKind(after)) return difference;
  return { ...difference, changed: withSelf(difference.changed) };
}

const membersOf = (value: unknown): JsonObject => (isObject(value) ? value : NO_MEMBERS);

function isBare(value: JsonObject): boolean {
  for (const _key in value) return false;
  return true;
}

function compareMembers(node: ObjectNode, before: JsonObject, after: JsonObject): Difference {
  let changed: Record<string, FieldSet> | undefined;
  let removed: Record<string, FieldSet> | undefined;
  const note = (key: string, difference: Difference) => {
    if (difference.changed) (changed ??= {})[fieldKey(key)] = difference.changed;
    if (difference.removed) (removed ??= {})[fieldKey(key)] = difference.removed;
  };
  for (const key of Object.keys(after)) {
    const old = Object.hasOwn(before, key) ? before[key] : undefined;
    if (old !== after[key]) note(key, compareNode(node.member(key), old, after[key]));
  }
  for (const key of Object.keys(before)) {
    if (!Object.hasOwn(after, key)) note(key, compareNode(node.member(key), before[key], undefined));
  }
  return { ...(changed ? { changed } : {}), ...(removed ? { removed } : {}) };
}

type Items = ReadonlyMap<string, readonly unknown[]>;

function compareItems(node: ItemsNode, before: readonly unknown[], after: readonly unknown[]): Difference {
  const changed: [string, FieldSet][] = [];
  const removed: [string, FieldSet][] = [];
  const [old, now] = [byElement(node, before), byElement(node, after)];
  const note = (key: string) => {
    const difference = compareItem(node.item, old.get(key) ?? NO_ITEMS, now.get(key) ?? NO_ITEMS);
    if (difference.changed) changed.push([key, difference.changed]);
    if (difference.removed) removed.push([key, difference.removed]);
  };
  for (const key of now.keys()) note(key);
  for (const key of old.keys()) if (!now.has(key)) note(key);
  return {
    ...(changed.length > 0 ? { changed: Object.fromEntries(changed) } : {}),
    ...(removed.length > 0 ? { removed: Object.fromEntries(removed) } : {}),
  };
}

function byElement(node: ItemsNode, items: readonly unknown[]): Items {
  const found = new Map<string, [unknown, ...unknown[]]>();
  for (const item of items) {
    const key = elementOf(node, item);
    const same = found.get(key);
    if (same) same.push(item);
    else found.set(key, [item]);
  }
  return found;
}

/** What is there more than once under one key is one value, whatever is in it. */
function compareItem(node: MergeNode, before: readonly unknown[], after: readonly unknown[]): Difference {
  if (before.length <= 1 && after.length <= 1) return compareNode(node, before[0], after[0]);
  if (before.length > 1 && after.length > 1) return compareValues(before, after);
  if (before.length > 1) {
    return { removed: EMPTY, ...(after.length === 0 ? {} : { changed: wholeFields(node, after[0]) }) };
  }
  return { changed: EMPTY, ...(before.length === 0 ? {} : { removed: wholeFields(node, before[0]) }) };
}
