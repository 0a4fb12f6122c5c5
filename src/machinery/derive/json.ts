/**
 * What `JSON.parse` or YAML gave, as a canonical object of a kind: members in schema order, unset ones left out,
 * quantities and times in their one form. A value that already is canonical comes back as it is, not copied.
 *
 * The happy path is code made once per struct. It only knows that something is wrong; `json-problems.ts` then
 * walks the schema to say what and where.
 */
import { canonicalQuantity, QuantityError } from "../quantity.ts";
import { pruneOf } from "../structural/prune.ts";
import { membersSchema } from "../structural/defaults.ts";
import type { JsonSchema, Resource, Struct } from "../schema.ts";
import { canonicalMicroTime, canonicalTime, parseDuration, TimeError } from "../time.ts";
import { unknownFields, wrongType } from "./json-problems.ts";
import { filledWith, keptWhen, zeroOf } from "./presence.ts";
import {
  isObject,
  type Member,
  membersOf,
  put,
  type Resolved,
  resolve,
  type SchemaLike,
  schemaOf,
} from "./shape.ts";

/** A value that does not fit its schema; the message is the API's. */
export class DecodeError extends Error {
  override readonly name = "DecodeError";
}

/** Thrown by compiled code, which does not know where it is. */
class Mismatch extends Error {}

interface State {
  /** An unknown field was met, and somebody wants to hear of it. */
  unknown: boolean;
}

type Decode = (value: unknown, state: State) => unknown;

/** What compiled code calls. Until the first call, `decode` compiles. */
interface Codec {
  decode: Decode;
}

const codecs = new WeakMap<Struct, Codec>();

function codecOf(struct: Struct): Codec {
  let codec = codecs.get(struct);
  if (!codec) {
    const made: Codec = {
      decode: (value, state) => {
        made.decode = compile(struct);
        return made.decode(value, state);
      },
    };
    codec = made;
    codecs.set(struct, made);
  }
  return codec;
}

/**
 * The canonical object. Unknown fields are dropped, and `onUnknown` hears their paths (`spec.containers[0].foo`).
 * A kind, in place of a struct, fills in `kind` and `apiVersion` where they are not said. Throws `DecodeError`.
 */
export function decodeJson<T>(
  of: (SchemaLike & { readonly schema?: Struct }) | Resource,
  value: unknown,
  onUnknown?: (path: string) => void,
): T {
  const schema = schemaOf(of);
  const state: State = { unknown: false };
  let decoded: unknown;
  try {
    decoded = codecOf(schema).decode(value, state);
  } catch (error) {
    throw explained(schema, value, error);
  }
  if (state.unknown && onUnknown) for (const path of unknownFields(schema, value)) onUnknown(path);
  return ("apiVersion" in of ? withTypeMeta(of, decoded as Record<string, unknown>) : decoded) as T;
}

function explained(schema: Struct, value: unknown, error: unknown): unknown {
  // Only a value that is nested as deep as the stack is long gets here.
  if (error instanceof RangeError) return new DecodeError("exceeded max depth", { cause: error });
  if (!(error instanceof Mismatch || error instanceof QuantityError || error instanceof TimeError))
    return error;
  return new DecodeError(wrongType(schema, value) ?? error.message, { cause: error });
}

function withTypeMeta(of: Pick<Resource, "kind" | "apiVersion">, object: Record<string, unknown>): unknown {
  if (object.kind !== undefined && object.apiVersion !== undefined) return object;
  return { kind: of.kind, apiVersion: of.apiVersion, ...object };
}

/** `strict decoding error: unknown field "spec.a", duplicate field "spec.b"` */
export const strictDecodingText = (problems: Iterable<string>): string =>
  `strict decoding error: ${[...problems].join(", ")}`;

function mismatch(): never {
  throw new Mismatch("the value does not fit its schema");
}

const isInt64 = (value: unknown): boolean =>
  typeof value === "bigint" ? BigInt.asIntN(64, value) === value : Number.isSafeInteger(value);

const isUint64 = (value: unknown): boolean =>
  typeof value === "bigint"
    ? BigInt.asUintN(64, value) === value
    : Number.isSafeInteger(value) && (value as number) >= 0;

/** Standard alphabet with padding. */
const isBase64 = (text: string): boolean => text.length % 4 === 0 && BASE64.test(text);
const BASE64 = /^[A-Za-z0-9+/]*={0,2}$/;

const canonicalDuration = (text: unknown): string => {
  if (typeof text !== "string") return mismatch();
  parseDuration(text);
  return text;
};

const textOr = (canonical: (text: string) => string) => (value: unknown) =>
  typeof value === "string" ? canonical(value) : mismatch();

const quantityText = (value: unknown): string =>
  typeof value === "string"
    ? canonicalQuantity(value)
    : typeof value === "number" || typeof value === "bigint"
      ? canonicalQuantity(String(value))
      : mismatch();

