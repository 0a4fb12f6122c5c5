import type { JsonObject } from "../patch/merge-patch.ts";

/**
 * A set of fields in the form of `fieldsV1`: members of a node are `f:name`, `k:{"name":"x"}` and `v:"x"`. A node
 * with nothing inside is in the set itself; one with members is in it when it has a `.` as well. At the root, nothing
 * inside means the empty set. Sets are never changed in place.
 */
export type FieldSet = JsonObject;

export const EMPTY: FieldSet = {};

const isMember = (node: FieldSet, root: boolean): boolean => !root && (isBare(node) || "." in node);

function isBare(node: FieldSet): boolean {
  for (const _key in node) return false;
  return true;
}

export const isEmpty = (set: FieldSet): boolean => isBare(set);

const child = (node: FieldSet | undefined, key: string): FieldSet | undefined =>
  node !== undefined && Object.hasOwn(node, key) ? (node[key] as FieldSet) : undefined;

/** What is left of a node, or nothing when it is neither in the set nor has members. */
function nodeOf(member: boolean, members: Record<string, FieldSet>, count: number): FieldSet | undefined {
  if (count === 0) return member ? EMPTY : undefined;
  return member ? { ".": EMPTY, ...members } : members;
}

export const union = (one: FieldSet, other: FieldSet): FieldSet => uniteNodes(one, other, true);

/** Gives `one` itself where `other` adds nothing. */
function uniteNodes(one: FieldSet, other: FieldSet, root: boolean): FieldSet {
  if (root && isBare(one)) return other;
  let added: Record<string, FieldSet> | undefined;
  for (const key of Object.keys(other)) {
    if (key === ".") continue;
    const [here, there] = [child(one, key), other[key] as FieldSet];
    const united = here ? uniteNodes(here, there, false) : there;
    if (united !== here) (added ??= {})[key] = united;
  }
  const member = isMember(one, root) || isMember(other, root);
  if (!added && (isMember(one, root) === member || isBare(one))) return one;
  const { ".": _self, ...members } = { ...one, ...added };
  return nodeOf(member, members as Record<string, FieldSet>, Object.keys(members).length) ?? EMPTY;
}

export const difference = (one: FieldSet, other: FieldSet): FieldSet =>
  subtractNodes(one, other, true) ?? EMPTY;

/** Gives `one` itself where `other` takes nothing away; undefined when nothing is left. */
function subtractNodes(one: FieldSet, other: FieldSet, root: boolean): FieldSet | undefined {
  let changed: Map<string, FieldSet | undefined> | undefined;
  for (const key of Object.keys(other)) {
    const here = key === "." ? undefined : child(one, key);
    if (!here) continue;
    const left = subtractNodes(here, other[key] as FieldSet, false);
    if (left !== here) (changed ??= new Map()).set(key, left);
  }
  const member = isMember(one, root) && !isMember(other, root);
  if (!changed && member === isMember(one, root)) return one;
  const members: Record<string, FieldSet> = {};
  let count = 0;
  for (const key of Object.keys(one)) {
    if (key === ".") continue;
    const left = changed?.has(key) ? changed.get(key) : (one[key] as FieldSet);
    if (!left) continue;
    members[key] = left;
    count++;
  }
  return nodeOf(member, members, count);
}

export const intersection = (one: FieldSet, other: FieldSet): FieldSet =>
  intersectNodes(one, other, true) ?? EMPTY;

function intersectNodes(one: FieldSet, other: FieldSet, root: boolean): FieldSet | undefined {
  const members: Record<string, FieldSet> = {};
  let count = 0;
  for (const key of Object.keys(one)) {
    const there = key === "." ? undefined : child(other, key);
    const common = there && intersectNodes(one[key] as FieldSet, there, false);
    if (!common) continue;
    members[key] = common;
    count++;
  }
  return nodeOf(isMember(one, root) && isMember(other, root), members, count);
}

/** The same set with its members in the order in which the API prints them; itself when they are. */
export function sorted(set: FieldSet): FieldSet {
  const keys = Object.keys(set);
  let same = true;
  const inner: Record<string, FieldSet> = {};
  for (let index = 0; index < keys.length; index++) {
    const key = keys[index]!;
    if (index > 0 && keys[index - 1]! > key) same = false;
    inner[key] = sorted(set[key] as FieldSet);
    if (inner[key] !== set[key]) same = false;
  }
  if (same) return set;
  return Object.fromEntries(keys.toSorted().map((key) => [key, inner[key]!]));
}

/** Every field in the set as a path: `.spec.containers[name="web"].image`. */
export function pathsOf(set: FieldSet, prefix = "", root = true): string[] {
  const paths = isMember(set, root) ? [prefix] : [];
  for (const [key, inner] of Object.entries(set)) {
    if (key !== ".") paths.push(...pathsOf(inner as FieldSet, prefix + pathElement(key), false));
  }
  return paths;
}

function pathElement(key: string): string {
  const text = key.slice(2);
  if (key.startsWith("f:")) return `.${text}`;
  if (key.startsWith("v:")) return `[=${text}]`;
  if (key.startsWith("i:")) return `[${text}]`;
  const fields = Object.entries(JSON.parse(text) as JsonObject);
  return `[${fields.map(([name, value]) => `${name}=${JSON.stringify(value)}`).join(",")}]`;
}
