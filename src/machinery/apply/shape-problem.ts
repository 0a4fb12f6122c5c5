/** Does a configuration have the shape of its kind? */
import { isObject, type JsonObject } from "../patch/merge-patch.ts";
import { toldTexts } from "../told.ts";
import { elementOf } from "./collect.ts";
import { elementText } from "./element.ts";
import { goSyntax, goType, plain } from "./go-text.ts";
import type { ItemsNode, Leaf, MergeNode, ObjectNode } from "./merge-node.ts";

/** What is wrong, one text for all; undefined when nothing is. `root` has also what nobody owns. */
export function shapeProblem(root: ObjectNode, configuration: JsonObject): string | undefined {
  const problems = toldTexts(problemsAt(root, configuration, ""));
  if (problems.length <= 1) return problems[0];
  return ["errors:", ...problems.map((problem) => `  ${problem}`)].join("\n");
}

function* problemsAt(node: MergeNode, value: unknown, path: string): Iterable<string> {
  // Null says that a field is there and has no value, which any field may have.
  if (value === null) return;
  switch (node.kind) {
    case "ignored":
      return;
    case "leaf":
      yield* leafProblems(node, value, path);
      return;
    case "object":
      if (isObject(value)) yield* memberProblems(node, value, path);
      else if (!node.isFree) yield `${path}: expected map, got ${plain(value)}`;
      return;
    default:
      if (Array.isArray(value)) yield* itemProblems(node, value, path);
      else yield `${path}: expected list, got ${plain(value)}`;
  }
}

function* leafProblems(node: Leaf, value: unknown, path: string): Iterable<string> {
  switch (node.of) {
    case "any":
      return;
    case "text":
      if (typeof value !== "string")
        yield `${path}: expected string, got &value.valueUnstructured{Value:${goSyntax(value)}}`;
      return;
    case "number":
      if (typeof value !== "number" && typeof value !== "bigint")
        yield `${path}: expected numeric (int or float), got ${goType(value)}`;
      return;
    case "flag":
      if (typeof value !== "boolean") yield `${path}: expected boolean, got ${plain(value)}`;
      return;
    case "members":
      yield* problemsAt(node.inside, value, path);
      return;
    default:
      if (!Array.isArray(value)) yield `${path}: expected list, got ${plain(value)}`;
      else for (const [at, item] of value.entries()) yield* problemsAt(node.item, item, `${path}[${at}]`);
  }
}

/** Says of one unknown member only, as the API does. */
function* memberProblems(node: ObjectNode, value: JsonObject, path: string): Iterable<string> {
  for (const key of Object.keys(value).toSorted()) {
    if (!node.allows(key)) {
      yield `${path}.${key}: field not declared in schema`;
      return;
    }
    yield* problemsAt(node.member(key), value[key], `${path}.${key}`);
  }
}

/** An item that has no place in the list ends the search: what follows cannot be named. */
function* itemProblems(node: ItemsNode, items: readonly unknown[], path: string): Iterable<string> {
  const seen = new Set<string>();
  for (const [at, item] of items.entries()) {
    const problem = placeProblem(node, item);
    if (problem) {
      yield `${path}: element ${at}: ${problem}`;
      return;
    }
    const element = elementOf(node, item);
    if (seen.has(element)) yield `${path}: duplicate entries for key ${elementText(element)}`;
    seen.add(element);
    yield* problemsAt(node.item, item, path + elementText(element));
  }
}

function placeProblem(node: ItemsNode, item: unknown): string | undefined {
  if (node.kind === "set") {
    if (item === null) return "associative list without keys has an element that's an explicit null";
    if (Array.isArray(item)) return "not supported: associative list with lists as elements";
    return isObject(item) ? "associative list without keys has an element that's a map type" : undefined;
  }
  if (item === null) return "associative list with keys may not have a null element";
  if (!isObject(item)) return "associative list with keys may not have non-map elements";
  const missing = node.keys.find((key) => !Object.hasOwn(item, key.name) && key.default === undefined);
  return missing === undefined
    ? undefined
    : `associative list with keys has an element that omits key field ${JSON.stringify(missing.name)} (and doesn't have default value)`;
}
