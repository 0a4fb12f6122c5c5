import { stringifyJson } from "#machinery/json";
import type { FieldFacts, Struct, Type } from "#machinery/schema";
import { badRequest } from "#machinery/status";
import { isObject, type JsonObject } from "./merge-patch.ts";

const DIRECTIVE = "$patch";
const RETAIN_KEYS = "$retainKeys";
const DELETE_FROM = "$deleteFromPrimitiveList/";
const ELEMENT_ORDER = "$setElementOrder/";

/**
 * Strategic merge patch: as a merge patch, but lists that the schema says to merge are merged item by item, and
 * `$patch`, `$retainKeys`, `$deleteFromPrimitiveList/x` and `$setElementOrder/x` steer it. Without an order of its own, a
 * merged list takes that of the patch: new items stand before those that the patch does not name. The document stays as it is.
 * Throws BadRequest for directives that make no sense.
 */
export function applyStrategicMerge(schema: Struct, document: JsonObject, patch: JsonObject): JsonObject {
  return mergeObject(schema, document, patch);
}

function mergeObject(type: Type | undefined, document: JsonObject, patch: JsonObject): JsonObject {
  const directive = patch[DIRECTIVE];
  if (directive === "replace") return withoutDirectives(patch);
  if (directive === "delete") return {};
  if (directive !== undefined && directive !== "merge")
    throw badRequest(`Unknown patch type found: ${shown(directive)}`);

  const merged = new Map(Object.entries(retain(document, patch)));
  deleteFromLists(merged, patch);
  for (const [key, change] of Object.entries(patch)) {
    if (key.startsWith("$")) continue;
    if (change === null) merged.delete(key);
    else
      merged.set(key, mergeField(memberOf(type, key), merged.get(key), change, patch[ELEMENT_ORDER + key]));
  }
  orderUntouchedLists(type, merged, patch);
  return Object.fromEntries(merged);
}

/** Whatever a client has put where a word should be. */
const shown = (value: unknown): string => (typeof value === "string" ? value : stringifyJson(value));

/** `$retainKeys`: what it does not name goes. */
function retain(document: JsonObject, patch: JsonObject): JsonObject {
  const keys = patch[RETAIN_KEYS];
  if (keys === undefined) return document;
  if (!Array.isArray(keys)) throw badRequest(`invalid value for ${RETAIN_KEYS}: it is a list of field names`);
  const kept = new Set(keys);
  for (const [key, change] of Object.entries(patch)) {
    if (!key.startsWith("$") && change !== null && !kept.has(key)) {
      throw badRequest(`${RETAIN_KEYS} does not hold all keys present in the patch: ${key}`);
    }
  }
  return Object.fromEntries(Object.entries(document).filter(([key]) => kept.has(key)));
}

function deleteFromLists(merged: Map<string, unknown>, patch: JsonObject): void {
  for (const [directive, removed] of Object.entries(patch)) {
    if (!directive.startsWith(DELETE_FROM)) continue;
    const key = directive.slice(DELETE_FROM.length);
    const list = merged.get(key);
    if (!Array.isArray(removed)) throw badRequest(`invalid value for ${directive}: it is a list`);
    if (Array.isArray(list)) merged.set(key, without(list, removed));
  }
}

/** A list may be put in order though nothing in it changes. */
function orderUntouchedLists(type: Type | undefined, merged: Map<string, unknown>, patch: JsonObject): void {
  for (const [directive, order] of Object.entries(patch)) {
    if (!directive.startsWith(ELEMENT_ORDER)) continue;
    const key = directive.slice(ELEMENT_ORDER.length);
    const list = merged.get(key);
    if (key in patch || !Array.isArray(list) || !Array.isArray(order)) continue;
    merged.set(key, inOrder(list, order, list, memberOf(type, key)?.facts?.merge.patchKey));
  }
}

/** What the schema says of one member of an object. */
export interface Member {
  readonly type: Type;
  readonly facts?: FieldFacts;
}

/** Undefined for members that the schema does not know. */
export function memberOf(type: Type | undefined, key: string): Member | undefined {
  if (type?.kind === "lazy") return memberOf(type.struct(), key);
  if (type?.kind === "map") return { type: type.value };
  if (type?.kind !== "struct") return undefined;
  const facts = Object.hasOwn(type.fields, key) ? type.fields[key] : undefined;
  if (facts && !facts.inline) return { type: facts.type, facts };
  for (const inlined of Object.values(type.fields)) {
    const found = inlined.inline ? memberOf(inlined.type, key) : undefined;
    if (found) return found;
  }
  return undefined;
}

function mergeField(member: Member | undefined, document: unknown, patch: unknown, order: unknown): unknown {
  const strategies = member?.facts?.merge.patch ?? [];
  if (isObject(patch)) {
    if (strategies.includes("replace") || !isObject(document)) return withoutDirectives(patch);
    return mergeObject(member?.type, document, patch);
  }
  if (!Array.isArray(patch) || member?.type.kind !== "list" || !strategies.includes("merge")) return patch;
  return mergeList(
    member.type.item,
    member.facts?.merge.patchKey,
    Array.isArray(document) ? document : [],
    patch,
    order,
  );
}

