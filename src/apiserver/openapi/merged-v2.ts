import { sameJson } from "#machinery/same-json";
import { isObject } from "#machinery/patch/merge-patch";
import { membersOf, type PartOfV2, partOfV2, renamed } from "./part-of-v2.ts";
import type { Json } from "./v3-from-v2.ts";

export interface OtherV2 {
  /** Of the paths that are the other server's: `/apis/group/version/`. */
  readonly prefix: string;
  /** All that it has said; undefined: nothing. */
  readonly document: Json | undefined;
}

/** One document of all servers. Definitions that mean something else elsewhere get another name there. */
export function mergedV2(own: Json, others: readonly OtherV2[]): Json {
  const kept = Object.entries(membersOf(own.paths)).filter(
    ([path]) => !others.some(({ prefix }) => path.startsWith(prefix)),
  );
  const paths: Record<string, unknown> = Object.fromEntries(kept);
  const definitions: Record<string, unknown> = { ...membersOf(own.definitions) };
  for (const { prefix, document } of others) {
    if (!document) continue;
    const part = apart(partOfV2(document, prefix), definitions);
    Object.assign(paths, part.paths);
    Object.assign(definitions, part.definitions);
  }
  return { ...own, paths: sorted(paths), definitions: sorted(definitions) };
}

function apart({ paths, definitions }: PartOfV2, taken: Json): PartOfV2 {
  const names = new Map<string, string>();
  const shared = new Map<string, unknown>();
  for (const [name, definition] of Object.entries(definitions)) {
    if (!Object.hasOwn(taken, name)) continue;
    const both = joined(taken[name], definition);
    if (both === undefined) names.set(name, freeName(name, taken));
    else shared.set(name, both);
  }
  const entries = Object.entries(definitions).map(([name, definition]) => [
    names.get(name) ?? name,
    shared.get(name) ?? renamed(definition, names),
  ]);
  return { paths: renamed(paths, names), definitions: Object.fromEntries(entries) as Json };
}

const KINDS = "x-kubernetes-group-version-kind";

/** What is the same but for the kinds that it stands for, as the one of both; undefined: they are two. */
function joined(one: unknown, other: unknown): unknown {
  if (!isObject(one) || !isObject(other)) return sameJson(one, other) ? one : undefined;
  const { [KINDS]: kinds = [], ...rest } = one;
  const { [KINDS]: others = [], ...otherRest } = other;
  if (!sameJson(rest, otherRest)) return undefined;
  if (!Array.isArray(kinds) || !Array.isArray(others)) return one;
  const more = others.filter((kind) => !kinds.some((known) => sameJson(known, kind)));
  return more.length === 0 ? one : { ...rest, [KINDS]: [...kinds, ...more] };
}

function freeName(name: string, taken: Json): string {
  for (let count = 2; ; count++) {
    const free = `${name}_v${count}`;
    if (!Object.hasOwn(taken, free)) return free;
  }
}

const sorted = (node: Json): Json =>
  Object.fromEntries(Object.entries(node).toSorted(([a], [b]) => (a < b ? -1 : 1)));
