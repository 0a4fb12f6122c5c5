/**
 * JSON of custom kinds in canonical form: members in order of their names, and those that the schema does not know
 * taken out. A value that already is canonical comes back as it is, not copied.
 */
import { put } from "../derive/shape.ts";
import type { JsonSchema } from "../schema.ts";
import { toldTexts } from "../told.ts";
import { EMBEDDED_MEMBERS, isEmbedded, itemsOf, keepsUnknown, valuesOf } from "./place.ts";

/** At most so many unknown fields are told of one object. */
const UNKNOWN_FIELDS_MAX = 100;

export interface PruneState {
  /** An unknown field was met. */
  unknown: boolean;
  /** Objects and lists around the value. */
  depth?: number;
}

/** Deeper values than anybody writes; all that walks through them later has room enough on the stack. */
const DEPTH_MAX = 1000;

function enter(state: PruneState): void {
  state.depth = (state.depth ?? 0) + 1;
  if (state.depth > DEPTH_MAX) throw new RangeError("exceeded max depth");
}

export type Prune = (value: unknown, state: PruneState) => unknown;

const known = new WeakMap<JsonSchema, Prune>();

/** Made once for each schema. */
export function pruneOf(schema: JsonSchema): Prune {
  let made = known.get(schema);
  if (!made) known.set(schema, (made = compile(schema)));
  return made;
}

/** Keeps everything, in order. */
const keepAll: Prune = (value, state) => {
  if (typeof value !== "object" || value === null) return value;
  return Array.isArray(value) ? eachItem(value, keepAll, state) : eachMember(value, () => keepAll, state);
};

function compile(schema: JsonSchema): Prune {
  const items = itemsOf(schema);
  const values = valuesOf(schema);
  const keeps = keepsUnknown(schema);
  const members = new Map<string, Prune>();
  if (isEmbedded(schema))
    for (const [name, member] of Object.entries(EMBEDDED_MEMBERS)) members.set(name, pruneOf(member));
  for (const [name, member] of Object.entries(schema.properties ?? {}))
    if (!members.has(name)) members.set(name, pruneOf(member));
  const other = values === true ? keepAll : values ? pruneOf(values) : keeps ? keepAll : undefined;
  const item = items ? pruneOf(items) : keepAll;
  const memberOf = (key: string) => members.get(key) ?? other;
  return (value, state) => {
    if (typeof value !== "object" || value === null) return value;
    return Array.isArray(value) ? eachItem(value, item, state) : eachMember(value, memberOf, state);
  };
}

function eachItem(list: readonly unknown[], item: Prune, state: PruneState): unknown {
  let made: unknown[] | undefined;
  enter(state);
  for (const [index, before] of list.entries()) {
    const after = item(before, state);
    if (after !== before) (made ??= list.slice())[index] = after;
  }
  state.depth!--;
  return made ?? list;
}

function eachMember(value: object, memberOf: (key: string) => Prune | undefined, state: PruneState): object {
  const members = value as Readonly<Record<string, unknown>>;
  let changed: Map<string, unknown> | undefined;
  let last = "";
  let isSorted = true;
  enter(state);
  for (const key in members) {
    if (key < last) isSorted = false;
    last = key;
    const before = members[key];
    const prune = memberOf(key);
    if (!prune) state.unknown = true;
    const after = prune?.(before, state);
    if (after !== before || before === undefined) (changed ??= new Map()).set(key, after);
  }
  state.depth!--;
  if (!changed && (isSorted || hasIntegerOrder(members))) return value;
  const made: Record<string, unknown> = {};
  for (const key of Object.keys(members).toSorted()) {
    const after = changed?.has(key) ? changed.get(key) : members[key];
    if (after !== undefined) put(made, key, after);
  }
  return made;
}

/** Keys that look like integers always come first, by their number; the others are sorted. */
function hasIntegerOrder(members: object): boolean {
  const keys = Object.keys(members);
  const others = keys.filter((key) => !INTEGER.test(key));
  return others.length < keys.length && others.every((key, at) => at === 0 || others[at - 1]! < key);
}

const INTEGER = /^(?:0|[1-9]\d{0,9})$/;

/** Paths of the members that are taken out: `spec.ports[0].foo`. */
export function unknownMembers(schema: JsonSchema, value: unknown, path: string): string[] {
  const paths: string[] = [];
  find(schema, value, path, paths);
  return toldTexts(paths, UNKNOWN_FIELDS_MAX);
}

function find(schema: JsonSchema, value: unknown, path: string, paths: string[]): void {
  if (typeof value !== "object" || value === null || paths.length > UNKNOWN_FIELDS_MAX) return;
  if (Array.isArray(value)) {
    const items = itemsOf(schema);
    if (items) value.forEach((one, index) => find(items, one, `${path}[${index}]`, paths));
    return;
  }
  const values = valuesOf(schema);
  for (const [key, one] of Object.entries(value)) {
    const below = path === "" ? key : `${path}.${key}`;
    const fixed =
      isEmbedded(schema) && Object.hasOwn(EMBEDDED_MEMBERS, key) ? EMBEDDED_MEMBERS[key] : undefined;
    const own = Object.hasOwn(schema.properties ?? {}, key) ? schema.properties![key] : undefined;
    const member = fixed ?? own ?? values;
    if (member === true) continue;
    if (member) find(member, one, below, paths);
    else if (!keepsUnknown(schema)) paths.push(below);
  }
}