const bytesText = (value: unknown): string => {
  if (typeof value !== "string") return mismatch();
  if (isBase64(value)) return value;
  // Go lets line ends pass.
  const joined = value.replace(/[\r\n]/g, "");
  return isBase64(joined) ? joined : mismatch();
};

/** What the code of every struct can call. */
const tools = {
  mismatch,
  put,
  isInt64,
  isUint64,
  quantity: quantityText,
  time: textOr(canonicalTime),
  microTime: textOr(canonicalMicroTime),
  duration: canonicalDuration,
  bytes: bytesText,
  sorted: (object: Record<string, unknown>): Record<string, unknown> => {
    const keys = Object.keys(object);
    const made: Record<string, unknown> = {};
    for (const key of keys.toSorted()) put(made, key, object[key]);
    // Keys that look like integers always come first, by their number.
    return Object.keys(made).every((key, i) => key === keys[i]) ? object : made;
  },
};

/** JavaScript for: is `x` wrong? For scalars that are kept as they are. */
const WRONG: Readonly<Record<string, string>> = {
  string: `typeof x !== "string"`,
  bool: `typeof x !== "boolean"`,
  int32: `typeof x !== "number" || (x | 0) !== x`,
  uint32: `typeof x !== "number" || x >>> 0 !== x`,
  int64: `!(typeof x === "number" && (x | 0) === x) && !t.isInt64(x)`,
  bigint64: `!t.isInt64(x)`,
  uint64: `!t.isUint64(x)`,
  double: `typeof x !== "number"`,
  intOrString: `typeof x !== "string" && (typeof x !== "number" || (x | 0) !== x)`,
  rawBytes: `!(x instanceof Uint8Array)`,
};

/** Writes the code of one struct's decoder. */
class Writer {
  readonly #parts: Codec[] = [];
  readonly #functions: string[] = [];

