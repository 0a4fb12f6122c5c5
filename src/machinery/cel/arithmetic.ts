/** `+ - * / %` and the minus sign. Results outside their type's range are errors. */
import { ComparingList } from "./equality.ts";
import {
  ArrayList,
  CelError,
  Duration,
  isError,
  isInt64,
  isUint64,
  List,
  noSuchOverload,
  type Result,
  Timestamp,
  UInt,
  type Value,
} from "./values.ts";

const OVERFLOW = new CelError("integer overflow");
const UNSIGNED_OVERFLOW = new CelError("unsigned integer overflow");
const DURATION_OVERFLOW = new CelError("duration overflow");
const TIMESTAMP_OVERFLOW = new CelError("timestamp overflow");
const DIVISION_BY_ZERO = new CelError("division by zero");
const MODULUS_BY_ZERO = new CelError("modulus by zero");

/** 0001-01-01T00:00:00Z and the last nanosecond of 9999. */
const TIMESTAMP_MIN = -62_135_596_800_000_000_000n;
const TIMESTAMP_MAX = 253_402_300_799_999_999_999n;

const int = (value: bigint): Result => (isInt64(value) ? value : OVERFLOW);
const uint = (value: bigint): Result => (isUint64(value) ? new UInt(value) : UNSIGNED_OVERFLOW);
export const duration = (nanos: bigint): Result => (isInt64(nanos) ? new Duration(nanos) : DURATION_OVERFLOW);
export const timestamp = (nanos: bigint): Result =>
  nanos >= TIMESTAMP_MIN && nanos <= TIMESTAMP_MAX ? new Timestamp(nanos) : TIMESTAMP_OVERFLOW;

export function add(a: Value, b: Value): Result {
  if (typeof a === "bigint" && typeof b === "bigint") return int(a + b);
  if (typeof a === "string" && typeof b === "string") return a + b;
  if (typeof a === "number" && typeof b === "number") return a + b;
  if (a instanceof UInt && b instanceof UInt) return uint(a.value + b.value);
  if (a instanceof List && b instanceof List) return concatenate(a, b);
  if (a instanceof Uint8Array && b instanceof Uint8Array) return joinBytes(a, b);
  if (a instanceof Duration && b instanceof Duration) return duration(a.nanos + b.nanos);
  if (a instanceof Timestamp && b instanceof Duration) return timestamp(a.nanos + b.nanos);
  if (a instanceof Duration && b instanceof Timestamp) return timestamp(a.nanos + b.nanos);
  return noSuchOverload;
}

function joinBytes(a: Uint8Array, b: Uint8Array): Uint8Array {
  const joined = new Uint8Array(a.length + b.length);
  joined.set(a);
  joined.set(b, a.length);
  return joined;
}

/** Two lists one after the other, not copied: adding lists costs next to nothing, however long they have become. */
class JoinedList extends List {
  readonly size: number;
  readonly #first: List;
  readonly #second: List;
  constructor(first: List, second: List) {
    super();
    this.#first = first;
    this.#second = second;
    this.size = first.size + second.size;
  }
  at(index: number): Result {
    return index < this.#first.size ? this.#first.at(index) : this.#second.at(index - this.#first.size);
  }
}

const concatenate = (a: List, b: List): List =>
  a instanceof ComparingList ? a.plus(b) : new JoinedList(a, b);

/** Longer lists are not gone through at once. Elements. */
const ITEMS_MAX = 10_000_000;

/** All elements, or the error of the first that cannot be made. */
export function itemsOf(list: List): readonly Value[] | CelError {
  if (list instanceof ArrayList) return list.items;
  if (list.size > ITEMS_MAX) return new CelError(`list of ${list.size} elements is too long`);
  const items: Value[] = [];
  for (let index = 0; index < list.size; index += 1) {
    const item = list.at(index);
    if (isError(item)) return item;
    items.push(item);
  }
  return items;
}

export function subtract(a: Value, b: Value): Result {
  if (typeof a === "bigint" && typeof b === "bigint") return int(a - b);
  if (typeof a === "number" && typeof b === "number") return a - b;
  if (a instanceof UInt && b instanceof UInt) return uint(a.value - b.value);
  if (a instanceof Duration && b instanceof Duration) return duration(a.nanos - b.nanos);
  if (a instanceof Timestamp && b instanceof Timestamp) return duration(a.nanos - b.nanos);
  if (a instanceof Timestamp && b instanceof Duration) return timestamp(a.nanos - b.nanos);
  return noSuchOverload;
}

export function multiply(a: Value, b: Value): Result {
  if (typeof a === "bigint" && typeof b === "bigint") return int(a * b);
  if (typeof a === "number" && typeof b === "number") return a * b;
  if (a instanceof UInt && b instanceof UInt) return uint(a.value * b.value);
  return noSuchOverload;
}

export function divide(a: Value, b: Value): Result {
  if (typeof a === "bigint" && typeof b === "bigint") return b === 0n ? DIVISION_BY_ZERO : int(a / b);
  if (typeof a === "number" && typeof b === "number") return a / b;
  if (a instanceof UInt && b instanceof UInt)
    return b.value === 0n ? DIVISION_BY_ZERO : uint(a.value / b.value);
  return noSuchOverload;
}

const LEAST_INT = -(2n ** 63n);

export function remainder(a: Value, b: Value): Result {
  if (typeof a === "bigint" && typeof b === "bigint") {
    if (b === 0n) return MODULUS_BY_ZERO;
    return a === LEAST_INT && b === -1n ? OVERFLOW : a % b;
  }
  if (a instanceof UInt && b instanceof UInt)
    return b.value === 0n ? MODULUS_BY_ZERO : uint(a.value % b.value);
  return noSuchOverload;
}

export function negate(a: Value): Result {
  if (typeof a === "bigint") return int(-a);
  return typeof a === "number" ? -a : noSuchOverload;
}
