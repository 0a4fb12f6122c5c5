/**
 * Protobuf messages of structs, byte for byte as Kubernetes writes them, by code made once per struct.
 *
 * Members that are no pointers are always written, zero or not. What protobuf says in messages of its own and
 * memory in text (times, quantities, numbers or names) is turned on the way.
 */
import { JsonError } from "../json.ts";
import { QuantityError } from "../quantity.ts";
import type { FieldFacts, Resource, ScalarName, Struct } from "../schema.ts";
import { TimeError } from "../time.ts";
import { isTypeMeta, type Member, put, type Resolved, resolve, type SchemaLike, schemaOf } from "./shape.ts";
import { fieldsOf, framed, message, SCALARS } from "./protobuf-scalars.ts";
import { filledWith, keptWhen, zeroOf } from "./presence.ts";
import { BYTES, ProtobufError, Reader, VARINT, Writer } from "./wire.ts";

type Encode = (value: Record<string, unknown>, writer: Writer) => void;
/** Reads up to the reader's end. */
type Decode = (reader: Reader) => unknown;

interface Codec {
  encode: Encode;
  decode: Decode;
}

const codecs = new WeakMap<Struct, Codec>();

/** Both directions compile themselves when they are first called. */
function codecOf(struct: Struct): Codec {
  let codec = codecs.get(struct);
  if (!codec) {
    const made: Codec = {
      encode: (value, writer) => (made.encode = compileEncode(struct))(value, writer),
      decode: (reader) => (made.decode = compileDecode(struct))(reader),
    };
    codec = made;
    codecs.set(struct, made);
  }
  return codec;
}

const shared = new Writer();

/** The message, without an envelope. `object` is canonical. */
export function encodeProtobuf(of: SchemaLike, object: object): Uint8Array<ArrayBuffer> {
  try {
    codecOf(schemaOf(of)).encode(object as Record<string, unknown>, shared);
    return shared.finish();
  } finally {
    shared.reset();
  }
}

export interface TypeMeta {
  readonly apiVersion: string;
  readonly kind: string;
}

/**
 * The canonical object. A message does not know its kind: it is said by `typeMeta`, or by a kind in place of a
 * struct. Unknown fields are skipped. Throws `ProtobufError`.
 */
export function decodeProtobuf<T>(of: SchemaLike | Resource, bytes: Uint8Array, typeMeta?: TypeMeta): T {
  const meta = typeMeta ?? ("apiVersion" in of ? of : undefined);
  const object = decoded(schemaOf(of), bytes);
  return (meta ? { kind: meta.kind, apiVersion: meta.apiVersion, ...object } : object) as T;
}

/** As `decodeProtobuf` for a list whose `items` are of this kind: they carry no kind of their own. */
export function decodeProtobufList<T>(of: Resource, list: SchemaLike, bytes: Uint8Array): T {
  const { kind, apiVersion } = of;
  const { items = [], ...rest } = decoded(schemaOf(list), bytes) as { readonly items?: readonly object[] };
  const named = items.map((item) => ({ kind, apiVersion, ...item }));
  return { kind: of.listKind, apiVersion, ...rest, items: named } as T;
}

function decoded(struct: Struct, bytes: Uint8Array): object {
  try {
    return codecOf(struct).decode(new Reader(bytes)) as object;
  } catch (error) {
    if (error instanceof RangeError) throw new ProtobufError("message is nested too deep", { cause: error });
    if (error instanceof QuantityError || error instanceof TimeError || error instanceof JsonError) {
      throw new ProtobufError(error.message, { cause: error });
    }
    throw error;
  }
}

/** JavaScript for how zero is written where no value is, for scalars that are written always. */
const ZERO: Readonly<Partial<Record<ScalarName, string>>> = {
  string: `w.string("")`,
  bool: "w.bool(false)",
  int32: "w.uint32(0)",
  int64: "w.uint32(0)",
  uint32: "w.uint32(0)",
  uint64: "w.uint32(0)",
  bigint64: "w.uint32(0)",
  double: "w.double(0)",
  quantity: `c.quantity.write(w, "0")`,
  intOrString: "c.intOrString.write(w, 0)",
  duration: `c.duration.write(w, "0s")`,
  time: "w.uint32(0)",
  microTime: "w.uint32(0)",
  json: "w.uint32(0)",
};