  /** Statements that turn `x` into its canonical form or fail; `x` is neither null nor undefined. */
  #canonical(type: Resolved): string {
    switch (type.kind) {
      case "struct":
        return `x = ${this.#part(type)}.decode(x, s);`;
      case "list":
        return `x = ${this.#list(resolve(type.item))}(x, s);`;
      case "map":
        return `x = ${this.#map(resolve(type.value))}(x, s);`;
      case "scalar": {
        if (type.name === "json") return "";
        const wrong = WRONG[type.name];
        return wrong === undefined ? `x = t.${type.name}(x);` : `if (${wrong}) t.mismatch();`;
      }
    }
  }

  #part(struct: Struct): string {
    const codec = codecOf(struct);
    const known = this.#parts.indexOf(codec);
    return `p[${known >= 0 ? known : this.#parts.push(codec) - 1}]`;
  }

  /** JavaScript for the zero value of a type. */
  #zero(type: Resolved): string {
    return zeroOf(type, (struct) => this.#empty(struct));
  }

  #empty(struct: Struct): string {
    return `${this.#part(struct)}.decode({}, s)`;
  }

  #function(code: string): string {
    const known = this.#functions.indexOf(code);
    return `f${known >= 0 ? known : this.#functions.push(code) - 1}`;
  }

  /** Copies a list or map only from the first item on that is not canonical. */
  #list(item: Resolved): string {
    return this.#function(`(list, s) => {
      if (!Array.isArray(list)) t.mismatch();
      let made = list;
      for (let i = 0; i < list.length; i++) {
        let x = list[i];
        if (x === null || x === undefined) x = ${this.#zero(item)}; else { ${this.#canonical(item)} }
        if (made !== list) made.push(x);
        else if (x !== list[i]) { made = list.slice(0, i); made.push(x); }
      }
      return made;
    }`);
  }

  #map(value: Resolved): string {
    return this.#function(`(map, s) => {
      if (typeof map !== "object" || Array.isArray(map)) t.mismatch();
      let made = map, last = "", sorted = true;
      for (const k in map) {
        let x = map[k];
        if (x === null || x === undefined) x = ${this.#zero(value)}; else { ${this.#canonical(value)} }
        if (k < last) sorted = false;
        last = k;
        if (x === map[k]) continue;
        if (made === map) made = { ...map };
        t.put(made, k, x);
      }
      return sorted ? made : t.sorted(made);
    }`);
  }

  /** Statements for one member: `x` is what came, and `o` gets what stays. */
  #member(member: Member, slot: number): string {
    const key = JSON.stringify(member.name);
    const set = member.name === "__proto__" ? `t.put(o, ${key}, x)` : `o[${key}] = x`;
    const keep = keptWhen(member);
    const filled = filledWith(member, (struct) => this.#empty(struct));
    return `x = m${slot};
      if (x !== undefined && x !== null) { ${this.#canonical(member.type)} ${keep === "" ? `${set};` : `if (${keep}) ${set};`} }
      ${filled === undefined ? "" : `else { x = ${filled}; ${set}; }`}`;
  }

  write(struct: Struct): Decode {
    const members = membersOf(struct);
    const keepsUnknown = struct.rules.preserveUnknown === true;
    const cases = members.map(({ name }, slot) => {
      const from = keepsUnknown ? "" : `if (last > ${slot}) canonical = false; last = ${slot};`;
      return `case ${JSON.stringify(name)}: m${slot} = v[k]; ${from} break;`;
    });
    const unknown = keepsUnknown ? "rest.push(k);" : "canonical = false; s.unknown = true;";
    const body = members.map((member, slot) => this.#member(member, slot)).join("\n");
    const slots = members.map((_, slot) => `m${slot}`).join(", ");
    const decode = `(v, s) => {
      if (typeof v !== "object" || v === null || Array.isArray(v)) t.mismatch();
      let x${slots === "" ? "" : `, ${slots}`};
      let last = -1, canonical = ${!keepsUnknown};
      const rest = ${keepsUnknown ? "[]" : "undefined"};
      for (const k in v) switch (k) {
        ${cases.join("\n")}
        default: ${unknown}
      }
      const o = {};
      ${body}
      if (rest !== undefined) for (const k of rest.sort()) t.put(o, k, v[k]);
      return canonical && t.same(o, v) ? v : o;
    }`;
    const functions = this.#functions.map((code, index) => `const f${index} = ${code};`).join("\n");
    // The code holds only names from the schema, each as a JSON string.
    // oxlint-disable-next-line no-new-func, typescript/no-implied-eval -- made once per struct; no input reaches it
    const make = new Function("t", "p", `"use strict";\n${functions}\nreturn ${decode};`) as (
      t: unknown,
      p: unknown,
    ) => Decode;
    return make({ ...tools, some, same }, this.#parts);
  }
}

function some(object: object): boolean {
  for (const _ in object) return true;
  return false;
}

/** Both have the same keys in the same order, as far as they go: is every value the same, and none missing? */
function same(made: Record<string, unknown>, given: Record<string, unknown>): boolean {
  let keys = 0;
  for (const key in given) {
    if (given[key] !== made[key] || given[key] === undefined) return false;
    keys += 1;
  }
  for (const _ in made) keys -= 1;
  return keys === 0;
}

function compile(struct: Struct): Decode {
  if (struct.rules.structural) return customKind(struct, struct.rules.structural);
  switch (struct.rules.json) {
    case undefined:
      return new Writer().write(struct);
    case "schemaOrArray":
      return union(struct, (value, state, decode) =>
        Array.isArray(value) ? value.map((one) => decode(one ?? {}, state)) : decode(value, state),
      );
    case "schemaOrBool":
      return union(struct, (value, state, decode) =>
        typeof value === "boolean" ? value : decode(value, state),
      );
    case "schemaOrStringArray":
      return union(struct, (value, state, decode) => {
        if (!Array.isArray(value)) return decode(value, state);
        return value.every((one) => typeof one === "string") ? value : mismatch();
      });
  }
}

/** Kind, apiVersion and metadata as in every kind; the rest is JSON of which the schema says what may stay. */
function customKind(struct: Struct, schema: JsonSchema): Decode {
  const metadata = resolve(struct.fields.metadata!.type);
  if (metadata.kind !== "struct") throw new TypeError(`${struct.name}.metadata is no struct`);
  const codec = codecOf(metadata);
  const prune = pruneOf(membersSchema(schema));
  return (value, state) => {
    if (!isObject(value)) return mismatch();
    const { kind, apiVersion, metadata: sent, ...members } = value;
    if (!isTextOrUnset(kind) || !isTextOrUnset(apiVersion)) return mismatch();
    const made: Record<string, unknown> = {
      ...(kind ? { kind } : {}),
      ...(apiVersion ? { apiVersion } : {}),
      metadata: codec.decode(sent ?? {}, state),
      ...(prune(members, state) as object),
    };
    return same(made, value) && Object.keys(made).every((key, at) => key === Object.keys(value)[at])
      ? value
      : made;
  };
}

const isTextOrUnset = (value: unknown): boolean =>
  value === undefined || value === null || typeof value === "string";

/** The unions of JSONSchemaProps: one of their forms is the struct in field `schema`. */
function union(struct: Struct, choose: (value: unknown, state: State, decode: Decode) => unknown): Decode {
  const member = resolve(struct.fields.schema!.type);
  if (member.kind !== "struct") throw new TypeError(`${struct.name}.schema is no struct`);
  const codec = codecOf(member);
  return (value, state) =>
    choose(value, state, (inner) => (isObject(inner) ? codec.decode(inner, state) : mismatch()));
}
