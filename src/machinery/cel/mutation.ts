/** Types of what expressions make that change objects: parts of an object, and operations of JSON patches. */
import type { FunctionTable } from "./function-table.ts";
import { jsonPatch } from "./library/json-patch.ts";
import { KUBERNETES_FUNCTIONS } from "./library/kubernetes.ts";
import { type ByName, DYN, listOf, objectType, type ObjectType, STRING, type Type } from "./types.ts";
import { CelMap, List, type Value } from "./values.ts";

const OBJECT = "Object";
const PREFIX = `${OBJECT}.`;

/** What stands in a part of an object is held against its schema later. */
const ANY_FIELD: ByName<Type> = { get: () => DYN };

/** A whole object: `Object{spec: Object.spec{...}}`. */
export const WHOLE_OBJECT: ObjectType = objectType(OBJECT, ANY_FIELD);

const OPERATION: ObjectType = objectType(
  "JSONPatch",
  new Map([
    ["op", STRING],
    ["path", STRING],
    ["from", STRING],
    ["value", DYN],
  ]),
);
/** A JSON patch: `[JSONPatch{op: "add", path: "/metadata/labels/a", value: "b"}]`. */
export const PATCH: Type = listOf(OPERATION);

/** The types of literals: `Object`, `Object.spec` and so on, which stand for places in the object. */
export const MUTATION_OBJECTS: ByName<ObjectType> = {
  get(name) {
    if (name === OBJECT) return WHOLE_OBJECT;
    if (name === OPERATION.name) return OPERATION;
    return name.startsWith(PREFIX) ? objectType(name, ANY_FIELD) : undefined;
  },
};

/** Functions that such expressions have. */
export const MUTATION_FUNCTIONS: FunctionTable = new Map([...KUBERNETES_FUNCTIONS, ...jsonPatch.functions]);

/** Parts of a part that do not stand where their names say, in upstream's words; undefined where all do. */
export function misplacedParts(value: Value): string | undefined {
  if (!(value instanceof CelMap) || !isPart(value)) return undefined;
  const problems = [...misplaced(value, value.typeName)];
  return problems.length === 0 ? undefined : problems.join("\n");
}

const isPart = ({ typeName }: CelMap): boolean => typeName === OBJECT || typeName.startsWith(PREFIX);

function* misplaced(value: unknown, path: string): Iterable<string> {
  if (value instanceof List) {
    for (let index = 0; index < value.size; index++) yield* misplaced(value.at(index), path);
  } else if (value instanceof CelMap) {
    const part = isPart(value);
    if (part && value.typeName !== path) {
      yield `unexpected type name ${JSON.stringify(value.typeName)}, expected ${JSON.stringify(path)}, which matches field name path from root Object type`;
    }
    for (const key of value.keys()) yield* misplaced(value.get(key), part ? `${path}.${String(key)}` : path);
  }
}
