/** When a member stands in a canonical object, as code for the compiled decoders: `x` is the member's value. */
import type { ScalarName, Struct } from "../schema.ts";
import { isTypeMeta, type Member, type Resolved } from "./shape.ts";

/** JavaScript for the zero value of scalars. */
const ZERO: Readonly<Record<ScalarName, string>> = {
  string: `""`,
  bytes: `""`,
  rawBytes: "new Uint8Array(0)",
  bool: "false",
  int32: "0",
  int64: "0",
  uint32: "0",
  uint64: "0",
  bigint64: "0n",
  double: "0",
  intOrString: "0",
  quantity: `"0"`,
  duration: `"0s"`,
  time: "null",
  microTime: "null",
  json: "null",
};

/** Go structs, which `omitempty` never leaves out; where they are absent they stay so, as their types say. */
const NEVER_EMPTY = new Set<ScalarName>(["quantity", "intOrString", "time", "microTime", "duration", "json"]);

const isAlways = ({ name, facts }: Pick<Member, "name" | "facts">): boolean =>
  facts.omit === "never" && !isTypeMeta({ name, facts });

/** JavaScript for: does a member that was said stay? Empty for always. `t.some(x)` tells whether an object has keys. */
export function keptWhen(member: Member): string {
  const { facts, type } = member;
  if (isAlways(member)) return "";
  switch (type.kind) {
    case "struct":
      return facts.omit === "zero" && !facts.pointer ? "t.some(x)" : "";
    case "list":
      return "x.length > 0";
    case "map":
      return "t.some(x)";
    case "scalar":
      if (facts.pointer || NEVER_EMPTY.has(type.name)) return "";
      return type.name === "rawBytes" ? "x.length > 0" : `x !== ${ZERO[type.name]}`;
  }
}

/** JavaScript for what stands where nothing was said; undefined for nothing. `empty` is code for an empty struct. */
export function filledWith(member: Member, empty: (struct: Struct) => string): string | undefined {
  const { facts, type } = member;
  const always = isAlways(member);
  if (always && facts.nullable) return "null";
  if (facts.pointer) return undefined;
  if (type.kind === "struct" && !type.rules.json) return facts.omit === "zero" ? undefined : empty(type);
  return always ? zeroOf(type, empty) : undefined;
}

/** JavaScript for the zero value of a type. */
export const zeroOf = (type: Resolved, empty: (struct: Struct) => string): string => {
  switch (type.kind) {
    case "struct":
      return empty(type);
    case "list":
      return "[]";
    case "map":
      return "{}";
    case "scalar":
      return ZERO[type.name];
  }
};
