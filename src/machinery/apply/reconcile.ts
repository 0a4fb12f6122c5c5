import { childOf } from "./child-of.ts";
import { EMPTY, type FieldSet, isEmpty } from "./field-set.ts";
import type { MergeNode, ObjectNode } from "./merge-node.ts";

/**
 * The fields as the schema has them now: who owns part of something that has become one value since owns all of it.
 * The set itself where that is nowhere so.
 */
export const asInSchema = (root: ObjectNode, set: FieldSet): FieldSet => reconciled(root, set);

function reconciled(node: MergeNode, set: FieldSet): FieldSet {
  const isWhole = node.kind === "leaf" && (node.of === "list" || node.of === "members" || node.of === "any");
  let changed: Record<string, FieldSet> | undefined;
  for (const key in set) {
    if (isWhole) return EMPTY;
    const inner = set[key] as FieldSet;
    if (key === "." || isEmpty(inner) || isUnknown(node, key)) continue;
    const child = childOf(node, key);
    const fields = child ? reconciled(child, inner) : inner;
    if (fields !== inner) (changed ??= {})[key] = fields;
  }
  return changed ? { ...set, ...changed } : set;
}

/** What the schema no longer has stays owned as it was. */
const isUnknown = (node: MergeNode, element: string): boolean =>
  node.kind === "object" && !node.allows(element.slice(2));
