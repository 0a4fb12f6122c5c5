import { isObject, type JsonObject } from "../patch/merge-patch.ts";
import { EMPTY, type FieldSet, withSelf } from "./field-set.ts";
import type { ItemsNode, KeyField, MergeNode, ObjectNode } from "./merge-node.ts";

/**
 * Names of fields recur all the time; those of schemas are few and short, so the table is bounded by hand only against
 * strange clients, whose longest names would fill the memory.
 */
const FIELD_KEYS_MAX = 10_000;
const NAME_LENGTH_MAX = 64;
const fieldKeys = new Map<string, string>();

/** `f:replicas`: the element of a field set that stands for a field. */
export function fieldKey(name: string): string {
  let key = fieldKeys.get(name);
  if (key === undefined) {
    key = `f:${name}`;
    if (name.length <= NAME_LENGTH_MAX && fieldKeys.size < FIELD_KEYS_MAX) fieldKeys.set(name, key);
  }
  return key;
}

/** `k:{"name":"web"}`: the element of a field set that stands for an item of a keyed list. */
export function itemKey(keys: readonly KeyField[], item: unknown): string {
  let text = "";
  for (const { name, default: otherwise } of keys) {
    const own = isObject(item) && Object.hasOwn(item, name) ? item[name] : undefined;
    const value = own === undefined ? otherwise : own;
    if (value !== undefined) text += `${text === "" ? "" : ","}"${name}":${goJson(value)}`;
  }
  return `k:{${text}}`;
}

export const valueKey = (value: unknown): string => `v:${goJson(value)}`;

const ESCAPED = /[<>&\u2028\u2029]/g;

/** JSON as Go writes it: safe inside of a page. Elements are compared as texts, also with those that others wrote. */
function goJson(value: unknown): string {
  const text = JSON.stringify(value);
  if (text.search(ESCAPED) < 0) return text;
  return text.replace(ESCAPED, (one) => `\\u${one.charCodeAt(0).toString(16).padStart(4, "0")}`);
}

/** The element of a field set that stands for an item of a list. */
export const elementOf = (node: ItemsNode, item: unknown): string =>
  node.kind === "keyed" ? itemKey(node.keys, item) : valueKey(item);

/** All that a place holds when it came as a whole: containers count as fields of their own, beside what is in them. */
export const wholeFields = (node: MergeNode, value: unknown): FieldSet =>
  fieldsAt(node, value, true) ?? EMPTY;

/** The fields of a whole object as its client wrote it. */
export function appliedFields(root: ObjectNode, object: JsonObject): FieldSet {
  const { "f:metadata": metadata, ...members } = fieldsAt(root, object, false) ?? EMPTY;
  if (metadata === undefined) return members;
  // Metadata itself is what every object has: nobody's field.
  const { ".": _self, ...inside } = metadata as FieldSet;
  return Object.keys(inside).length === 0 ? members : { ...members, "f:metadata": inside };
}

/** In the order in which the API prints them, so that little has to be sorted later. Undefined: no field is here. */
function fieldsAt(node: MergeNode, value: unknown, parents: boolean): FieldSet | undefined {
  switch (node.kind) {
    case "ignored":
      return undefined;
    case "leaf":
      return EMPTY;
    case "object":
      if (isObject(value)) return memberFields(node, value, parents);
      return node.isFree || parents ? EMPTY : undefined;
    default:
      if (Array.isArray(value)) return itemFields(node, value, parents);
      return parents ? EMPTY : undefined;
  }
}

function memberFields(node: ObjectNode, value: JsonObject, parents: boolean): FieldSet | undefined {
  const members: Record<string, FieldSet> = parents ? { ".": EMPTY } : {};
  let found = false;
  for (const key of Object.keys(value).toSorted()) {
    const member = node.member(key);
    if (member.kind === "ignored") continue;
    const inner = value[key];
    let fields = fieldsAt(member, inner, parents);
    if (!parents && (isNothing(inner) || !node.isNamed(key))) fields = withSelf(fields);
    if (fields === undefined) continue;
    members[fieldKey(key)] = fields;
    found = true;
  }
  if (found) return members;
  return parents ? EMPTY : undefined;
}

function isNothing(value: unknown): boolean {
  return value === null || (isObject(value) && Object.keys(value).length === 0);
}

function itemFields(node: ItemsNode, items: readonly unknown[], parents: boolean): FieldSet | undefined {
  if (items.length === 0) return parents ? EMPTY : undefined;
  const members: Record<string, FieldSet> = parents ? { ".": EMPTY } : {};
  for (const item of items) {
    const key = elementOf(node, item);
    // What is there twice is owned as one.
    members[key] =
      node.kind === "set" || Object.hasOwn(members, key)
        ? EMPTY
        : withSelf(fieldsAt(node.item, item, parents));
  }
  return members;
}
