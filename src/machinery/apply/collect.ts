import { isObject, type JsonObject } from "../patch/merge-patch.ts";
import { EMPTY, type FieldSet, isEmpty } from "./field-set.ts";
import type { KeyField, MergeNode } from "./merge-node.ts";

/** Names of fields recur all the time; those of schemas are few, so the table is bounded by hand only against strange clients. */
const FIELD_KEYS_MAX = 10_000;
const fieldKeys = new Map<string, string>();

/** `f:replicas`: the element of a field set that stands for a field. */
export function fieldKey(name: string): string {
  let key = fieldKeys.get(name);
  if (key === undefined) {
    key = `f:${name}`;
    if (fieldKeys.size < FIELD_KEYS_MAX) fieldKeys.set(name, key);
  }
  return key;
}

/** `k:{"name":"web"}`: the element of a field set that stands for an item of a keyed list. */
export function itemKey(keys: readonly KeyField[], item: unknown): string {
  let text = "";
  for (const { name, default: otherwise } of keys) {
    const value = (isObject(item) ? item[name] : undefined) ?? otherwise;
    if (value !== undefined) text += `${text === "" ? "" : ","}"${name}":${JSON.stringify(value)}`;
  }
  return `k:{${text}}`;
}

export const valueKey = (value: unknown): string => `v:${JSON.stringify(value)}`;

/**
 * The fields of an object, or of part of one. `parents`: containers count as fields of their own beside what is in
 * them, as they do when an update brings them.
 */
export function fieldsOf(node: MergeNode, value: unknown, parents: boolean): FieldSet {
  const members: Record<string, FieldSet> = parents ? { ".": EMPTY } : {};
  return addMembers(members, node, value, parents) ? members : EMPTY;
}

/** In the order in which the API prints them, so that nothing has to be sorted later. */
function addMembers(
  members: Record<string, FieldSet>,
  node: MergeNode,
  value: unknown,
  parents: boolean,
): boolean {
  let found = false;
  if (node.kind === "object" && isObject(value)) {
    for (const key of Object.keys(value).toSorted()) {
      const member = node.member(key);
      if (member.kind === "ignored") continue;
      members[fieldKey(key)] = fieldsOf(member, value[key], parents);
      found = true;
    }
  } else if (Array.isArray(value)) {
    if (node.kind === "set") for (const item of value) members[valueKey(item)] = EMPTY;
    if (node.kind === "keyed") {
      for (const item of value) {
        const fields: Record<string, FieldSet> = { ".": EMPTY };
        addMembers(fields, node.item, item, parents);
        members[itemKey(node.keys, item)] = fields;
      }
    }
    found = value.length > 0 && (node.kind === "set" || node.kind === "keyed");
  }
  return found;
}

/** The fields of a whole object as its client wrote it. */
export function appliedFields(root: MergeNode, object: JsonObject): FieldSet {
  const { ".": _self, "f:metadata": metadata = EMPTY, ...members } = fieldsOf(root, object, false);
  // Metadata without a label or the like is what every object has: nobody's field.
  return isEmpty(metadata as FieldSet) ? members : { ...members, "f:metadata": metadata };
}
