/** What a structural schema says about a place: its type, how large it can be, and how JSON there is read. */
import { fromBase64 } from "#machinery/base64";
import type { JsonSchema } from "../schema.ts";
import { escapeName } from "./escape.ts";
import {
  type FieldReader,
  JsonList,
  JsonMap,
  JsonObject,
  KeyedList,
  notAs,
  type Read,
  readAny,
} from "./json-values.ts";
import { parseSpan, parseTimestamp } from "./library/time.ts";
import { CelError } from "./values.ts";
import {
  BOOL,
  BYTES,
  DOUBLE,
  DURATION,
  DYN,
  INT,
  listOf,
  mapOf,
  objectType,
  STRING,
  TIMESTAMP,
  type Type,
} from "./types.ts";

export interface Declaration {
  readonly type: Type;
  readonly read: Read;
  /** The most items, entries or characters there can be; 0 where that makes no sense. */
  readonly sizeMax: number;
  /** The shortest JSON, in bytes. */
  readonly bytesMin: number;
  readonly element?: Declaration;
  readonly key?: Declaration;
  /** By the names that expressions use. */
  readonly fields?: ReadonlyMap<string, Declaration>;
}

/** Larger requests are not taken, so nothing in one is larger. Bytes. */
export const REQUEST_MAX = 3 * 1024 * 1024;

const TEXT_MAX = REQUEST_MAX - 2;

const scalar = (type: Type, bytesMin: number, read: Read, sizeMax = 0): Declaration => ({
  type,
  read,
  sizeMax,
  bytesMin,
});

/** A value about which nothing is known. */
export const ANYTHING: Declaration = scalar(DYN, 1, readAny, TEXT_MAX);

/** A variable whose value is no JSON: the caller makes it. */
export const declareValueOf = (type: Type): Declaration =>
  scalar(type, 1, () => new CelError("this variable is not read from JSON"));

const readText: Read = (json) => (typeof json === "string" ? json : notAs("string"));
const readBool: Read = (json) => (typeof json === "boolean" ? json : notAs("bool"));
const readDouble: Read = (json) =>
  typeof json === "number" || typeof json === "bigint" ? Number(json) : notAs("float");
const readInt: Read = (json) => {
  if (typeof json === "number") return Number.isInteger(json) ? BigInt(json) : notAs("int");
  return typeof json === "bigint" ? json : notAs("int");
};
const readIntOrString: Read = (json) => (typeof json === "string" ? json : readInt(json));
const readBytes: Read = (json) => {
  if (typeof json !== "string") return notAs("string");
  try {
    return fromBase64(json);
  } catch {
    return notAs(`base64, got ${JSON.stringify(json)}`);
  }
};
const onText =
  (read: (text: string) => ReturnType<Read>): Read =>
  (json) =>
    typeof json === "string" ? read(json) : notAs("string");

const TEXT = scalar(STRING, 2, readText, TEXT_MAX);
const KEY = TEXT;

const META: JsonSchema = {
  type: "object",
  properties: { name: { type: "string" }, generateName: { type: "string" } },
};

/** The schema as it holds for a whole object: type and name are always there. */
const asResource = (schema: JsonSchema): JsonSchema => ({
  ...schema,
  properties: {
    ...schema.properties,
    kind: { type: "string" },
    apiVersion: { type: "string" },
    metadata: META,
  },
});

const NULL_UNWANTED = new CelError("invalid data, got null for schema with nullable=false");

/** Undefined where expressions cannot see the place: nothing is known about what stands there. */
export function declare(schema: JsonSchema, isResource = false): Declaration | undefined {
  const declared = declareValue(schema, isResource);
  if (!declared) return undefined;
  const { read } = declared;
  const ofNull = schema.nullable === true ? null : NULL_UNWANTED;
  return { ...declared, read: (json) => (json === null ? ofNull : read(json)) };
}

function declareValue(schema: JsonSchema, isResource: boolean): Declaration | undefined {
  if (schema["x-kubernetes-int-or-string"] === true) {
    const sizeMax = schema.maxLength === undefined ? TEXT_MAX : Math.max(schema.maxLength, 0) * 4;
    return { ...scalar(DYN, 1, readIntOrString), sizeMax };
  }
  const whole = isResource ? asResource(schema) : schema;
  switch (whole.type) {
    case "array":
      return declareList(whole);
    case "object":
      return declareObject(whole);
    case "string":
      return declareText(whole);
    case "boolean":
      return scalar(BOOL, 4, readBool);
    case "number":
      return scalar(DOUBLE, 1, readDouble);
    case "integer":
      return scalar(INT, 1, readInt);
    default:
      return undefined;
  }
}