/** Written and read by the writer and reader themselves. */
const DIRECT = new Set<ScalarName>([
  "string",
  "bool",
  "int32",
  "int64",
  "uint32",
  "uint64",
  "bigint64",
  "double",
]);
const WRITER_METHOD: Readonly<Partial<Record<ScalarName, string>>> = { uint64: "int64", bigint64: "int64" };

const writeScalar = (name: ScalarName): string =>
  DIRECT.has(name) ? `w.${WRITER_METHOD[name] ?? name}(x);` : `c.${name}.write(w, x);`;
const readScalar = (name: ScalarName): string => (DIRECT.has(name) ? `r.${name}()` : `c.${name}.read(r)`);

const wireOf = (type: Resolved): number => (type.kind === "scalar" ? SCALARS[type.name].wire : BYTES);

/** The codecs that the code of one struct refers to, by number. */
class Parts {
  readonly codecs: Codec[] = [];

  name(struct: Struct): string {
    const codec = codecOf(struct);
    const known = this.codecs.indexOf(codec);
    return `p[${known >= 0 ? known : this.codecs.push(codec) - 1}]`;
  }
}

/** One field of the message: a member, or an inlined struct, which is a message here. */
interface WireField {
  readonly name: string;
  readonly facts: FieldFacts;
  readonly type: Resolved;
}

/** Without what only JSON has; by tag. */
const wireFields = (struct: Struct): WireField[] =>
  Object.entries(struct.fields)
    .map(([name, facts]) => ({ name, facts, type: resolve(facts.type) }))
    .filter(({ facts }) => facts.tag > 0)
    .toSorted((a, b) => a.facts.tag - b.facts.tag);

const keyOf = (tag: number, type: Resolved): number => tag * 8 + wireOf(type);

function build<F>(body: string, parts: Parts): F {
  // The code holds only tags and names from the schema, each name as a JSON string.
  // oxlint-disable-next-line no-new-func, typescript/no-implied-eval -- made once per struct; no input reaches it
  const make = new Function("c", "p", "t", `"use strict"; return ${body};`);
  return (make as (...of: unknown[]) => F)(SCALARS, parts.codecs, tools);
}

const tools = {
  /** A message without fields. */
  empty: () => new Reader(NO_BYTES),
  put,
  message,
  merge(into: Record<string, unknown>, from: Record<string, unknown>): void {
    for (const key in from) put(into, key, from[key]);
  },
  sortedKeys: (map: object): string[] => Object.keys(map).sort(byteOrder),
  some(object: object): boolean {
    for (const _ in object) return true;
    return false;
  },
};

const NO_BYTES = new Uint8Array(0);

/** Go sorts by bytes; that differs from JavaScript's order only beyond U+FFFF. */
function byteOrder(a: string, b: string): number {
  if (!SURROGATE.test(a) && !SURROGATE.test(b)) return a < b ? -1 : a > b ? 1 : 0;
  const [left, right] = [[...a], [...b]];
  const at = left.findIndex((char, i) => char !== right[i]);
  return at < 0 ? left.length - right.length : left[at]!.codePointAt(0)! - (right[at]?.codePointAt(0) ?? -1);
}
const SURROGATE = /[\ud800-\udfff]/;

function compileEncode(struct: Struct): Encode {
  if (struct.rules.json) return encodeUnion(struct);
  const parts = new Parts();
  const fields = wireFields(struct)
    .toReversed()
    .map((field) => encodeField(field, parts));
  return build<Encode>(`(o, w) => { let x, e; ${fields.join("\n")} }`, parts);
}

/** Statements that write `x`, with its tag. */
function encodeValue(type: Resolved, tag: number, parts: Parts): string {
  const key = `w.uint32(${keyOf(tag, type)});`;
  switch (type.kind) {
    case "scalar":
      return `${writeScalar(type.name)} ${key}`;
    case "struct":
      return `{ const e = w.size; ${parts.name(type)}.encode(x, w); w.since(e); ${key} }`;
    case "list": {
      const items = encodeList(resolve(type.item), 1, parts);
      return `{ const e = w.size; ${items} w.since(e); ${key} }`;
    }
    case "map":
      throw new TypeError("a map cannot stand in a list or map");
  }
}

