/** What a custom kind's schema puts where the client said nothing. Parts that nothing is added to are shared. */
import { isObject, put } from "../derive/shape.ts";
import type { JsonSchema } from "../schema.ts";
import { isEmbedded, itemsOf, TYPE_MEMBERS, valuesOf } from "./place.ts";

type Fill = (value: unknown) => unknown;
type Values = Readonly<Record<string, unknown>>;

const known = new WeakMap<JsonSchema, Fill>();

/**
 * Fills in defaults at every depth, and takes out nulls that may not stand: where null is no value of its own, it
 * means that nothing was said. Doing it twice is as good as once.
 */
export function defaultsOf(schema: JsonSchema): Fill {
  let made = known.get(schema);
  if (!made) known.set(schema, (made = compile(schema)));
  return made;
}

interface Step {
  readonly name: string;
  readonly value: unknown;
  readonly nullable: boolean;
  readonly fill: Fill;
}

function compile(schema: JsonSchema): Fill {
  const items = itemsOf(schema);
  const values = valuesOf(schema);
  const steps = Object.entries(schema.properties ?? {})
    // Kind, apiVersion and metadata of embedded objects are as they were sent.
    .filter(([name]) => !(isEmbedded(schema) && TYPE_MEMBERS.has(name)))
    .map(([name, member]): Step => ({
      name,
      value: member.default,
      nullable: member.nullable === true,
      fill: defaultsOf(member),
    }));
  const item = items && defaultsOf(items);
  const each = values && values !== true ? { schema: values, fill: defaultsOf(values) } : undefined;
  if (steps.length === 0 && !item && !each) return (value) => value;
  return (value) => {
    if (typeof value !== "object" || value === null) return value;
    if (Array.isArray(value)) return item ? filledList(value, item) : value;
    if (steps.length > 0) return filled(value as Values, steps);
    return each ? filledMap(value as Values, each.schema, each.fill) : value;
  };
}

function filledList(list: readonly unknown[], item: Fill): unknown {
  let made: unknown[] | undefined;
  for (const [index, before] of list.entries()) {
    const after = item(before);
    if (after !== before) (made ??= list.slice())[index] = after;
  }
  return made ?? list;
}

function filled(value: Values, steps: readonly Step[]): Values {
  let changed: Map<string, unknown> | undefined;
  for (const { name, value: initial, nullable, fill } of steps) {
    const before = Object.hasOwn(value, name) ? value[name] : undefined;
    const unset = before === undefined || (before === null && !nullable);
    const after = fill(unset ? initial : before);
    if (after !== before) (changed ??= new Map()).set(name, after);
  }
  return changed ? withMembers(value, changed) : value;
}

function filledMap(value: Values, schema: JsonSchema, fill: Fill): Values {
  let changed: Map<string, unknown> | undefined;
  for (const key in value) {
    const before = value[key];
    const after = before === null && schema.nullable !== true ? schema.default : fill(before);
    if (after !== before) (changed ??= new Map()).set(key, after);
  }
  return changed ? withMembers(value, changed) : value;
}

/** In order of names; undefined takes a member out. */
function withMembers(value: Values, changed: ReadonlyMap<string, unknown>): Values {
  const made: Record<string, unknown> = {};
  const names = new Set([...Object.keys(value), ...changed.keys()]);
  for (const name of [...names].toSorted()) {
    const member = changed.has(name) ? changed.get(name) : value[name];
    if (member !== undefined) put(made, name, member);
  }
  return made;
}

/** The whole object: kind, apiVersion and metadata stay, where they are and what they are. */
export function defaultObject<T extends object>(root: JsonSchema, object: T): T {
  const after = defaultsOf(membersSchema(root))(object);
  if (after === object || !isObject(after)) return object;
  const { kind, apiVersion, metadata, ...rest } = after;
  return { kind, apiVersion, metadata, ...rest } as unknown as T;
}

const membersOnly = new WeakMap<JsonSchema, JsonSchema>();

/** The schema of an object without what every object has. */
export function membersSchema(root: JsonSchema): JsonSchema {
  let made = membersOnly.get(root);
  if (!made) {
    const members = Object.entries(root.properties ?? {}).filter(([name]) => !TYPE_MEMBERS.has(name));
    made = { ...root, properties: Object.fromEntries(members) };
    membersOnly.set(root, made);
  }
  return made;
}
