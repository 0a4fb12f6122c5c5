import type {
  CustomResourceDefinition,
  CustomResourceDefinitionNames,
} from "#api/apiextensions-v1/customresourcedefinition";

export type Names = CustomResourceDefinitionNames;

/** Which of the wanted names a definition gets, and what is in the way of the others. */
export interface NamesOutcome {
  readonly accepted: Names;
  readonly conflict: { readonly reason: string; readonly message: string } | undefined;
}

const NO_NAMES: Names = { plural: "", kind: "" };

/** Names of one group belong to the definition that had them first. `others`: the group's other definitions. */
export function settleNames(
  { spec, status }: CustomResourceDefinition,
  others: readonly CustomResourceDefinition[],
): NamesOutcome {
  const wanted = spec.names;
  const had = status?.acceptedNames ?? NO_NAMES;
  const taken = namesTaken(others);
  let conflict: NamesOutcome["conflict"];
  const settle = <T>(wish: T, before: T, problem: string, reason: string): T => {
    if (problem === "") return wish;
    conflict = { reason, message: problem };
    return before;
  };
  const inUse = (name: string, before: string | undefined, used: ReadonlySet<string>): string =>
    name !== before && used.has(name) ? `${JSON.stringify(name)} is already in use` : "";
  const { resources, kinds } = taken;
  const singular = wanted.singular ?? "";
  const listKind = wanted.listKind ?? "";
  const shortNames = wanted.shortNames ?? [];
  const problems = shortNames
    .map((name) => (had.shortNames?.includes(name) ? "" : inUse(name, undefined, resources)))
    .filter((problem) => problem !== "");
  const accepted: Names = {
    plural: settle(wanted.plural, had.plural, inUse(wanted.plural, had.plural, resources), "PluralConflict"),
    singular: settle(
      singular,
      had.singular ?? "",
      inUse(singular, had.singular, resources),
      "SingularConflict",
    ),
    shortNames: settle(shortNames, had.shortNames ?? [], aggregate(problems), "ShortNamesConflict"),
    kind: settle(wanted.kind, had.kind, inUse(wanted.kind, had.kind, kinds), "KindConflict"),
    listKind: settle(listKind, had.listKind ?? "", inUse(listKind, had.listKind, kinds), "ListKindConflict"),
    categories: wanted.categories ?? [],
  };
  return { accepted: withoutEmpty(accepted), conflict };
}

const aggregate = (problems: readonly string[]): string =>
  problems.length <= 1 ? (problems[0] ?? "") : `[${problems.join(", ")}]`;

/** As stored: nothing is said that need not be. */
function withoutEmpty({ singular, shortNames, listKind, categories, ...names }: Names): Names {
  return {
    plural: names.plural,
    ...(singular ? { singular } : {}),
    ...(shortNames && shortNames.length > 0 ? { shortNames } : {}),
    kind: names.kind,
    ...(listKind ? { listKind } : {}),
    ...(categories && categories.length > 0 ? { categories } : {}),
  };
}

function namesTaken(definitions: readonly CustomResourceDefinition[]) {
  const resources = new Set<string>();
  const kinds = new Set<string>();
  for (const { status } of definitions) {
    const { plural, singular, shortNames = [], kind, listKind } = status?.acceptedNames ?? NO_NAMES;
    for (const name of [plural, singular, ...shortNames]) if (name) resources.add(name);
    for (const name of [kind, listKind]) if (name) kinds.add(name);
  }
  return { resources, kinds };
}
