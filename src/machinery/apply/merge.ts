import { sameJson } from "../same-json.ts";
import { isObject, type JsonObject } from "../patch/merge-patch.ts";
import { itemKey, valueKey } from "./collect.ts";
import type { FieldSet } from "./field-set.ts";
import type { MergeNode } from "./merge-node.ts";

/** The live object with what was applied laid over it. */
export const mergeApplied = (root: MergeNode, live: JsonObject, applied: JsonObject): JsonObject =>
  mergeNode(root, live, applied) as JsonObject;

function mergeNode(node: MergeNode, live: unknown, applied: unknown): unknown {
  if (live === undefined) return applied;
  if (node.kind === "ignored") return live;
  if (node.kind === "object" && isObject(live) && isObject(applied)) {
    const merged = new Map(Object.entries(live));
    for (const [key, value] of Object.entries(applied))
      merged.set(key, mergeNode(node.member(key), merged.get(key), value));
    return Object.fromEntries(merged);
  }
  if (!Array.isArray(live) || !Array.isArray(applied)) return applied;
  if (node.kind === "set") return mergeLists(live, applied, valueKey, (_old, value) => value);
  if (node.kind === "keyed") {
    return mergeLists(
      live,
      applied,
      (item) => itemKey(node.keys, item),
      (old, item) => mergeNode(node.item, old, item),
    );
  }
  return applied;
}

/** The applied order; items that only the live list has keep their place before the next common one. */
function mergeLists(
  live: readonly unknown[],
  applied: readonly unknown[],
  keyOf: (item: unknown) => string,
  merge: (live: unknown, applied: unknown) => unknown,
): unknown[] {
  const wanted = new Set(applied.map(keyOf));
  const known = new Map(live.map((item) => [keyOf(item), item]));
  const merged: unknown[] = [];
  let next = 0;
  const takeLiveOnly = () => {
    for (; next < live.length && !wanted.has(keyOf(live[next])); next++) merged.push(live[next]);
  };
  for (const item of applied) {
    const key = keyOf(item);
    takeLiveOnly();
    if (next < live.length && keyOf(live[next]) === key) next++;
    merged.push(known.has(key) ? merge(known.get(key), item) : item);
  }
  for (; next < live.length; next++) if (!wanted.has(keyOf(live[next]))) merged.push(live[next]);
  return merged;
}

/** The object without the fields in `gone`, except where `kept` has them or something inside them. */
export const prune = (root: MergeNode, object: JsonObject, gone: FieldSet, kept: FieldSet): JsonObject =>
  pruneMembers(root, object, gone, kept) as JsonObject;

type Pruned = { readonly keep: false } | { readonly keep: true; readonly value: unknown };

function pruneNode(
  node: MergeNode,
  value: unknown,
  gone: FieldSet | undefined,
  kept: FieldSet | undefined,
): Pruned {
  if (gone === undefined) return { keep: true, value };
  const member = "." in gone || Object.keys(gone).length === 0;
  if (member && kept === undefined) return { keep: false };
  return { keep: true, value: pruneMembers(node, value, gone, kept) };
}

function pruneMembers(node: MergeNode, value: unknown, gone: FieldSet, kept: FieldSet | undefined): unknown {
  const inner = (set: FieldSet | undefined, key: string) => set?.[key] as FieldSet | undefined;
  const pruned = (member: MergeNode, key: string, child: unknown) =>
    pruneNode(member, child, inner(gone, key), inner(kept, key));
  if (node.kind === "object" && isObject(value)) {
    const members = Object.entries(value).flatMap(([key, child]): [string, unknown][] => {
      const result = pruned(node.member(key), `f:${key}`, child);
      return result.keep ? [[key, result.value]] : [];
    });
    return members.length === 0 ? emptied(value) : Object.fromEntries(members);
  }
  if (!Array.isArray(value)) return value;
  const items = value.flatMap((item): unknown[] => {
    const result = prunedItem(node, item, pruned);
    return result.keep ? [result.value] : [];
  });
  if (items.length === 0) return emptied(value);
  return sameJson(items, value) ? value : items;
}

/** What has lost everything that was in it goes itself, unless it may be null. */
const emptied = (value: object): object | null => (Object.keys(value).length === 0 ? value : null);

function prunedItem(
  node: MergeNode,
  item: unknown,
  pruned: (member: MergeNode, key: string, child: unknown) => Pruned,
): Pruned {
  if (node.kind === "set") return pruned({ kind: "leaf" }, valueKey(item), item);
  return node.kind === "keyed"
    ? pruned(node.item, itemKey(node.keys, item), item)
    : { keep: true, value: item };
}
