/** What an expression may mention. */
import type { FunctionTable } from "./function-table.ts";
import {
  BOOL,
  type ByName,
  BYTES,
  DOUBLE,
  DURATION,
  DYN,
  INT,
  listOf,
  mapOf,
  NULL,
  type ObjectType,
  STRING,
  TIMESTAMP,
  type Type,
  typeOf,
  UINT,
} from "./types.ts";
import { TypeValue } from "./values.ts";

export interface Environment {
  readonly functions: FunctionTable;
  readonly variables: ReadonlyMap<string, Type>;
  /** Types that `Name{...}` can make. */
  readonly objects?: ByName<ObjectType>;
  /** Types that expressions can name, beside the language's own. */
  readonly types?: ReadonlyMap<string, Type>;
  /** The namespace in which names are looked up first. */
  readonly container?: string;
  /** Elements of literals must be of one type; times, spans and patterns written as literals must be readable. */
  readonly strict?: boolean;
  /** Whether types are checked before evaluation; `false` leaves all to run time. */
  readonly checked?: boolean;
}

/** The language's own types, by the names that expressions use. */
const TYPES: ReadonlyMap<string, Type> = new Map([
  ["int", INT],
  ["uint", UINT],
  ["double", DOUBLE],
  ["bool", BOOL],
  ["string", STRING],
  ["bytes", BYTES],
  ["list", listOf(DYN)],
  ["map", mapOf(DYN, DYN)],
  ["null_type", NULL],
  ["type", typeOf(undefined)],
  ["google.protobuf.Duration", DURATION],
  ["google.protobuf.Timestamp", TIMESTAMP],
  ["optional_type", { kind: "opaque", name: "optional_type", parameters: [DYN] }],
]);

/** The type that a name stands for in an expression. */
export function typeNamed(
  environment: Environment,
  name: string,
): { type: Type; value: TypeValue } | undefined {
  const type = TYPES.get(name) ?? environment.types?.get(name) ?? environment.objects?.get(name);
  return type && { type: typeOf(type), value: new TypeValue(name) };
}

/** The names that `name` may mean, innermost namespace first; a leading dot means the name as it stands. */
export function candidates(container: string, name: string): readonly string[] {
  if (name.startsWith(".")) return [name.slice(1)];
  const found: string[] = [];
  let prefix = container;
  while (prefix !== "") {
    found.push(`${prefix}.${name}`);
    prefix = prefix.slice(0, Math.max(prefix.lastIndexOf("."), 0));
  }
  found.push(name);
  return found;
}
