import { isObject, type JsonObject } from "../patch/merge-patch.ts";
import { elementOf } from "./collect.ts";
import type { ItemsNode, MergeNode, ObjectNode } from "./merge-node.ts";

/** The live object with what was applied laid over it. */
export const mergeApplied = (root: ObjectNode, live: JsonObject, applied: JsonObject): JsonObject =>
  mergeNode(root, live, applied) as JsonObject;

/** Null takes the place of one value, and of containers that are empty: what is in them stays. */
function mergeNode(node: MergeNode, live: unknown, applied: unknown): unknown {
  if (live === undefined) return applied;
  switch (node.kind) {
    case "ignored":
      return live;
    case "leaf":
      return applied;
    case "object":
      if (!isObject(live)) return applied;
      if (isObject(applied)) return mergeMembers(node, live, applied);
      return applied === null && Object.keys(live).length > 0 ? live : applied;
    default:
      if (!Array.isArray(live)) return applied;
      if (Array.isArray(applied)) return mergeItems(node, live, applied);
      return applied === null && live.length > 0 ? live : applied;
  }
}

function mergeMembers(node: ObjectNode, live: JsonObject, applied: JsonObject): JsonObject {
  const merged = new Map(Object.entries(live));
  for (const [key, value] of Object.entries(applied))
    merged.set(key, mergeNode(node.member(key), merged.get(key), value));
  return Object.fromEntries(merged);
}

/**
 * Items that both lists have come in the applied order, and those of only one list stay where they are between them.
 * An item that the live list has more than once becomes the applied one.
 */
function mergeItems(node: ItemsNode, live: readonly unknown[], applied: readonly unknown[]): unknown[] {
  const keyOf = (item: unknown) => elementOf(node, item);
  const [here, wanted] = [live.map(keyOf), applied.map(keyOf)];
  const known = placesOf(here);
  const isWanted = new Set(wanted);
  const shared = wanted.filter((key) => known.has(key));
  const merged: unknown[] = [];
  let [next, turn] = [0, 0];
  /** Live items before the next shared one; shared ones that come later in the applied order wait for their turn. */
  const takeOwn = () => {
    for (; next < live.length && here[next] !== shared[turn]; next++)
      if (!isWanted.has(here[next]!)) merged.push(live[next]);
  };
  for (const [index, key] of wanted.entries()) {
    takeOwn();
    if (key === shared[turn]) {
      next++;
      turn++;
    }
    const place = known.get(key) ?? REPEATED;
    merged.push(place === REPEATED ? applied[index] : mergeNode(node.item, live[place], applied[index]));
  }
  takeOwn();
  return merged;
}

const REPEATED = -1;

/** Where each key is: lists are as long as their writers like, and are gone through once. */
function placesOf(keys: readonly string[]): ReadonlyMap<string, number> {
  const places = new Map<string, number>();
  for (const [index, key] of keys.entries()) places.set(key, places.has(key) ? REPEATED : index);
  return places;
}
