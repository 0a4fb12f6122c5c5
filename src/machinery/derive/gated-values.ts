/** Values behind feature gates that are off: they are refused, unless the object already used them. */
import { type FieldProblem, at, entry, item, notSupported } from "../schema.ts";
import { holdersOf } from "./holders.ts";
import { isObject, type Member, type Resolved, resolve, type SchemaLike, schemaOf } from "./shape.ts";

type Gate = (name: string) => boolean;

interface Use {
  readonly path: string;
  readonly member: Member;
  readonly value: string;
}

const holdersIn = holdersOf(({ facts }) => facts.gatedValues !== undefined);

/** What `old` uses anywhere may stay, and be used again. */
export function disabledValues(
  of: SchemaLike,
  object: object,
  gate: Gate,
  old?: object,
): readonly FieldProblem[] {
  const schema = schemaOf(of);
  if (holdersIn(schema).length === 0) return [];
  const disabled = [...usesIn(schema, object, "")].filter(
    ({ member, value }) => !gate(member.facts.gatedValues![value]!),
  );
  if (disabled.length === 0) return [];
  const known = new Set(old ? Array.from(usesIn(schema, old, ""), ({ value }) => value) : []);
  return disabled
    .filter(({ value }) => !known.has(value))
    .map(({ path, member: { facts }, value }) => {
      const { values = [], gatedValues } = facts;
      const supported = values.filter((one) => !gatedValues![one] || gate(gatedValues![one]));
      return notSupported(path, value, supported);
    });
}

/** Where values that are behind a gate are used, whether it is on or off. */
function* usesIn(type: Resolved, value: unknown, path: string): Generator<Use> {
  if (typeof value !== "object" || value === null || holdersIn(type).length === 0) return;
  if (type.kind === "list") {
    const inner = resolve(type.item);
    for (const [index, one] of (value as readonly unknown[]).entries())
      yield* usesIn(inner, one, item(path, index));
  } else if (type.kind === "map") {
    const inner = resolve(type.value);
    for (const [key, one] of Object.entries(value)) yield* usesIn(inner, one, entry(path, key));
  } else if (type.kind === "struct" && isObject(value)) {
    for (const member of holdersIn(type)) {
      const [inner, place] = [value[member.name], at(path, member.name)];
      const isGated = typeof inner === "string" && member.facts.gatedValues?.[inner] !== undefined;
      if (isGated) yield { path: place, member, value: inner };
      else yield* usesIn(member.type, inner, place);
    }
  }
}
