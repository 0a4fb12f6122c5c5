/** JSON as values of expressions. Parts are made when an expression asks for them. */
import { itemsOf } from "./arithmetic.ts";
import { ComparingList, equal } from "./equality.ts";
import { ArrayList, CelError, CelMap, isError, List, type Result, type Value } from "./values.ts";

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
  private readonly read: Read;
  constructor(json: readonly unknown[], read: Read) {
    super();
    this.json = json;
    this.read = read;
  }
  get size(): number {
    return this.json.length;
  }
  at(index: number): Result {
    return this.read(this.json[index]);
  }
}

/** A map with values of one kind. */
export class JsonMap extends CelMap {
  private readonly json: Json;
  private readonly read: Read;
  constructor(json: Json, read: Read) {
    super();
    this.json = json;
    this.read = read;
  }
  get size(): number {
    return Object.keys(this.json).length;
  }
  get(key: Value): Result | undefined {
    return typeof key === "string" && Object.hasOwn(this.json, key) ? this.read(this.json[key]) : undefined;
  }
  has(key: Value): boolean {
    return typeof key === "string" && Object.hasOwn(this.json, key);
  }
  keys(): readonly Value[] {
    return Object.keys(this.json);
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
  private readonly json: Json;
  private readonly members: Members;
  constructor(json: Json, members: Members) {
    super();
    this.json = json;
    this.members = members;
  }
  override get typeName(): string {
    return "object";
  }
  get size(): number {
    return this.keys().length;
  }
  get(key: Value): Result | undefined {
    if (typeof key !== "string") return undefined;
    const known = this.members.readers.get(key);
    const name = known ? known.name : key;
    const { json } = this;
    const part = json[name];
    if (part === undefined || part === null || !Object.hasOwn(json, name)) return undefined;
    return known ? known.read(part) : readAny(part);
  }
  has(key: Value): boolean {
    if (typeof key !== "string") return false;
    const name = this.members.readers.get(key)?.name ?? key;
    return Object.hasOwn(this.json, name) && this.json[name] !== null;
  }
  keys(): readonly Value[] {
    return Object.keys(this.json)
      .filter((name) => this.json[name] !== null)
      .map((name) => this.members.escaped.get(name) ?? name);
  }
}

/** A list whose items are told apart by a key; `undefined` stands for the whole item (a set). Order does not count. */
export class KeyedList extends ComparingList {
  private readonly list: List;
  private readonly keys: readonly string[] | undefined;
  constructor(list: List, keys: readonly string[] | undefined) {
    super();
    this.list = list;
    this.keys = keys;
  }
  get size(): number {
    return this.list.size;
  }
  at(index: number): Result {
    return this.list.at(index);
  }

  private sameKey(a: Value, b: Value): boolean {
    if (!this.keys) return equal(a, b);
    return this.keys.every((key) => {
      const [left, right] = [memberOf(a, key), memberOf(b, key)];
      return left === undefined || right === undefined ? left === right : equal(left, right);
    });
  }

  equalTo(other: List): boolean {
    const [mine, theirs] = [itemsOf(this), itemsOf(other)];
    if (isError(mine) || isError(theirs)) return false;
    const within = (items: readonly Value[], others: readonly Value[]): boolean =>
      items.every((item) => others.some((each) => equal(item, each)));
    return mine.length === theirs.length && within(mine, theirs) && within(theirs, mine);
  }

  /** Items of the other list take the place of those with their key; new ones come at the end. */
  plus(other: List): List {
    const [mine, theirs] = [itemsOf(this), itemsOf(other)];
    if (isError(mine) || isError(theirs)) return this;
    const merged = [...mine];
    for (const item of theirs) {
      const place = merged.findIndex((each) => this.sameKey(each, item));
      if (place < 0) merged.push(item);
      else merged[place] = item;
    }
    return new KeyedList(new ArrayList(merged), this.keys);
  }
}

function memberOf(value: Value, key: string): Value | undefined {
  const member = value instanceof CelMap ? value.get(key) : undefined;
  return isError(member) ? undefined : member;
}

export const notAs = (expected: string): CelError => new CelError(`invalid data, expected ${expected}`);
