import { EMPTY, type FieldSet } from "./field-set.ts";

/** A way to fields, by the names on it; `*` is any item of a list or entry of a map. */
export type FieldPattern = readonly string[];

/** Of a set of fields those to which a pattern leads, with all that is inside, and what is passed on the way there. */
export const matching = (set: FieldSet, patterns: readonly FieldPattern[]): FieldSet =>
  only(set, patterns, 0) ?? EMPTY;

function only(set: FieldSet, patterns: readonly FieldPattern[], depth: number): FieldSet | undefined {
  if (patterns.some(({ length }) => length === depth)) return set;
  const members: Record<string, FieldSet> = {};
  let found = false;
  for (const [element, inner] of Object.entries(set)) {
    if (element === ".") {
      members[element] = EMPTY;
      continue;
    }
    const further = patterns.filter((pattern) => pattern[depth] === "*" || `f:${pattern[depth]}` === element);
    const fields = further.length === 0 ? undefined : only(inner as FieldSet, further, depth + 1);
    if (fields === undefined) continue;
    members[element] = fields;
    found = true;
  }
  return found || "." in members || Object.keys(set).length === 0 ? members : undefined;
}
