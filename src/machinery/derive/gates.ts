/** Fields behind feature gates that are off: they are dropped on write, unless the object already used them. */
import type { Struct } from "../schema.ts";
import { holdersOf } from "./holders.ts";
import { isObject, type Member, type Resolved, resolve, type SchemaLike, schemaOf } from "./shape.ts";

type Gate = (name: string) => boolean;
type Values = Record<string, unknown>;

const gatedIn = holdersOf(({ facts }) => facts.gates.length > 0);

/**
 * The object without the fields whose gates are all off. What `old` uses anywhere may stay: an update does not
 * take away what was allowed once. Shares what does not change.
 */
export function dropDisabled<T extends object>(of: SchemaLike, object: T, gate: Gate, old?: object): T {
  const schema = schemaOf(of);
  const used = new Set<Member>();
  if (old) findUsed(schema, old, used);
  return dropIn(schema, object, (member) => used.has(member) || member.facts.gates.some(gate)) as T;
}

function dropIn(type: Resolved, value: unknown, allowed: (member: Member) => boolean): unknown {
  if (typeof value !== "object" || value === null) return value;
  switch (type.kind) {
    case "scalar":
      return value;
    case "list": {
      const inner = resolve(type.item);
      if (!Array.isArray(value) || gatedIn(inner).length === 0) return value;
      const made = value.map((one: unknown) => dropIn(inner, one, allowed));
      return made.every((one, i) => one === value[i]) ? value : made;
    }
    case "map": {
      const inner = resolve(type.value);
      if (gatedIn(inner).length === 0) return value;
      const made = Object.entries(value).map(([key, one]) => [key, dropIn(inner, one, allowed)] as const);
      return made.every(([key, one]) => one === (value as Values)[key]) ? value : Object.fromEntries(made);
    }
    case "struct":
      return isObject(value) ? dropMembers(type, value, allowed) : value;
  }
}

function dropMembers(struct: Struct, value: Values, allowed: (member: Member) => boolean): Values {
  let made: Values | undefined;
  for (const member of gatedIn(struct)) {
    const { name, facts, type } = member;
    const before = value[name];
    if (before === undefined) continue;
    const drops = facts.gates.length > 0 && !allowed(member);
    const after = drops ? undefined : dropIn(type, before, allowed);
    if (after === before) continue;
    made ??= { ...value };
    if (after === undefined) delete made[name];
    else made[name] = after;
  }
  return made ?? value;
}

function findUsed(type: Resolved, value: unknown, used: Set<Member>): void {
  if (typeof value !== "object" || value === null) return;
  if (type.kind === "list" || type.kind === "map") {
    const inner = resolve(type.kind === "list" ? type.item : type.value);
    if (gatedIn(inner).length > 0) for (const one of Object.values(value)) findUsed(inner, one, used);
  } else if (type.kind === "struct") {
    for (const member of gatedIn(type)) {
      const inner = (value as Values)[member.name];
      if (inner === undefined || inner === null) continue;
      if (member.facts.gates.length > 0) used.add(member);
      findUsed(member.type, inner, used);
    }
  }
}