function encodeList(item: Resolved, tag: number, parts: Parts): string {
  return `{ const all = x; for (let i = all.length - 1; i >= 0; i--) { const x = all[i]; ${encodeValue(item, tag, parts)} } }`;
}

function encodeMap(value: Resolved, tag: number, parts: Parts): string {
  return `{ const map = x, keys = t.sortedKeys(map); for (let i = keys.length - 1; i >= 0; i--) {
    const k = keys[i], x = map[k], e = w.size;
    ${encodeValue(value, 2, parts)}
    w.string(k); w.uint32(10); w.since(e); w.uint32(${tag * 8 + BYTES});
  } }`;
}

function encodeField({ name, facts, type }: WireField, parts: Parts): string {
  const { tag } = facts;
  const read = `x = o[${JSON.stringify(name)}];`;
  const present = `x !== undefined && x !== null`;
  if (facts.inline && type.kind === "struct") return `x = o; ${encodeValue(type, tag, parts)}`;
  switch (type.kind) {
    case "list":
      if (type.wrapped) return `${read} if (${present}) ${encodeValue(type, tag, parts)}`;
      return `${read} if (${present}) ${encodeList(resolve(type.item), tag, parts)}`;
    case "map":
      return `${read} if (${present}) ${encodeMap(resolve(type.value), tag, parts)}`;
    case "struct":
      if (facts.pointer) return `${read} if (${present}) ${encodeValue(type, tag, parts)}`;
      return `${read} if (!(${present})) x = {}; ${encodeValue(type, tag, parts)}`;
    case "scalar": {
      const zero = facts.pointer ? undefined : ZERO[type.name];
      const otherwise = zero === undefined ? "" : `else { ${zero}; w.uint32(${keyOf(tag, type)}); }`;
      const unsaid = type.name === "bytes" && !facts.pointer ? ` && x !== ""` : "";
      return `${read} if (${present}${unsaid}) { ${encodeValue(type, tag, parts)} } ${otherwise}`;
    }
  }
}

function compileDecode(struct: Struct): Decode {
  if (struct.rules.json) return decodeUnion(struct);
  const parts = new Parts();
  const fields = wireFields(struct);
  const slots = new Map(fields.map(({ name }, slot) => [name, `m${slot}`]));
  const cases = fields.flatMap((field, slot) => decodeCases(field, `m${slot}`, parts));
  const members = decodeMembers(struct, slots, parts);
  return build<Decode>(
    `(r) => {
      let x${Array.from(slots.values(), (slot) => `, ${slot}`).join("")};
      while (r.at < r.end) {
        const key = r.uint32();
        switch (key) {
          ${cases.join("\n")}
          default: r.skip(key & 7);
        }
      }
      const o = {};
      ${members}
      return o;
    }`,
    parts,
  );
}

/** JavaScript that reads one value, without its tag. */
function decodeValue(type: Resolved, parts: Parts): string {
  switch (type.kind) {
    case "scalar":
      return readScalar(type.name);
    case "struct":
      return `t.message(r, ${parts.name(type)}.decode)`;
    case "list": {
      const item = resolve(type.item);
      return `t.message(r, (r) => {
        const list = [];
        while (r.at < r.end) {
          const key = r.uint32();
          if (key === ${keyOf(1, item)}) list.push(${decodeValue(item, parts)}); else r.skip(key & 7);
        }
        return list;
      })`;
    }
    case "map":
      throw new TypeError("a map cannot stand in a list or map");
  }
}

function decodeCases({ facts: { tag }, type }: WireField, slot: string, parts: Parts): string[] {
  const key = keyOf(tag, type);
  if (type.kind === "map") {
    return [`case ${key}: ${decodeEntry(resolve(type.value), slot, parts)} break;`];
  }
  if (type.kind !== "list" || type.wrapped)
    return [`case ${key}: ${slot} = ${decodeValue(type, parts)}; break;`];
  const item = resolve(type.item);
  const one = `case ${keyOf(tag, item)}: (${slot} ??= []).push(${decodeValue(item, parts)}); break;`;
  if (wireOf(item) === BYTES) return [one];
  const packed = `t.message(r, (r) => { while (r.at < r.end) ${slot}.push(${decodeValue(item, parts)}); });`;
  return [one, `case ${tag * 8 + BYTES}: ${slot} ??= []; ${packed} break;`];
}