function mergeList(
  item: Type,
  key: string | undefined,
  document: readonly unknown[],
  patch: readonly unknown[],
  order: unknown,
): readonly unknown[] {
  if (key === undefined) {
    const merged = [...document, ...without(patch, document)];
    return inOrder(merged, Array.isArray(order) ? order : patch, document, undefined);
  }
  const objects = patch.map((value) => {
    if (isObject(value)) return value;
    throw badRequest(`expected an object with the key ${key} in a merged list`);
  });
  if (objects.some((value) => value[DIRECTIVE] === "replace")) {
    return objects.filter((value) => value[DIRECTIVE] !== "replace").map(withoutDirectives);
  }
  const merged = mergeItems(item, key, document, objects);
  const written = objects.filter((value) => value[DIRECTIVE] === undefined);
  return inOrder(merged, Array.isArray(order) ? order : written, document, key);
}

/** Equal for what is equal as JSON: the order of members does not count. Lists are long, so items are found by it. */
function identityOf(value: unknown): string {
  if (value === null || typeof value !== "object") return `${typeof value} ${String(value)}`;
  if (Array.isArray(value)) return `[${value.map(identityOf).join(",")}]`;
  const members = Object.entries(value).map(
    ([key, member]) => `${JSON.stringify(key)}:${identityOf(member)}`,
  );
  return `{${members.toSorted().join(",")}}`;
}

function without(list: readonly unknown[], gone: readonly unknown[]): unknown[] {
  const identities = new Set(gone.map(identityOf));
  return list.filter((item) => !identities.has(identityOf(item)));
}

const DELETED = Symbol("deleted");

function mergeItems(
  item: Type,
  key: string,
  document: readonly unknown[],
  changes: readonly JsonObject[],
): readonly unknown[] {
  const list = [...document];
  const places = new Map<string, number[]>();
  const remember = (identity: string, place: number) => {
    const known = places.get(identity);
    if (known) known.push(place);
    else places.set(identity, [place]);
  };
  for (const [place, old] of list.entries()) if (isObject(old)) remember(identityOf(old[key]), place);
  for (const change of changes) {
    if (!(key in change))
      throw badRequest(`map: ${JSON.stringify(change)} does not contain declared merge key: ${key}`);
    const identity = identityOf(change[key]);
    const known = places.get(identity) ?? [];
    if (change[DIRECTIVE] === "delete") {
      for (const place of known) list[place] = DELETED;
      places.delete(identity);
    } else if (known.length === 0) {
      remember(identity, list.length);
      list.push(withoutDirectives(change));
    } else {
      list[known[0]!] = mergeObject(item, list[known[0]!] as JsonObject, change);
    }
  }
  return list.filter((value) => value !== DELETED);
}

/** Where each identity stands first. */
function firstPlaces(identities: readonly string[]): ReadonlyMap<string, number> {
  const places = new Map<string, number>();
  for (const [place, identity] of identities.entries())
    if (!places.has(identity)) places.set(identity, place);
  return places;
}

/**
 * Items named by `order` take its order; the others keep their place among them by where the document had both.
 */
function inOrder(
  list: readonly unknown[],
  order: readonly unknown[],
  document: readonly unknown[],
  key: string | undefined,
): readonly unknown[] {
  const idOf = (value: unknown): string =>
    identityOf(key !== undefined && isObject(value) ? value[key] : value);
  const ranks = firstPlaces(order.map(idOf));
  const before = firstPlaces(document.map(idOf));
  const items = list.map((value) => {
    const identity = idOf(value);
    return { value, rank: ranks.get(identity), before: before.get(identity) };
  });
  const named = items
    .filter(({ rank }) => rank !== undefined)
    .toSorted((one, other) => one.rank! - other.rank!);
  const others = items.filter(({ rank }) => rank === undefined);
  const merged: unknown[] = [];
  let next = 0;
  for (const item of named) {
    for (; next < others.length; next++) {
      const other = others[next]!;
      if (item.before === undefined || other.before === undefined || other.before > item.before) break;
      merged.push(other.value);
    }
    merged.push(item.value);
  }
  return [...merged, ...others.slice(next).map(({ value }) => value)];
}

/** The patch as a value of its own: directives and nulls mean nothing where there was nothing before. */
function withoutDirectives(patch: JsonObject): JsonObject {
  const members = Object.entries(patch).flatMap(([key, value]): [string, unknown][] =>
    key.startsWith("$") || value === null ? [] : [[key, plain(value)]],
  );
  return Object.fromEntries(members);
}

function plain(value: unknown): unknown {
  if (isObject(value)) return withoutDirectives(value);
  if (!Array.isArray(value)) return value;
  return value.filter((item) => !isObject(item) || item[DIRECTIVE] !== "delete").map(plain);
}
