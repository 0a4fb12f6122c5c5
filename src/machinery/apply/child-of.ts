import type { MergeNode, ObjectNode } from "./merge-node.ts";

/** Fields of structs by their elements: sets are walked with every write. */
const known = new WeakMap<ObjectNode, Map<string, MergeNode>>();

/** Where an element of a set leads. */
export function childOf(node: MergeNode, element: string): MergeNode | undefined {
  if (node.kind === "keyed") return element.startsWith("k:") ? node.item : undefined;
  if (node.kind !== "object") return undefined;
  let children = known.get(node);
  if (!children) known.set(node, (children = new Map()));
  let child = children.get(element);
  if (child || !element.startsWith("f:")) return child;
  const name = element.slice(2);
  child = node.member(name);
  if (node.isNamed(name)) children.set(element, child);
  return child;
}
