/** Types of what the API's own structs describe. */
import { membersOf, type Resolved, resolve } from "../derive/shape.ts";
import type { ScalarName, Struct } from "../schema.ts";
import { declare } from "./declaration.ts";
import { escapeName } from "./escape.ts";
import {
  BOOL,
  type ByName,
  BYTES,
  DOUBLE,
  DYN,
  INT,
  listOf,
  mapOf,
  objectType,
  type ObjectType,
  STRING,
  TIMESTAMP,
  type Type,
} from "./types.ts";

const SCALARS: Readonly<Record<ScalarName, Type>> = {
  string: STRING,
  bool: BOOL,
  int32: INT,
  int64: INT,
  uint32: INT,
  uint64: INT,
  bigint64: INT,
  double: DOUBLE,
  bytes: BYTES,
  rawBytes: BYTES,
  // A number or a text, or whatever: nothing is known before it is there.
  quantity: DYN,
  intOrString: DYN,
  json: DYN,
  time: TIMESTAMP,
  microTime: TIMESTAMP,
  duration: STRING,
};

const known = new WeakMap<Struct, ObjectType>();

/** Its fields are looked into when they are asked for, since a struct may hold itself. */
export function typeOfStruct(struct: Struct): ObjectType {
  let type = known.get(struct);
  if (!type) {
    type = objectType(struct.name, new Members(struct));
    known.set(struct, type);
  }
  return type;
}

class Members implements ByName<Type> {
  readonly #struct: Struct;
  #types: ReadonlyMap<string, Type> | undefined;

  constructor(struct: Struct) {
    this.#struct = struct;
  }

  get(name: string): Type | undefined {
    this.#types ??= typesOf(this.#struct);
    return this.#types.get(name);
  }
}

function typesOf(struct: Struct): ReadonlyMap<string, Type> {
  const types = new Map<string, Type>();
  const custom = struct.rules.structural && declare(struct.rules.structural)?.fields;
  for (const [name, { type }] of custom ?? []) types.set(name, type);
  for (const { name, type } of membersOf(struct)) {
    const written = escapeName(name);
    // Members of custom kinds are JSON that their schema has described.
    if (written !== undefined && !(custom && type.kind === "scalar" && type.name === "json"))
      types.set(written, typeOf(type));
  }
  return types;
}

function typeOf(type: Resolved): Type {
  switch (type.kind) {
    case "scalar":
      return SCALARS[type.name];
    case "list":
      return listOf(typeOf(resolve(type.item)));
    case "map":
      return mapOf(STRING, typeOf(resolve(type.value)));
    case "struct":
      return type.rules.json || type.rules.preserveUnknown ? DYN : typeOfStruct(type);
  }
}
