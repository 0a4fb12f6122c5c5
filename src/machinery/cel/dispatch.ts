/** Picks the overload for the values at hand. */
import type { Overload } from "./function-table.ts";
import type { Type } from "./types.ts";
import {
  CelError,
  CelMap,
  Duration,
  isError,
  List,
  noSuchOverload,
  Opaque,
  Optional,
  type Result,
  Timestamp,
  TypeValue,
  UInt,
  type Value,
} from "./values.ts";

/** Is the value of this type, as far as one look at it tells? */
export function fits(type: Type, value: Value): boolean {
  switch (type.kind) {
    case "int":
      return typeof value === "bigint";
    case "string":
      return typeof value === "string";
    case "double":
      return typeof value === "number";
    case "bool":
      return typeof value === "boolean";
    case "null":
      return value === null;
    case "uint":
      return value instanceof UInt;
    case "bytes":
      return value instanceof Uint8Array;
    case "list":
      return value instanceof List && fitsElements(type.element, value);
    case "map":
    case "object":
      return value instanceof CelMap;
    case "timestamp":
      return value instanceof Timestamp;
    case "duration":
      return value instanceof Duration;
    case "type":
      return value instanceof TypeValue;
    case "opaque":
      return type.name === "optional_type"
        ? value instanceof Optional
        : value instanceof Opaque && value.typeName === type.name;
    default:
      return true;
  }
}

/** By the first element: overloads differ by it only where lists are of one type. */
function fitsElements(type: Type, list: List): boolean {
  if (list.size === 0 || type.kind === "parameter" || type.kind === "dyn") return true;
  const first = list.at(0);
  return !isError(first) && fits(type, first);
}

/** Is the type known well enough that no look at the value is needed? */
export const isCertain = (type: Type | undefined): boolean =>
  type !== undefined && !["dyn", "error", "parameter", "list", "map", "opaque", "object"].includes(type.kind);

export function pick(overloads: readonly Overload[], args: readonly Value[]): Overload | undefined {
  return overloads.find(
    ({ parameters }) =>
      parameters.length === args.length && parameters.every((type, index) => fits(type, args[index]!)),
  );
}

/** Calls it; an error that it throws is its result. */
export function invoke(overload: Overload | undefined, args: readonly Value[]): Result {
  if (!overload) return noSuchOverload;
  try {
    return overload.call(...(args as readonly never[]));
  } catch (error) {
    if (error instanceof CelError) return error;
    throw error;
  }
}
