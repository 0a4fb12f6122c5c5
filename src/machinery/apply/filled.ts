import { isObject } from "../patch/merge-patch.ts";
import { childOf } from "./child-of.ts";
import { elementOf } from "./collect.ts";
import { type FieldSet, isEmpty } from "./field-set.ts";
import type { MergeNode } from "./merge-node.ts";

/** Was a container applied with nothing in it that has something now? That is not the applier's. */
export function hasFilled(node: MergeNode, set: FieldSet, value: unknown): boolean {
  for (const key in set) {
    const child = key === "." ? undefined : childOf(node, key);
    if (!child || child.kind === "leaf") continue;
    const inner = set[key] as FieldSet;
    if (isEmpty(inner)) {
      if (child.kind !== "object") continue;
      const container = valueAt(node, key, value);
      if (isObject(container) && !isEmpty(container)) return true;
    } else if (holdsBare(child, inner) && hasFilled(child, inner, valueAt(node, key, value))) return true;
  }
  return false;
}

/** Without looking at the object: most sets have no such container. */
function holdsBare(node: MergeNode, set: FieldSet): boolean {
  for (const key in set) {
    const child = key === "." ? undefined : childOf(node, key);
    if (!child || child.kind === "leaf") continue;
    const inner = set[key] as FieldSet;
    if (isEmpty(inner) ? child.kind === "object" : holdsBare(child, inner)) return true;
  }
  return false;
}

function valueAt(node: MergeNode, element: string, value: unknown): unknown {
  if (node.kind === "keyed" && Array.isArray(value))
    return value.find((item) => elementOf(node, item) === element);
  return isObject(value) ? value[element.slice(2)] : undefined;
}