const isEmbedded = (schema: JsonSchema): boolean => schema["x-kubernetes-embedded-resource"] === true;

function declareList(schema: JsonSchema): Declaration | undefined {
  const { items, maxItems } = schema;
  if (items === undefined || Array.isArray(items)) return undefined;
  const element = declare(items as JsonSchema, isEmbedded(items as JsonSchema));
  if (!element) return undefined;
  const sizeMax = maxItems ?? Math.floor((REQUEST_MAX - 2) / (element.bytesMin + 1));
  const listType = schema["x-kubernetes-list-type"];
  const keys = schema["x-kubernetes-list-map-keys"]?.map((key) => escapeName(key) ?? key);
  const read: Read = (json) => {
    if (!Array.isArray(json)) return notAs("an array for the provided schema with type=array");
    const list = new JsonList(json, element.read);
    if (listType === "set") return new KeyedList(list, undefined);
    return listType === "map" ? new KeyedList(list, keys ?? []) : list;
  };
  return { type: listOf(element.type), read, sizeMax: Math.max(sizeMax, 0), bytesMin: 2, element };
}

const NO_OBJECT = notAs("a map for the provided schema with type=object");

const isObject = (json: unknown): json is Readonly<Record<string, unknown>> =>
  typeof json === "object" && json !== null && !Array.isArray(json);

function declareObject(schema: JsonSchema): Declaration | undefined {
  const { additionalProperties: values } = schema;
  if (typeof values === "object") return declareMap(schema, values);
  const readers = new Map<string, FieldReader>();
  const escaped = new Map<string, string>();
  const fields = new Map<string, Declaration>();
  let bytesMin = 2;
  for (const [name, member] of Object.entries(schema.properties ?? {})) {
    const declared = declare(member, isEmbedded(member));
    if (!declared) continue;
    if (schema.required?.includes(name) && member.default === undefined)
      bytesMin += name.length + declared.bytesMin + 4;
    const written = escapeName(name);
    if (written === undefined) continue;
    fields.set(written, declared);
    readers.set(written, { name, read: declared.read });
    escaped.set(name, written);
  }
  const members = { readers, escaped };
  const type = objectType("object", new Map(Array.from(fields, ([name, { type: each }]) => [name, each])));
  return {
    type,
    read: (json) => (isObject(json) ? new JsonObject(json, members) : NO_OBJECT),
    sizeMax: 0,
    bytesMin,
    fields,
  };
}

function declareMap(schema: JsonSchema, values: JsonSchema): Declaration | undefined {
  const element = declare(values, isEmbedded(values));
  if (!element) return undefined;
  const sizeMax = schema.maxProperties ?? Math.floor((REQUEST_MAX - 2) / (element.bytesMin + 6));
  return {
    type: mapOf(STRING, element.type),
    read: (json) => (isObject(json) ? new JsonMap(json, element.read) : NO_OBJECT),
    sizeMax: Math.max(sizeMax, 0),
    bytesMin: 2,
    element,
    key: KEY,
  };
}

function declareText(schema: JsonSchema): Declaration {
  const { maxLength } = schema;
  switch (schema.format) {
    case "byte":
      return scalar(BYTES, 2, readBytes, maxLength === undefined ? TEXT_MAX : Math.max(maxLength, 0));
    case "duration":
      return scalar(DURATION, 3, onText(parseSpan), 32);
    case "date":
      return scalar(
        TIMESTAMP,
        12,
        onText((text) => parseTimestamp(`${text}T00:00:00Z`)),
        12,
      );
    case "date-time":
      return scalar(TIMESTAMP, 21, onText(parseTimestamp), 32);
    default:
      return maxLength === undefined
        ? { ...TEXT, sizeMax: longestText(schema) }
        : { ...TEXT, sizeMax: Math.max(maxLength, 0) * 4 };
  }
}

function longestText({ enum: values }: JsonSchema): number {
  if (!values || values.length === 0) return TEXT_MAX;
  return Math.max(0, ...values.map((value) => (typeof value === "string" ? value.length : 0)));
}
