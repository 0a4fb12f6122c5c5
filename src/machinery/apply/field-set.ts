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

/** A node that is in the set or not, with these members; undefined when nothing is left of it. */
function nodeOf(member: boolean, members: Map<string, FieldSet>): FieldSet | undefined {
  if (members.size === 0) return member ? EMPTY : undefined;
  return Object.fromEntries(member ? [[".", EMPTY], ...members] : members);
}

type Combine = (inOne: boolean, inOther: boolean) => boolean;

function combine(
  one: FieldSet | undefined,
  other: FieldSet | undefined,
  keep: Combine,
  root: boolean,
): FieldSet | undefined {
  const members = new Map<string, FieldSet>();
  for (const key of new Set([...Object.keys(one ?? EMPTY), ...Object.keys(other ?? EMPTY)])) {
    if (key === ".") continue;
    const combined = combine(child(one, key), child(other, key), keep, false);
    if (combined) members.set(key, combined);
  }
  return nodeOf(
    keep(one !== undefined && isMember(one, root), other !== undefined && isMember(other, root)),
    members,
  );
}

export function union(one: FieldSet, other: FieldSet): FieldSet {
  if (isBare(one)) return other;
  if (isBare(other)) return one;
  return combine(one, other, (inOne, inOther) => inOne || inOther, true) ?? EMPTY;
}

export function difference(one: FieldSet, other: FieldSet): FieldSet {
  if (isBare(one) || isBare(other)) return one;
  return combine(one, other, (inOne, inOther) => inOne && !inOther, true) ?? EMPTY;
}

export function intersection(one: FieldSet, other: FieldSet): FieldSet {
  if (isBare(one) || isBare(other)) return EMPTY;
  return combine(one, other, (inOne, inOther) => inOne && inOther, true) ?? EMPTY;
}

/** The same set with its members in the order in which the API prints them. */
export const sorted = (set: FieldSet): FieldSet =>
  Object.fromEntries(
    Object.keys(set)
      .toSorted()
      .map((key) => [key, sorted(set[key] as FieldSet)]),
  );

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
