/** The operators at run time: what they answer and what that costs, by the values they get. */
import { add, divide, multiply, negate, remainder, subtract } from "./arithmetic.ts";
import { compare, equal } from "./equality.ts";
import { PER_CHARACTER, pricedSize } from "./pricing.ts";
import {
  CelError,
  CelMap,
  isError,
  keyOf,
  List,
  noSuchOverload,
  Optional,
  type Result,
  UInt,
  type Value,
} from "./values.ts";

export interface BinaryOperator {
  readonly apply: (a: Value, b: Value) => Result;
  readonly cost: (a: Value, b: Value) => number;
}

const one = (): number => 1;

function comparisonCost(a: Value, b: Value): number {
  if (typeof a === "bigint" || typeof b === "bigint" || typeof a === "boolean") return 1;
  return Math.ceil(Math.min(pricedSize(a), pricedSize(b)) * PER_CHARACTER);
}

function orderCost(a: Value, b: Value): number {
  const texts = typeof a === "string" || a instanceof Uint8Array;
  return texts ? comparisonCost(a, b) : 1;
}

function additionCost(a: Value, b: Value): number {
  const texts = typeof a === "string" || a instanceof Uint8Array;
  return texts ? Math.ceil((pricedSize(a) + pricedSize(b)) * PER_CHARACTER) : 1;
}

const ordered =
  (accepts: (order: number) => boolean) =>
  (a: Value, b: Value): Result => {
    const order = compare(a, b);
    return order === undefined ? noSuchOverload : accepts(order);
  };

function contains(item: Value, range: Value): Result {
  if (range instanceof CelMap) return range.has(item);
  if (!(range instanceof List)) return noSuchOverload;
  let failed: CelError | undefined;
  for (let index = 0; index < range.size; index += 1) {
    const each = range.at(index);
    if (isError(each)) failed ??= each;
    else if (equal(item, each)) return true;
  }
  return failed ?? false;
}

export const BINARY: ReadonlyMap<string, BinaryOperator> = new Map([
  ["_+_", { apply: add, cost: additionCost }],
  ["_-_", { apply: subtract, cost: one }],
  ["_*_", { apply: multiply, cost: one }],
  ["_/_", { apply: divide, cost: one }],
  ["_%_", { apply: remainder, cost: one }],
  ["_==_", { apply: equal, cost: comparisonCost }],
  ["_!=_", { apply: (a: Value, b: Value) => !equal(a, b), cost: comparisonCost }],
  ["_<_", { apply: ordered((order) => order < 0), cost: orderCost }],
  ["_<=_", { apply: ordered((order) => order <= 0), cost: orderCost }],
  ["_>_", { apply: ordered((order) => order > 0), cost: orderCost }],
  ["_>=_", { apply: ordered((order) => order >= 0), cost: orderCost }],
  [
    "@in",
    { apply: contains, cost: (_item: Value, range: Value) => (range instanceof List ? range.size : 1) },
  ],
]);

export const UNARY: ReadonlyMap<string, (value: Value) => Result> = new Map<string, (value: Value) => Result>(
  [
    ["!_", (value: Value) => (typeof value === "boolean" ? !value : noSuchOverload)],
    ["-_", negate],
  ],
);

const noSuchKey = (key: Value): CelError => new CelError(`no such key: ${printKey(key)}`);

const printKey = (key: Value): string => {
  if (key instanceof UInt) return `${key.value}`;
  return typeof key === "object" ? "?" : String(key);
};

/** What stands under the key; it may be null. */
const found = (value: Result | undefined, key: Value): Result =>
  value === undefined ? noSuchKey(key) : value;

/** `value.field`. */
export function select(value: Value, field: string): Result {
  if (value instanceof CelMap) return found(value.get(field), field);
  if (value instanceof Optional) return selectOptional(value, field);
  return noSuchOverload;
}

/** `value.?field`: none where the field is missing. */
export function selectOptional(value: Value, field: string): Result {
  const held = value instanceof Optional ? value.value : value;
  if (held === undefined) return Optional.none;
  if (!(held instanceof CelMap)) return noSuchOverload;
  return optionally(held.get(field));
}

function optionally(found: Result | undefined): Result {
  if (found === undefined) return Optional.none;
  return isError(found) || found instanceof Optional ? found : new Optional(found);
}

export function hasField(value: Value, field: string): Result {
  const held = value instanceof Optional ? value.value : value;
  if (held === undefined) return false;
  return held instanceof CelMap ? held.has(field) : noSuchOverload;
}

/** `value[index]`. */
export function at(value: Value, index: Value): Result {
  if (value instanceof List) {
    const position = positionOf(index);
    if (position === undefined) return invalidIndex(index);
    return position >= 0 && position < value.size
      ? value.at(position)
      : new CelError(`index out of bounds: ${position}`);
  }
  if (value instanceof CelMap)
    return keyOf(index) === undefined ? invalidKey(index) : found(value.get(index), index);
  return value instanceof Optional ? atOptional(value, index) : noSuchOverload;
}

const invalidIndex = (index: Value): CelError =>
  typeof index === "number"
    ? new CelError(`unsupported index value: ${index}`)
    : new CelError("unsupported index type in list");

const invalidKey = (index: Value): CelError =>
  typeof index === "number" ? noSuchKey(index) : new CelError("unsupported key type");

/** `value[?index]`. */
export function atOptional(value: Value, index: Value): Result {
  const held = value instanceof Optional ? value.value : value;
  if (held === undefined) return Optional.none;
  if (held instanceof List) {
    const position = positionOf(index);
    if (position === undefined) return invalidIndex(index);
    return position >= 0 && position < held.size ? optionally(held.at(position)) : Optional.none;
  }
  return held instanceof CelMap ? optionally(held.get(index)) : noSuchOverload;
}

function positionOf(index: Value): number | undefined {
  const known = typeof index === "string" || typeof index === "boolean" ? undefined : keyOf(index);
  return typeof known === "bigint" ? Number(known) : undefined;
}
