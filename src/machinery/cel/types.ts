/** Types as the checker knows them. */

export type Type =
  | { readonly kind: Simple }
  | { readonly kind: "list"; readonly element: Type }
  | { readonly kind: "map"; readonly key: Type; readonly value: Type }
  | ObjectType
  | { readonly kind: "opaque"; readonly name: string; readonly parameters: readonly Type[] }
  | { readonly kind: "type"; readonly of: Type | undefined }
  | { readonly kind: "parameter"; readonly name: string };

type Simple =
  | "int"
  | "uint"
  | "double"
  | "bool"
  | "string"
  | "bytes"
  | "null"
  | "dyn"
  | "error"
  | "timestamp"
  | "duration";

/** What is looked up by name: a Map, or what makes it when it is asked for. */
export interface ByName<T> {
  get(name: string): T | undefined;
}

/** A struct with known fields. Two are the same type when their names are. */
export interface ObjectType {
  readonly kind: "object";
  readonly name: string;
  /** By the names that expressions use (escaped). */
  readonly fields: ByName<Type>;
}

const simple = (kind: Simple): Type => ({ kind });

export const INT = simple("int");
export const UINT = simple("uint");
export const DOUBLE = simple("double");
export const BOOL = simple("bool");
export const STRING = simple("string");
export const BYTES = simple("bytes");
export const NULL = simple("null");
export const DYN = simple("dyn");
/** Of an expression that is wrong and has been reported: nothing more is said about it. */
export const ERROR = simple("error");
export const TIMESTAMP = simple("timestamp");
export const DURATION = simple("duration");

export const listOf = (element: Type): Type => ({ kind: "list", element });
export const mapOf = (key: Type, value: Type): Type => ({ kind: "map", key, value });
export const opaque = (name: string, ...parameters: Type[]): Type => ({ kind: "opaque", name, parameters });
export const optionalOf = (type: Type): Type => opaque("optional_type", type);
export const typeOf = (of: Type | undefined): Type => ({ kind: "type", of });
export const objectType = (name: string, fields: ByName<Type>): ObjectType => ({
  kind: "object",
  name,
  fields,
});

export const isOptional = (type: Type): boolean => type.kind === "opaque" && type.name === "optional_type";

const PRINTED: Partial<Record<Type["kind"], string>> = {
  error: "dyn",
  timestamp: "timestamp",
  duration: "duration",
};

/** As errors print it: `map(string, int)`. */
export function printType(type: Type): string {
  switch (type.kind) {
    case "list":
      return `list(${printType(type.element)})`;
    case "map":
      return `map(${printType(type.key)}, ${printType(type.value)})`;
    case "object":
    case "parameter":
      return type.name;
    case "opaque":
      return type.parameters.length === 0
        ? type.name
        : `${type.name}(${type.parameters.map(printType).join(", ")})`;
    case "type":
      return type.of ? `type(${printType(type.of)})` : "type";
    default:
      return PRINTED[type.kind] ?? type.kind;
  }
}

const NAMES: ReadonlyMap<string, Type> = new Map([
  ["int", INT],
  ["uint", UINT],
  ["double", DOUBLE],
  ["bool", BOOL],
  ["string", STRING],
  ["bytes", BYTES],
  ["null", NULL],
  ["dyn", DYN],
  ["timestamp", TIMESTAMP],
  ["duration", DURATION],
  ["type", typeOf(undefined)],
]);

/** `list(A)`, `map(string, int)`, `net.IP`: one capital letter is a type parameter, other unknown names are opaque. */
export function parseType(text: string): Type {
  const open = text.indexOf("(");
  if (open < 0) {
    if (/^[A-Z]$/.test(text)) return { kind: "parameter", name: text };
    return NAMES.get(text) ?? opaque(text);
  }
  const name = text.slice(0, open);
  const parameters = splitTypes(text.slice(open + 1, -1)).map(parseType);
  if (name === "list") return listOf(parameters[0]!);
  if (name === "map") return mapOf(parameters[0]!, parameters[1]!);
  return name === "type" ? typeOf(parameters[0]) : opaque(name, ...parameters);
}

/** At the commas that are not inside parentheses. */
export function splitTypes(text: string): readonly string[] {
  const parts: string[] = [];
  let depth = 0;
  let from = 0;
  for (let at = 0; at < text.length; at += 1) {
    if (text[at] === "(") depth += 1;
    else if (text[at] === ")") depth -= 1;
    else if (text[at] === "," && depth === 0) {
      parts.push(text.slice(from, at).trim());
      from = at + 1;
    }
  }
  const last = text.slice(from).trim();
  return last === "" ? parts : [...parts, last];
}
