/** What the server puts where the client said nothing. Parts that nothing is added to are shared, not copied. */
import type { Resource, Struct } from "../schema.ts";
import { isObject, type Member, membersOf, put, type Resolved, resolve } from "./shape.ts";

type Apply = (value: unknown) => unknown;
type Values = Record<string, unknown>;

/** `undefined` while it is being found out, for structs that hold themselves. */
const compiled = new WeakMap<Struct, Apply | "nothing" | "in progress">();

/**
 * The declared defaults at every depth, then those of the kind's rules. Doing it twice is as good as once.
 * `object` is canonical, as `decodeJson` gives it.
 */
export function applyDefaults<T extends object>(of: Pick<Resource, "schema" | "rules">, object: T): T {
  const filled = (applyOf(of.schema)?.(object) ?? object) as T;
  const { defaults } = of.rules as { defaults?(object: T): T };
  return defaults ? (of.rules as { defaults(object: T): T }).defaults(filled) : filled;
}

/** As `applyDefaults` for a struct alone: the declared ones. */
export const applyDeclaredDefaults = <T>(schema: Struct, value: T): T =>
  (applyOf(schema)?.(value) ?? value) as T;

interface Step {
  readonly name: string;
  readonly value: unknown;
  readonly inner: Apply | undefined;
  /** Zero says as little as absence. */
  readonly zeroIsUnset: boolean;
}

/** Undefined where there is nothing to fill in, however deep. */
function applyOf(struct: Struct): Apply | undefined {
  const known = compiled.get(struct);
  if (known === "nothing") return undefined;
  if (known === "in progress") return (value) => applyOf(struct)?.(value) ?? value;
  if (known) return known;
  compiled.set(struct, "in progress");
  const made = compile(struct);
  compiled.set(struct, made ?? "nothing");
  return made;
}

function compile(struct: Struct): Apply | undefined {
  if (struct.rules.json) return undefined;
  const members = membersOf(struct);
  const steps = members.map(stepOf).filter((step) => step !== undefined);
  if (steps.length === 0) return undefined;
  return (value) => {
    if (!isObject(value)) return value;
    let changed: Map<string, unknown> | undefined;
    for (const step of steps) {
      const before = value[step.name];
      const after = stepped(step, before);
      if (after !== before) (changed ??= new Map()).set(step.name, after);
    }
    return changed ? rebuilt(members, value, changed) : value;
  };
}

function stepped({ value, inner, zeroIsUnset }: Step, before: unknown): unknown {
  const unset = before === undefined || before === null || (zeroIsUnset && isZero(before));
  const stands = unset && value !== undefined ? value : before;
  return inner && stands !== undefined && stands !== null ? inner(stands) : stands;
}

const isZero = (value: unknown): boolean =>
  value === "" || value === 0 || value === false || (Array.isArray(value) && value.length === 0);

/** In schema order, as every canonical object. */
function rebuilt(members: readonly Member[], value: Values, changed: ReadonlyMap<string, unknown>): Values {
  const made: Values = {};
  for (const { name } of members) {
    const member = changed.has(name) ? changed.get(name) : value[name];
    if (member !== undefined && (changed.has(name) || Object.hasOwn(value, name))) put(made, name, member);
  }
  for (const name in value) if (!Object.hasOwn(made, name)) put(made, name, value[name]);
  return made;
}

function stepOf({ name, facts, type }: Member): Step | undefined {
  const inner = applyInside(type);
  if (facts.default === undefined && !inner) return undefined;
  return { name, value: facts.default, inner, zeroIsUnset: !facts.pointer && type.kind !== "struct" };
}

function applyInside(type: Resolved): Apply | undefined {
  switch (type.kind) {
    case "scalar":
      return undefined;
    case "struct":
      return applyOf(type);
    case "list": {
      const item = applyInside(resolve(type.item));
      return item && ((list) => applyToList(list as readonly unknown[], item));
    }
    case "map": {
      const item = applyInside(resolve(type.value));
      return item && ((map) => applyToMap(map as Values, item));
    }
  }
}

function applyToList(list: readonly unknown[], item: Apply): unknown {
  let made: unknown[] | undefined;
  for (const [i, before] of list.entries()) {
    const after = item(before);
    if (after !== before) (made ??= list.slice())[i] = after;
  }
  return made ?? list;
}

function applyToMap(map: Values, item: Apply): unknown {
  let made: Values | undefined;
  for (const key in map) {
    const after = item(map[key]);
    if (after !== map[key]) put((made ??= { ...map }), key, after);
  }
  return made ?? map;
}
