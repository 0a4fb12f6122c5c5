import type { JsonObject } from "../patch/merge-patch.ts";
import { compareElements, elementText, kindOf } from "./element.ts";

/**
 * A set of fields in the form of `fieldsV1`: members of a node are `f:name`, `k:{"name":"x"}` and `v:"x"`. A node
 * with nothing inside is in the set itself; one with members is in it when it has a `.` as well. At the root, nothing
 * inside means the empty set. Sets are never changed in place.
 */
export type FieldSet = JsonObject;

export const EMPTY: FieldSet = {};

const isMember = (node: FieldSet, root: boolean): boolean => !root && (isEmpty(node) || "." in node);

/** Has a set, or a node of one, nothing inside? */
export function isEmpty(node: FieldSet): boolean {
  for (const _key in node) return false;
  return true;
}

/** The node with itself in the set, beside what is inside. */
export const withSelf = (node: FieldSet | undefined): FieldSet =>
  node === undefined || isEmpty(node) || "." in node ? (node ?? EMPTY) : { ".": EMPTY, ...node };

const child = (node: FieldSet | undefined, key: string): FieldSet | undefined =>
  node !== undefined && Object.hasOwn(node, key) ? (node[key] as FieldSet) : undefined;

/** What is left of a node, or nothing when it is neither in the set nor has members. */
function nodeOf(member: boolean, members: Record<string, FieldSet>, count: number): FieldSet | undefined {
  if (count === 0) return member ? EMPTY : undefined;
  return member ? { ".": EMPTY, ...members } : members;
}

export const union = (one: FieldSet, other: FieldSet): FieldSet => uniteNodes(one, other, true);

/** In one walk over all of them: owners are as many as somebody says, and the growing set is copied for none. */
export const unionOf = (all: readonly FieldSet[]): FieldSet => uniteAll(all, true);

function uniteAll(nodes: readonly FieldSet[], root: boolean): FieldSet {
  const [only = EMPTY] = nodes;
  if (nodes.length <= 1) return only;
  const parts = new Map<string, FieldSet[]>();
  for (const node of nodes)
    for (const [key, part] of Object.entries(node)) {
      if (key === ".") continue;
      const known = parts.get(key);
      if (known) known.push(part as FieldSet);
      else parts.set(key, [part as FieldSet]);
    }
  const members = Object.fromEntries([...parts].map(([key, inner]) => [key, uniteAll(inner, false)]));
  const isIn = nodes.some((node) => isMember(node, root));
  return nodeOf(isIn, members, parts.size) ?? EMPTY;
}

/** Gives `one` itself where `other` adds nothing. */
function uniteNodes(one: FieldSet, other: FieldSet, root: boolean): FieldSet {
  if (root && isEmpty(one)) return other;
  let added: Record<string, FieldSet> | undefined;
  for (const key of Object.keys(other)) {
    if (key === ".") continue;
    const [here, there] = [child(one, key), other[key] as FieldSet];
    const united = here ? uniteNodes(here, there, false) : there;
    if (united !== here) (added ??= {})[key] = united;
  }
  const member = isMember(one, root) || isMember(other, root);
  if (!added && (isMember(one, root) === member || isEmpty(one))) return one;
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
    if (index > 0 && compareElements(keys[index - 1]!, key) > 0) same = false;
    inner[key] = sorted(set[key] as FieldSet);
    if (inner[key] !== set[key]) same = false;
  }
  if (same) return set;
  return Object.fromEntries(keys.toSorted(compareElements).map((key) => [key, inner[key]!]));
}

/** Every field in the set as a path, those of a node before those inside: `.spec.containers[name="web"].image`. */
export function pathsOf(set: FieldSet, prefix = ""): string[] {
  const keys = Object.keys(set)
    .filter((key) => key !== ".")
    .toSorted(compareElements);
  const inner = (key: string) => set[key] as FieldSet;
  return [
    ...keys.filter((key) => isMember(inner(key), false)).map((key) => prefix + elementText(key)),
    ...keys.flatMap((key) => (isEmpty(inner(key)) ? [] : pathsOf(inner(key), prefix + elementText(key)))),
  ];
}

/** A set as a client wrote it; elements of kinds that nobody knows are left out. Undefined: it is none. */
export function readFieldSet(set: FieldSet): FieldSet | undefined {
  let changed: Record<string, FieldSet> | undefined;
  for (const key of Object.keys(set)) {
    const inner = set[key];
    const kind = kindOf(key);
    if (kind === "wrong" || typeof inner !== "object" || inner === null || Array.isArray(inner))
      return undefined;
    const read = kind === "unknown" ? undefined : readFieldSet(inner as FieldSet);
    if (kind !== "unknown" && read === undefined) return undefined;
    if (read === inner) continue;
    changed ??= { ...set } as Record<string, FieldSet>;
    if (read === undefined) delete changed[key];
    else changed[key] = read;
  }
  return changed ?? set;
}
