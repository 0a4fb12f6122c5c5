/**
 * Values of the expression language at run time. Integers are `bigint`, doubles are `number`, and strings, booleans,
 * null and bytes (`Uint8Array`) are JavaScript's own; what JavaScript lacks has a class here. Errors are values too:
 * `&&`, `||` and the macros may absorb them.
 */

/** What went wrong in an evaluation, in cel-go's words. */
export class CelError {
  readonly message: string;
  constructor(message: string) {
    this.message = message;
  }
}

export class UInt {
  readonly value: bigint;
  constructor(value: bigint) {
    this.value = value;
  }
}

export class Duration {
  readonly nanos: bigint;
  constructor(nanos: bigint) {
    this.nanos = nanos;
  }
}

export class Timestamp {
  /** Since the Unix epoch. */
  readonly nanos: bigint;
  constructor(nanos: bigint) {
    this.nanos = nanos;
  }
}

/** A type as a value: what `type(x)` answers. */
export class TypeValue {
  readonly name: string;
  constructor(name: string) {
    this.name = name;
  }
}

export class Optional {
  readonly value: Value | undefined;
  constructor(value: Value | undefined) {
    this.value = value;
  }
  static readonly none = new Optional(undefined);
}

/** A value that only functions look into: an address, a URL, a quantity. */
export abstract class Opaque {
  abstract readonly typeName: string;
  abstract equals(other: Opaque): boolean;
  /** The size that its price goes by. */
  get pricedSize(): number {
    return 1;
  }
}

/** Elements may be made when they are asked for, so asking can fail. */
export abstract class List {
  abstract readonly size: number;
  abstract at(index: number): Result;
}

export class ArrayList extends List {
  readonly items: readonly Value[];
  constructor(items: readonly Value[]) {
    super();
    this.items = items;
  }
  get size(): number {
    return this.items.length;
  }
  at(index: number): Value {
    return this.items[index]!;
  }
}

export abstract class CelMap {
  abstract readonly size: number;
  /** The value of a key; `undefined` when there is none. */
  abstract get(key: Value): Result | undefined;
  abstract has(key: Value): boolean;
  abstract keys(): readonly Value[];
  /** What `type(x)` names it: `map`, or the name of its object type. */
  get typeName(): string {
    return "map";
  }
}

/** A key as JavaScript's own `Map` tells keys apart: numbers of one value are one key. */
export function keyOf(key: Value): bigint | string | boolean | undefined {
  switch (typeof key) {
    case "bigint":
    case "string":
    case "boolean":
      return key;
    case "number":
      return Number.isInteger(key) ? BigInt(key) : undefined;
    default:
      return key instanceof UInt ? key.value : undefined;
  }
}

export class LiteralMap extends CelMap {
  readonly #entries = new Map<bigint | string | boolean, readonly [Value, Value]>();

  get size(): number {
    return this.#entries.size;
  }
  get(key: Value): Value | undefined {
    const known = keyOf(key);
    return known === undefined ? undefined : this.#entries.get(known)?.[1];
  }
  has(key: Value): boolean {
    const known = keyOf(key);
    return known !== undefined && this.#entries.has(known);
  }
  keys(): readonly Value[] {
    return Array.from(this.#entries.values(), ([key]) => key);
  }
  /** False when the key is there already. The key is one that `keyOf` knows. */
  add(key: Value, value: Value): boolean {
    const known = keyOf(key)!;
    if (this.#entries.has(known)) return false;
    this.#entries.set(known, [key, value]);
    return true;
  }
}

export type Value =
  | bigint
  | number
  | string
  | boolean
  | null
  | Uint8Array
  | UInt
  | Duration
  | Timestamp
  | TypeValue
  | Optional
  | Opaque
  | List
  | CelMap;

export type Result = Value | CelError;

export const isError = (value: unknown): value is CelError => value instanceof CelError;

export const noSuchOverload = new CelError("no such overload");

/** The name that `type(x)` has. */
export function typeNameOf(value: Value): string {
  switch (typeof value) {
    case "bigint":
      return "int";
    case "number":
      return "double";
    case "string":
      return "string";
    case "boolean":
      return "bool";
    default:
      return value === null ? "null_type" : typeNameOfObject(value);
  }
}

function typeNameOfObject(value: object): string {
  if (value instanceof List) return "list";
  if (value instanceof CelMap) return value.typeName;
  if (value instanceof Opaque) return value.typeName;
  if (value instanceof UInt) return "uint";
  if (value instanceof Uint8Array) return "bytes";
  if (value instanceof Duration) return "google.protobuf.Duration";
  if (value instanceof Timestamp) return "google.protobuf.Timestamp";
  if (value instanceof Optional) return "optional_type";
  return "type";
}

const INT_MIN = -(2n ** 63n);
const INT_MAX = 2n ** 63n - 1n;
const UINT_MAX = 2n ** 64n - 1n;

export const isInt64 = (value: bigint): boolean => value >= INT_MIN && value <= INT_MAX;
export const isUint64 = (value: bigint): boolean => value >= 0n && value <= UINT_MAX;

/** Characters as the language counts them: code points. */
export function codePoints(text: string): number {
  let count = text.length;
  for (let index = 0; index < text.length - 1; index += 1) {
    const unit = text.charCodeAt(index);
    if (unit >= 0xd800 && unit <= 0xdbff) {
      const next = text.charCodeAt(index + 1);
      if (next >= 0xdc00 && next <= 0xdfff) {
        count -= 1;
        index += 1;
      }
    }
  }
  return count;
}

/** `size(x)`; undefined for what has none. */
export function sizeOf(value: Value): number | undefined {
  if (typeof value === "string") return codePoints(value);
  if (value instanceof List || value instanceof CelMap) return value.size;
  return value instanceof Uint8Array ? value.length : undefined;
}
