import { sameJson } from "../same-json.ts";
import { isObject, type JsonObject } from "../patch/merge-patch.ts";
import { fieldKey, fieldsOf, itemKey, valueKey } from "./collect.ts";
import { EMPTY, type FieldSet } from "./field-set.ts";
import type { MergeNode } from "./merge-node.ts";

export interface Comparison {
  /** New fields, and fields with another value. */
  readonly changed: FieldSet;
  readonly removed: FieldSet;
}

/** What differs between two states of an object. Parts that both share cost nothing. */
export function compare(root: MergeNode, before: JsonObject, after: JsonObject): Comparison {
  const difference = compareNode(root, before, after);
  return { changed: difference.changed ?? EMPTY, removed: difference.removed ?? EMPTY };
}

interface Difference {
  readonly changed?: FieldSet;
  readonly removed?: FieldSet;
}

const SAME: Difference = {};

function compareNode(node: MergeNode, before: unknown, after: unknown): Difference {
  if (before === after || node.kind === "ignored") return SAME;
  if (before === undefined) return { changed: fieldsOf(node, after, true) };
  if (after === undefined) return { removed: fieldsOf(node, before, true) };
  if (node.kind === "object" && isObject(before) && isObject(after))
    return compareObjects(node, before, after);
  if (node.kind === "set" && Array.isArray(before) && Array.isArray(after)) {
    return compareMembers(setMembers(before), setMembers(after), () => ({ kind: "leaf" }));
  }
  if (node.kind === "keyed" && Array.isArray(before) && Array.isArray(after)) {
    const members = (items: readonly unknown[]) =>
      new Map(items.map((item) => [itemKey(node.keys, item), item]));
    return compareMembers(members(before), members(after), () => node.item);
  }
  return sameJson(before, after) ? SAME : { changed: EMPTY };
}

function compareObjects(
  node: MergeNode & { readonly kind: "object" },
  before: JsonObject,
  after: JsonObject,
): Difference {
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

const setMembers = (items: readonly unknown[]): Map<string, unknown> =>
  new Map(items.map((item) => [valueKey(item), true]));

function compareMembers(
  before: ReadonlyMap<string, unknown>,
  after: ReadonlyMap<string, unknown>,
  nodeOf: (key: string) => MergeNode,
): Difference {
  const changed: [string, FieldSet][] = [];
  const removed: [string, FieldSet][] = [];
  const note = (key: string, difference: Difference) => {
    if (difference.changed) changed.push([key, asItem(key, difference.changed, before.has(key))]);
    if (difference.removed) removed.push([key, asItem(key, difference.removed, after.has(key))]);
  };
  for (const [key, value] of after) note(key, compareNode(nodeOf(key), before.get(key), value));
  for (const [key, value] of before)
    if (!after.has(key)) note(key, compareNode(nodeOf(key), value, undefined));
  return {
    ...(changed.length > 0 ? { changed: Object.fromEntries(changed) } : {}),
    ...(removed.length > 0 ? { removed: Object.fromEntries(removed) } : {}),
  };
}

/** An item that came or went as a whole is a field itself, besides what it holds. */
const asItem = (key: string, set: FieldSet, inBoth: boolean): FieldSet =>
  key.startsWith("k:") && !inBoth ? { ".": EMPTY, ...set } : set;