function decodeEntry(value: Resolved, slot: string, parts: Parts): string {
  return `{
    let k = "", v;
    t.message(r, (r) => {
      while (r.at < r.end) {
        const key = r.uint32();
        if (key === 10) k = r.string();
        else if (key === ${keyOf(2, value)}) v = ${decodeValue(value, parts)};
        else r.skip(key & 7);
      }
    });
    if (v === undefined) v = ${zeroOf(value, (struct) => `${parts.name(struct)}.decode(t.empty())`)};
    t.put(${slot} ??= {}, k, v);
  }`;
}

/** Statements that put what was read into `o`, in the order of JSON. */
function decodeMembers(struct: Struct, slots: ReadonlyMap<string, string>, parts: Parts): string {
  const statements = Object.entries(struct.fields).map(([name, facts]) => {
    const member = { name, facts, type: resolve(facts.type) };
    const slot = slots.get(name);
    if (facts.hidden) return "";
    if (!facts.inline || member.type.kind !== "struct") return decodeMember(member, slot, parts);
    return `t.merge(o, ${slot ?? "undefined"} ?? ${parts.name(member.type)}.decode(t.empty()));`;
  });
  return statements.join("\n");
}

function decodeMember(member: Member, slot: string | undefined, parts: Parts): string {
  if (isTypeMeta(member)) return "";
  const key = JSON.stringify(member.name);
  const set = member.name === "__proto__" ? `t.put(o, ${key}, x)` : `o[${key}] = x`;
  const keep = keptWhen(member);
  const filled = filledWith(member, (struct) => `${parts.name(struct)}.decode(t.empty())`);
  return `x = ${slot ?? "undefined"};
    if (x !== undefined && x !== null) ${keep === "" ? `${set};` : `{ if (${keep}) ${set}; }`}
    ${filled === undefined ? "" : `else { x = ${filled}; ${set}; }`}`;
}

function encodeUnion(struct: Struct): Encode {
  const schema = codecOf(resolve(struct.fields.schema!.type) as Struct);
  const tag = struct.fields.schema!.tag;
  const writeSchema = (value: unknown, at: number, writer: Writer): void => {
    framed(writer, () => schema.encode(value as Record<string, unknown>, writer));
    writer.uint32(at * 8 + BYTES);
  };
  return (value: unknown, writer) => {
    const list = Array.isArray(value) ? (value as unknown[]).toReversed() : undefined;
    switch (struct.rules.json) {
      case "schemaOrArray":
        if (list) for (const one of list) writeSchema(one, struct.fields.jSONSchemas!.tag, writer);
        else writeSchema(value, tag, writer);
        return;
      case "schemaOrStringArray":
        if (!list) return writeSchema(value, tag, writer);
        for (const one of list) {
          writer.string(one as string);
          writer.uint32(struct.fields.property!.tag * 8 + BYTES);
        }
        return;
      default:
        if (typeof value !== "boolean") writeSchema(value, tag, writer);
        writer.bool(value !== false);
        writer.uint32(struct.fields.allows!.tag * 8 + VARINT);
    }
  };
}

function decodeUnion(struct: Struct): Decode {
  const schema = codecOf(resolve(struct.fields.schema!.type) as Struct);
  const key = (name: string, wire: number): number => (struct.fields[name]?.tag ?? 0) * 8 + wire;
  const schemaKey = key("schema", BYTES);
  const listKey = key(struct.rules.json === "schemaOrArray" ? "jSONSchemas" : "property", BYTES);
  const allowsKey = key("allows", VARINT);
  return (reader) => {
    let value: unknown;
    let allows = false;
    const list: unknown[] = [];
    fieldsOf(reader, (found) => {
      if (found === schemaKey) value = message(reader, schema.decode);
      else if (found === listKey && struct.rules.json === "schemaOrArray")
        list.push(message(reader, schema.decode));
      else if (found === listKey && struct.rules.json === "schemaOrStringArray") list.push(reader.string());
      else if (found === allowsKey && struct.rules.json === "schemaOrBool") allows = reader.bool();
      else return false;
      return true;
    });
    return value ?? (struct.rules.json === "schemaOrBool" ? allows : list);
  };
}
