/** The slow way through a value and its schema: run only to say what is wrong with a value, and where. */
import { canonicalQuantity } from "../quantity.ts";
import type { JsonSchema, ScalarName, Struct } from "../schema.ts";
import { membersSchema } from "../structural/defaults.ts";
import { unknownMembers } from "../structural/prune.ts";
import { toldTexts } from "../told.ts";
import { canonicalMicroTime, canonicalTime, parseDuration } from "../time.ts";
import { goNameOf, isObject, membersOf, type Resolved, resolve, shortNameOf } from "./shape.ts";

/** At most so many unknown fields are told of one object. */
const UNKNOWN_FIELDS_MAX = 100;

/** Paths of the fields that the schema does not have: `spec.containers[0].foo`. */
export function unknownFields(schema: Struct, value: unknown): string[] {
  const paths: string[] = [];
  findUnknown(schema, value, "", paths);
  return toldTexts(paths, UNKNOWN_FIELDS_MAX);
}

function findUnknown(type: Resolved, value: unknown, path: string, paths: string[]): void {
  if (typeof value !== "object" || value === null || paths.length >= UNKNOWN_FIELDS_MAX) return;
  if (type.kind === "list") {
    if (Array.isArray(value))
      value.forEach((one, i) => findUnknown(resolve(type.item), one, `${path}[${i}]`, paths));
  } else if (type.kind === "map") {
    for (const [key, one] of Object.entries(value))
      findUnknown(resolve(type.value), one, below(path, key), paths);
  } else if (type.kind === "struct") findUnknownMembers(type, value, path, paths);
}

function findUnknownMembers(struct: Struct, value: object, path: string, paths: string[]): void {
  if (struct.rules.json) {
    const schema = resolve(struct.fields.schema!.type);
    const list = Array.isArray(value) ? value : [value];
    list.forEach((one, i) => findUnknown(schema, one, Array.isArray(value) ? `${path}[${i}]` : path, paths));
    return;
  }
  if (struct.rules.structural)
    return findUnknownInCustom(struct, struct.rules.structural, value, path, paths);
  const members = new Map(membersOf(struct).map((member) => [member.name, member.type]));
  for (const [key, one] of Object.entries(value)) {
    const type = members.get(key);
    if (type) findUnknown(type, one, below(path, key), paths);
    else if (!struct.rules.preserveUnknown) paths.push(below(path, key));
  }
}

function findUnknownInCustom(
  struct: Struct,
  schema: JsonSchema,
  value: object,
  path: string,
  paths: string[],
): void {
  const { kind: _kind, apiVersion: _version, metadata, ...members } = value as Record<string, unknown>;
  findUnknown(resolve(struct.fields.metadata!.type), metadata, below(path, "metadata"), paths);
  paths.push(...unknownMembers(membersSchema(schema), members, path));
}

const below = (path: string, key: string): string => (path === "" ? key : `${path}.${key}`);

/** Where a value stands, in Go's terms: the struct around it and the path of field names. */
interface Place {
  readonly struct: string;
  readonly path: string;
}

/** What Go's decoder says of the first value whose type is wrong; undefined when all are right. */
export function wrongType(schema: Struct, value: unknown): string | undefined {
  return inType(schema, value, { struct: "", path: "" });
}

function inType(type: Resolved, value: unknown, place: Place): string | undefined {
  if (value === null || value === undefined) return undefined;
  switch (type.kind) {
    case "scalar":
      return inScalar(type.name, value, place);
    case "list": {
      if (!Array.isArray(value)) return cannot(value, goTypeOf(type), place);
      const item = resolve(type.item);
      return first(value, (one) => inType(item, one, place));
    }
    case "map": {
      if (!isObject(value)) return cannot(value, goTypeOf(type), place);
      const item = resolve(type.value);
      return first(Object.values(value), (one) => inType(item, one, place));
    }
    case "struct":
      return inStruct(type, value, place);
  }
}

function inStruct(struct: Struct, value: unknown, place: Place): string | undefined {
  if (struct.rules.json) return inUnion(struct, value, place);
  if (!isObject(value)) return cannot(value, goNameOf(struct), place);
  return first(membersOf(struct), ({ name, type }) =>
    Object.hasOwn(value, name)
      ? inType(type, value[name], { struct: shortNameOf(struct), path: below(place.path, name) })
      : undefined,
  );
}

function inUnion(struct: Struct, value: unknown, place: Place): string | undefined {
  const schema = resolve(struct.fields.schema!.type);
  if (isObject(value)) return inType(schema, value, place);
  if (struct.rules.json === "schemaOrBool") {
    return typeof value === "boolean" ? undefined : "boolean or JSON schema expected";
  }
  if (!Array.isArray(value)) return cannot(value, goNameOf(struct), place);
  const item: Resolved = struct.rules.json === "schemaOrArray" ? schema : { kind: "scalar", name: "string" };
  return first(value, (one) => inType(item, one, place));
}

