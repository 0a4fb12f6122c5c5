/** JSON as values of expressions. Parts are made when an expression asks for them. */
import { itemsOf } from "./arithmetic.ts";
import { ComparingList, equal } from "./equality.ts";
import {
  ArrayList,
  CelError,
  CelMap,
  Duration,
  isError,
  List,
  type Result,
  Timestamp,
  type Value,
} from "./values.ts";

/** Makes a value from JSON at one place of a schema. */
export type Read = (json: unknown) => Result;

type Json = Readonly<Record<string, unknown>>;

/** Whatever stands there: integers are `int`, other numbers `double`. */
export function readAny(json: unknown): Result {
  switch (typeof json) {
    case "string":
    case "boolean":
    case "bigint":
      return json;
    case "number":
      return Number.isInteger(json) ? BigInt(json) : json;
    case "undefined":
      return null;
    default:
      if (json === null) return null;
      return Array.isArray(json) ? new JsonList(json, readAny) : new JsonMap(json as Json, readAny);
  }
}

export class JsonList extends List {
  readonly json: readonly unknown[];
  readonly #read: Read;
  constructor(json: readonly unknown[], read: Read) {
    super();
    this.json = json;
    this.#read = read;
  }
  get size(): number {
    return this.json.length;
  }
  at(index: number): Result {
    return this.#read(this.json[index]);
  }
}

/** A map with values of one kind. */
export class JsonMap extends CelMap {
  readonly #json: Json;
  readonly #read: Read;
  constructor(json: Json, read: Read) {
    super();
    this.#json = json;
    this.#read = read;
  }
  get size(): number {
    return Object.keys(this.#json).length;
  }
  get(key: Value): Result | undefined {
    return typeof key === "string" && Object.hasOwn(this.#json, key)
      ? this.#read(this.#json[key])
      : undefined;
  }
  has(key: Value): boolean {
    return typeof key === "string" && Object.hasOwn(this.#json, key);
  }
  keys(): readonly Value[] {
    return Object.keys(this.#json);
  }
}

export interface FieldReader {
  /** As the JSON has it. */
  readonly name: string;
  readonly read: Read;
}

/** What is known of an object's members, by the names that expressions use. */
export interface Members {
  readonly readers: ReadonlyMap<string, FieldReader>;
  /** Names in expressions, by names in JSON. */
  readonly escaped: ReadonlyMap<string, string>;
}

/** An object with known members. A member that is null counts as missing. */
export class JsonObject extends CelMap {
  readonly #json: Json;
  readonly #members: Members;
  constructor(json: Json, members: Members) {
    super();
    this.#json = json;
    this.#members = members;
  }
  override get typeName(): string {
    return "object";
  }
  get size(): number {
    return this.keys().length;
  }
  get(key: Value): Result | undefined {
    if (typeof key !== "string") return undefined;
    const known = this.#members.readers.get(key);
    const name = known ? known.name : key;
    const json = this.#json;
    const part = json[name];
    if (part === undefined || part === null || !Object.hasOwn(json, name)) return undefined;
    return known ? known.read(part) : readAny(part);
  }
  has(key: Value): boolean {
    if (typeof key !== "string") return false;
    const name = this.#members.readers.get(key)?.name ?? key;
    return Object.hasOwn(this.#json, name) && this.#json[name] !== null;
  }
  keys(): readonly Value[] {
    return Object.keys(this.#json)
      .filter((name) => this.#json[name] !== null)
      .map((name) => this.#members.escaped.get(name) ?? name);
  }
}

/** A list whose items are told apart by a key; `undefined` stands for the whole item (a set). Order does not count. */
export class KeyedList extends ComparingList {
  readonly #list: List;
  readonly #keys: readonly string[] | undefined;
  constructor(list: List, keys: readonly string[] | undefined) {
    super();
    this.#list = list;
    this.#keys = keys;
  }
  get size(): number {
    return this.#list.size;
  }
  at(index: number): Result {
    return this.#list.at(index);
  }

  equalTo(other: List): boolean {
    const [mine, theirs] = [this.#byKey(this), this.#byKey(other)];
    if (!mine || !theirs || mine.size !== theirs.size) return false;
    for (const [key, item] of mine) {
      const there = theirs.get(key);
      if (there === undefined || !equal(item, there)) return false;
    }
    return true;
  }

  /** Items of the other list take the place of those with their key; new ones come at the end. */
  plus(other: List): List {
    const [mine, theirs] = [this.#byKey(this), this.#byKey(other)];
    if (!mine || !theirs) return this;
    for (const [key, item] of theirs) mine.set(key, item);
    return new KeyedList(new ArrayList([...mine.values()]), this.#keys);
  }

  #byKey(list: List): Map<string, Value> | undefined {
    const items = itemsOf(list);
    if (isError(items)) return undefined;
    const keys = this.#keys;
    return new Map(
      items.map((item) => [
        keys ? keys.map((key) => identityOf(memberOf(item, key))).join(",") : identityOf(item),
        item,
      ]),
    );
  }
}

function memberOf(value: Value, key: string): Value | undefined {
  const member = value instanceof CelMap ? value.get(key) : undefined;
  return isError(member) ? undefined : member;
}

/** A text that is the same for equal values. */
function identityOf(value: Value | undefined): string {
  if (value === undefined) return "";
  if (typeof value === "string") return JSON.stringify(value);
  if (value instanceof List) {
    return `[${Array.from({ length: value.size }, (_, index) => identityOfResult(value.at(index))).join(",")}]`;
  }
  if (value instanceof CelMap) {
    const entries = value.keys().map((key) => `${identityOf(key)}:${identityOfResult(value.get(key)!)}`);
    return `{${entries.toSorted().join(",")}}`;
  }
  if (value instanceof Timestamp) return `t${value.nanos}`;
  if (value instanceof Duration) return `d${value.nanos}`;
  return value instanceof Uint8Array ? `b${value.join(".")}` : String(value);
}

const identityOfResult = (value: Result): string => (isError(value) ? "?" : identityOf(value));

export const notAs = (expected: string): CelError => new CelError(`invalid data, expected ${expected}`);
