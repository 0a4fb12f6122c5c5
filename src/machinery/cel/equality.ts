/** `==` and `<` between values of any types. Values of different kinds are unequal; numbers compare by what they are. */
import {
  CelMap,
  Duration,
  isError,
  List,
  Opaque,
  Optional,
  Timestamp,
  TypeValue,
  UInt,
  type Value,
} from "./values.ts";

/** A list that has an idea of its own about equality: sets and lists of keyed items ignore order. */
export abstract class ComparingList extends List {
  abstract equalTo(other: List): boolean;
  abstract plus(other: List): List;
}

export function equal(a: Value, b: Value): boolean {
  if (typeof a === typeof b && typeof a !== "object") return a === b;
  if (a === null || b === null) return a === b;
  const left = numberIn(a);
  const right = numberIn(b);
  if (left !== undefined || right !== undefined) {
    return left !== undefined && right !== undefined && compareNumbers(left, right) === 0;
  }
  return typeof a === "object" && typeof b === "object" && equalObjects(a, b);
}

const numberIn = (value: Value): bigint | number | undefined => {
  if (typeof value === "bigint" || typeof value === "number") return value;
  return value instanceof UInt ? value.value : undefined;
};

function equalObjects(a: object, b: object): boolean {
  if (a instanceof List) return b instanceof List && equalLists(a, b);
  if (a instanceof CelMap) return b instanceof CelMap && equalMaps(a, b);
  if (a instanceof Uint8Array) return b instanceof Uint8Array && compareBytes(a, b) === 0;
  if (a instanceof Duration) return b instanceof Duration && a.nanos === b.nanos;
  if (a instanceof Timestamp) return b instanceof Timestamp && a.nanos === b.nanos;
  if (a instanceof TypeValue) return b instanceof TypeValue && a.name === b.name;
  if (a instanceof Opaque) return b instanceof Opaque && a.typeName === b.typeName && a.equals(b);
  if (!(a instanceof Optional) || !(b instanceof Optional)) return false;
  if (a.value === undefined || b.value === undefined) return a.value === b.value;
  return equal(a.value, b.value);
}

function equalLists(a: List, b: List): boolean {
  if (a.size !== b.size) return false;
  if (a instanceof ComparingList) return a.equalTo(b);
  if (b instanceof ComparingList) return b.equalTo(a);
  for (let index = 0; index < a.size; index += 1) {
    const left = a.at(index);
    const right = b.at(index);
    if (isError(left) || isError(right) || !equal(left, right)) return false;
  }
  return true;
}

function equalMaps(a: CelMap, b: CelMap): boolean {
  if (a.size !== b.size) return false;
  return a.keys().every((key) => {
    const left = a.get(key);
    const right = b.get(key);
    if (left === undefined || right === undefined || isError(left) || isError(right)) return false;
    return equal(left, right);
  });
}

function compareBytes(a: Uint8Array, b: Uint8Array): number {
  const shared = Math.min(a.length, b.length);
  for (let index = 0; index < shared; index += 1) {
    const difference = a[index]! - b[index]!;
    if (difference !== 0) return difference;
  }
  return a.length - b.length;
}

/** By code points, which differs from JavaScript's order where surrogates are involved. */
function compareTexts(a: string, b: string): number {
  const shared = Math.min(a.length, b.length);
  for (let index = 0; index < shared; index += 1) {
    const left = a.charCodeAt(index);
    const right = b.charCodeAt(index);
    if (left === right) continue;
    const leftHigh = left >= 0xd800 && left <= 0xdfff;
    const rightHigh = right >= 0xd800 && right <= 0xdfff;
    return leftHigh === rightHigh ? left - right : leftHigh ? 1 : -1;
  }
  return a.length - b.length;
}

const order = <T>(a: T, b: T): number => (a < b ? -1 : a > b ? 1 : 0);

/** An integer beside a double counts as the double next to it. */
function compareNumbers(left: bigint | number, right: bigint | number): number {
  if (typeof left === typeof right && typeof left === "bigint") return order(left, right);
  const [a, b] = [Number(left), Number(right)];
  return Number.isNaN(a) || Number.isNaN(b) ? Number.NaN : order(a, b);
}

/** Negative, 0 or positive; NaN when a number is none; undefined when there is no order between the two. */
export function compare(a: Value, b: Value): number | undefined {
  if (typeof a === "bigint" && typeof b === "bigint") return order(a, b);
  if (typeof a === "string" && typeof b === "string") return compareTexts(a, b);
  const left = numberIn(a);
  const right = numberIn(b);
  if (left !== undefined && right !== undefined) {
    return compareNumbers(left, right);
  }
  if (typeof a === "boolean" && typeof b === "boolean") return Number(a) - Number(b);
  if (a instanceof Timestamp && b instanceof Timestamp) return order(a.nanos, b.nanos);
  if (a instanceof Duration && b instanceof Duration) return order(a.nanos, b.nanos);
  if (a instanceof Uint8Array && b instanceof Uint8Array) return compareBytes(a, b);
  return undefined;
}
