import { isObject, type JsonObject } from "../patch/merge-patch.ts";
import type { MergeNode } from "./merge-node.ts";

/** Places of a configuration that would take the place of everything that is there: `.spec.selector`, `.spec.args`. */
export const atomicsIn = (root: MergeNode, applied: JsonObject): readonly string[] => [
  ...atomics(root, applied, ""),
];

function* atomics(node: MergeNode, value: unknown, path: string): Iterable<string> {
  const isList = Array.isArray(value);
  if (node.kind === "leaf" && (isList || isObject(value))) yield path;
  else if (isList) {
    if (node.kind !== "keyed") return;
    for (const [index, item] of value.entries()) yield* atomics(node.item, item, `${path}[${index}]`);
  } else if (node.kind === "object" && isObject(value)) {
    for (const [key, member] of Object.entries(value))
      yield* atomics(node.member(key), member, `${path}.${key}`);
  }
}
