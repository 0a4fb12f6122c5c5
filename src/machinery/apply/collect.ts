import { isObject, type JsonObject } from "../patch/merge-patch.ts";
import { EMPTY, type FieldSet, isEmpty } from "./field-set.ts";
import type { KeyField, MergeNode } from "./merge-node.ts";

/** `k:{"name":"web"}`: the element of a field set that stands for an item of a keyed list. */
export function itemKey(keys: readonly KeyField[], item: unknown): string {
  const parts = keys.flatMap(({ name, default: otherwise }): [string, unknown][] => {
    const value = (isObject(item) ? item[name] : undefined) ?? otherwise;
    return value === undefined ? [] : [[name, value]];
  });
  return `k:${JSON.stringify(Object.fromEntries(parts))}`;
}

export const valueKey = (value: unknown): string => `v:${JSON.stringify(value)}`;

/**
 * The fields of an object, or of part of one. `parents`: containers count as fields of their own beside what is in
 * them, as they do when an update brings them.
 */
export function fieldsOf(node: MergeNode, value: unknown, parents: boolean): FieldSet {
  const members = membersOf(node, value, parents);
  if (members.length === 0) return EMPTY;
  return Object.fromEntries(parents ? [[".", EMPTY], ...members] : members);
}

function membersOf(node: MergeNode, value: unknown, parents: boolean): [string, FieldSet][] {
  if (node.kind === "object" && isObject(value)) {
    return Object.entries(value).flatMap(([key, inner]): [string, FieldSet][] => {
      const member = node.member(key);
      return member.kind === "ignored" ? [] : [[`f:${key}`, fieldsOf(member, inner, parents)]];
    });
  }
  if (!Array.isArray(value)) return [];
  if (node.kind === "set") return value.map((item): [string, FieldSet] => [valueKey(item), EMPTY]);
  if (node.kind !== "keyed") return [];
  return value.map((item): [string, FieldSet] => [
    itemKey(node.keys, item),
    { ".": EMPTY, ...fieldsOf(node.item, item, parents) },
  ]);
}

/** The fields of a whole object as its client wrote it. */
export function appliedFields(root: MergeNode, object: JsonObject): FieldSet {
  const { ".": _self, "f:metadata": metadata = EMPTY, ...members } = fieldsOf(root, object, false);
  // Metadata without a label or the like is what every object has: nobody's field.
  return isEmpty(metadata as FieldSet) ? members : { ...members, "f:metadata": metadata };
}