function first<T>(all: Iterable<T>, find: (one: T) => string | undefined): string | undefined {
  for (const one of all) {
    const found = find(one);
    if (found !== undefined) return found;
  }
  return undefined;
}

const GO_TYPES: Readonly<Record<ScalarName, string>> = {
  string: "string",
  bool: "bool",
  int32: "int32",
  int64: "int64",
  uint32: "uint32",
  uint64: "uint64",
  bigint64: "int64",
  double: "float64",
  bytes: "[]uint8",
  rawBytes: "[]uint8",
  quantity: "resource.Quantity",
  intOrString: "intstr.IntOrString",
  time: "v1.Time",
  microTime: "v1.MicroTime",
  duration: "v1.Duration",
  json: "runtime.RawExtension",
};

function goTypeOf(type: Resolved): string {
  switch (type.kind) {
    case "scalar":
      return GO_TYPES[type.name];
    case "list":
      return `[]${goTypeOf(resolve(type.item))}`;
    case "map":
      return `map[string]${goTypeOf(resolve(type.value))}`;
    case "struct":
      return goNameOf(type);
  }
}

function inScalar(name: ScalarName, value: unknown, place: Place): string | undefined {
  const wrong = cannot(value, GO_TYPES[name], place);
  switch (name) {
    case "string":
      return typeof value === "string" ? undefined : wrong;
    case "bool":
      return typeof value === "boolean" ? undefined : wrong;
    case "double":
      return typeof value === "number" || typeof value === "bigint" ? undefined : wrong;
    case "int32":
      return inRange(value, -(2n ** 31n), 2n ** 31n - 1n) ? undefined : wrong;
    case "uint32":
      return inRange(value, 0n, 2n ** 32n - 1n) ? undefined : wrong;
    case "int64":
    case "bigint64":
      return inRange(value, -(2n ** 63n), 2n ** 63n - 1n) ? undefined : wrong;
    case "uint64":
      return inRange(value, 0n, 2n ** 64n - 1n) ? undefined : wrong;
    case "intOrString":
      if (typeof value === "string" || inRange(value, -(2n ** 31n), 2n ** 31n - 1n)) return undefined;
      return cannot(value, "int32", { struct: "", path: "" });
    case "bytes":
      return typeof value === "string" ? inBase64(value) : wrong;
    case "quantity":
      if (typeof value === "object" || typeof value === "boolean")
        return failureOf(() => canonicalQuantity(""));
      return failureOf(() => canonicalQuantity(String(value)));
    case "time":
      return inText(value, canonicalTime);
    case "microTime":
      return inText(value, canonicalMicroTime);
    case "duration":
      return inText(value, parseDuration);
    case "rawBytes":
      return value instanceof Uint8Array ? undefined : wrong;
    case "json":
      return undefined;
  }
}

const inText = (value: unknown, parse: (text: string) => unknown): string | undefined =>
  typeof value === "string"
    ? failureOf(() => parse(value))
    : cannot(value, "string", { struct: "", path: "" });

function inRange(value: unknown, min: bigint, max: bigint): boolean {
  if (typeof value === "bigint") return value >= min && value <= max;
  return Number.isSafeInteger(value) && (value as number) >= Number(min) && (value as number) <= Number(max);
}

function inBase64(text: string): string | undefined {
  const joined = text.replace(/[\r\n]/g, "");
  const good = /^[A-Za-z0-9+/]*/.exec(joined)![0].length;
  const padding = joined.slice(good);
  const rest = good % 4;
  if ((rest === 0 && padding === "") || (rest === 2 && padding === "==") || (rest === 3 && padding === "=")) {
    return undefined;
  }
  const at =
    padding === "" || /^=+$/.test(padding) ? joined.length - (rest === 0 ? padding.length : rest) : good;
  return `illegal base64 data at input byte ${Math.max(0, at)}`;
}

function failureOf(work: () => unknown): string | undefined {
  try {
    work();
    return undefined;
  } catch (error) {
    return (error as Error).message;
  }
}

/** `json: cannot unmarshal string into Go struct field DeploymentSpec.spec.replicas of type int32` */
function cannot(value: unknown, goType: string, { struct, path }: Place): string {
  const target = struct === "" ? "value" : `struct field ${struct}.${path}`;
  return `json: cannot unmarshal ${kindOf(value, goType)} into Go ${target} of type ${goType}`;
}

function kindOf(value: unknown, goType: string): string {
  if (typeof value === "boolean") return "bool";
  if (typeof value === "string") return "string";
  if (typeof value !== "number" && typeof value !== "bigint")
    return Array.isArray(value) ? "array" : "object";
  return /^u?int|^float/.test(goType) ? `number ${value}` : "number";
}
