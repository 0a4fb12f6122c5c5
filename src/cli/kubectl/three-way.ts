import type { Type } from "#machinery/schema";
import { sameJson } from "#machinery/same-json";
import { memberOf } from "#machinery/patch/strategic-merge";
import { isJson, type Json } from "./objects.ts";

/**
 * The patch that `apply` sends: what the new file says and the object has not, and what the file of last time said
 * and the new one leaves out. Everything else in the object is somebody else's and stays. With the kind's schema it
 * is a strategic merge patch; with undefined, as for custom kinds, a JSON merge patch. Empty: nothing to do.
 */
export function threeWayPatch(type: Type | undefined, original: Json, modified: Json, current: Json): Json {
  const patch: Record<string, unknown> = {};
  for (const [key, wanted] of Object.entries(modified)) {
    const change = memberPatch(type, key, original[key], wanted, current[key]);
    if (change === undefined) continue;
    if ("order" in change) patch[`$setElementOrder/${key}`] = change.order;
    if ("removed" in change) patch[`$deleteFromPrimitiveList/${key}`] = change.removed;
    if ("value" in change) patch[key] = change.value;
  }
  for (const key of Object.keys(original)) {
    if (!Object.hasOwn(modified, key) && Object.hasOwn(current, key)) patch[key] = null;
  }
  return patch;
}

/** What a patch says of one member; undefined when it says nothing. */
interface MemberPatch {
  readonly value?: unknown;
  /** `$setElementOrder` */
  readonly order?: readonly unknown[];
  /** `$deleteFromPrimitiveList` */
  readonly removed?: readonly unknown[];
}

function memberPatch(
  type: Type | undefined,
  key: string,
  original: unknown,
  wanted: unknown,
  current: unknown,
): MemberPatch | undefined {
  if (wanted === null) return current === undefined || current === null ? undefined : { value: null };
  if (current === undefined || current === null) return { value: wanted };
  const member = memberOf(type, key);
  const strategies = member?.facts?.merge.patch ?? [];
  if (isJson(wanted) && isJson(current)) {
    if (strategies.includes("replace")) return sameJson(wanted, current) ? undefined : { value: wanted };
    const change = threeWayPatch(member?.type, isJson(original) ? original : {}, wanted, current);
    if (isEmpty(change)) return undefined;
    return { value: strategies.includes("retainKeys") ? retaining(change, wanted) : change };
  }
  if (
    Array.isArray(wanted) &&
    Array.isArray(current) &&
    member?.type.kind === "list" &&
    strategies.includes("merge")
  ) {
    const before = Array.isArray(original) ? original : [];
    const mergeKey = member.facts?.merge.patchKey;
    if (mergeKey === undefined) return scalarsPatch(before, wanted, current);
    const retains = strategies.includes("retainKeys");
    return itemsPatch({ item: member.type.item, mergeKey, retains }, before, wanted, current);
  }
  return sameJson(wanted, current) ? undefined : { value: wanted };
}

const retaining = (change: Json, wanted: Json): Json => ({
  $retainKeys: Object.keys(wanted)
    .filter((key) => wanted[key] !== null)
    .toSorted(),
  ...change,
});

/** A merged list of texts or numbers. */
function scalarsPatch(
  original: readonly unknown[],
  wanted: readonly unknown[],
  current: readonly unknown[],
): MemberPatch | undefined {
  const added = wanted.filter((value) => !current.includes(value));
  const removed = original.filter((value) => !wanted.includes(value) && current.includes(value));
  if (added.length === 0 && removed.length === 0 && inSameOrder(wanted, current)) return undefined;
  return {
    order: wanted,
    ...(removed.length === 0 ? {} : { removed }),
    ...(added.length === 0 ? {} : { value: added }),
  };
}

/** A merged list of objects that are known by one of their members. */
function itemsPatch(
  { item, mergeKey, retains }: { readonly item: Type; readonly mergeKey: string; readonly retains: boolean },
  original: readonly unknown[],
  wanted: readonly unknown[],
  current: readonly unknown[],
): MemberPatch | undefined {
  const keyOf = (value: unknown): unknown => (isJson(value) ? value[mergeKey] : undefined);
  const find = (list: readonly unknown[], key: unknown) =>
    list.find((each) => keyOf(each) === key) as Json | undefined;
  const changes: Json[] = [];
  for (const each of wanted) {
    const key = keyOf(each);
    if (key === undefined) throw new Error(`an item has no ${mergeKey}, which its list is merged by`);
    const has = find(current, key);
    if (!has) changes.push(each as Json);
    else {
      const change = threeWayPatch(item, find(original, key) ?? {}, each as Json, has);
      if (!isEmpty(change))
        changes.push({ ...(retains ? retaining(change, each as Json) : change), [mergeKey]: key });
    }
  }
  const wantedKeys = wanted.map(keyOf);
  const currentKeys = current.map(keyOf);
  for (const key of original.map(keyOf)) {
    if (!wantedKeys.includes(key) && currentKeys.includes(key))
      changes.push({ $patch: "delete", [mergeKey]: key });
  }
  if (changes.length === 0 && inSameOrder(wantedKeys, currentKeys)) return undefined;
  return {
    order: wantedKeys.map((key) => ({ [mergeKey]: key })),
    ...(changes.length === 0 ? {} : { value: changes }),
  };
}

/** Do those of `wanted` stand in `current` in the order that is wanted? */
function inSameOrder(wanted: readonly unknown[], current: readonly unknown[]): boolean {
  const kept = current.filter((value) => wanted.includes(value));
  return kept.every((value, at) => value === wanted[at]);
}

export const isEmpty = (patch: Json): boolean => Object.keys(patch).length === 0;
