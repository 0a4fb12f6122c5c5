import { Event } from "#api/core-v1/event";
import type { Resource, Verb } from "#machinery/schema";

/** One rule of an RBAC role. */
export interface PolicyRule {
  readonly apiGroups: readonly string[];
  readonly resources: readonly string[];
  readonly verbs: readonly string[];
}

/** A kind that a controller writes, and how. */
export interface Write {
  readonly kind: Resource;
  readonly verbs: readonly Verb[];
  readonly subresource?: string;
}

/** The kinds that a controller declares. */
export interface Declared {
  readonly watches: Resource;
  readonly owns?: readonly Resource[];
  readonly wakes?: readonly { readonly on: Resource }[];
  readonly reads?: readonly Resource[];
  readonly writes?: readonly Write[];
  readonly rights?: readonly PolicyRule[];
}

const READ: readonly Verb[] = ["get", "list", "watch"];
const OWN: readonly Verb[] = ["create", "delete", "patch", "update"];

/** What a controller must be allowed to do, from what it declares. */
export function rulesOf({
  watches,
  owns = [],
  wakes = [],
  reads = [],
  writes = [],
  rights = [],
}: Declared): readonly PolicyRule[] {
  const verbs = new Map<
    string,
    { readonly kind: Resource; readonly subresource: string; readonly verbs: Set<string> }
  >();
  const allow = (kind: Resource, granted: readonly string[], subresource = "") => {
    const key = `${kind.group}/${kind.plural}/${subresource}`;
    const known = verbs.get(key) ?? { kind, subresource, verbs: new Set<string>() };
    for (const verb of granted) known.verbs.add(verb);
    verbs.set(key, known);
  };
  for (const kind of [watches, ...owns, ...wakes.map(({ on }) => on), ...reads]) allow(kind, READ);
  for (const kind of owns) allow(kind, OWN);
  if (owns.length > 0) allow(watches, ["update"], "finalizers");
  if (watches.statusSubresource) allow(watches, ["update", "patch"], "status");
  for (const { kind, verbs: granted, subresource } of writes) allow(kind, granted, subresource);
  allow(Event, ["create", "patch"]);
  const rules = [...verbs.values()].map(({ kind, subresource, verbs: granted }) => ({
    apiGroups: [kind.group],
    resources: [subresource === "" ? kind.plural : `${kind.plural}/${subresource}`],
    verbs: [...granted].toSorted(),
  }));
  return [...rules, ...rights];
}
