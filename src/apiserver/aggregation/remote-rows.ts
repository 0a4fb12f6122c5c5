/** The kinds of another server, read from the list that every server has for each group and version. */
import { isObject } from "#machinery/patch/merge-patch";

/** Members of an APIResourceList, as far as they are needed. */
interface Row {
  readonly name: string;
  readonly singularName: string;
  readonly namespaced: boolean;
  readonly kind: string;
  readonly group: string;
  readonly version: string;
  readonly verbs: readonly string[];
  readonly shortNames: readonly string[];
  readonly categories: readonly string[];
}

/** As aggregated discovery has them: subresources within their kinds. */
export type ResourceRows = readonly object[];

/** Undefined: this is no list of kinds. */
export function readRows(text: string, group: string, version: string): ResourceRows | undefined {
  const rows = rowsIn(text, { group, version });
  if (!rows) return undefined;
  const subresources = Map.groupBy(
    rows.filter(({ name }) => name.includes("/")),
    ({ name }) => name.slice(0, name.indexOf("/")),
  );
  return rows
    .filter(({ name }) => !name.includes("/"))
    .toSorted((a, b) => (a.name < b.name ? -1 : 1))
    .map((row) => resourceRow(row, subresources.get(row.name) ?? []));
}

interface GroupVersion {
  readonly group: string;
  readonly version: string;
}

function rowsIn(text: string, of: GroupVersion): Row[] | undefined {
  let list: unknown;
  try {
    list = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (!isObject(list) || !Array.isArray(list.resources)) return undefined;
  return list.resources.filter(isObject).map((row) => readRow(row, of));
}

/** What is missing or of another type is left out: the list comes from anybody. */
const readRow = (row: Readonly<Record<string, unknown>>, { group, version }: GroupVersion): Row => ({
  name: textOf(row.name),
  singularName: textOf(row.singularName),
  namespaced: row.namespaced === true,
  kind: textOf(row.kind),
  group: textOf(row.version) === "" ? group : textOf(row.group),
  version: textOf(row.version) || version,
  verbs: textsOf(row.verbs),
  shortNames: textsOf(row.shortNames),
  categories: textsOf(row.categories),
});

const textOf = (value: unknown): string => (typeof value === "string" ? value : "");
const textsOf = (value: unknown): string[] =>
  Array.isArray(value) ? value.filter((one) => typeof one === "string") : [];

function resourceRow(row: Row, subresources: readonly Row[]): object {
  const { name, singularName, namespaced, verbs, shortNames, categories } = row;
  return {
    resource: name,
    responseKind: kindOf(row),
    scope: namespaced ? "Namespaced" : "Cluster",
    singularResource: singularName,
    verbs,
    ...(shortNames.length > 0 ? { shortNames } : {}),
    ...(categories.length > 0 ? { categories } : {}),
    ...(subresources.length > 0 ? { subresources: subresources.map(subresourceRow) } : {}),
  };
}

const subresourceRow = (row: Row): object => ({
  subresource: row.name.slice(row.name.indexOf("/") + 1),
  responseKind: kindOf(row),
  verbs: row.verbs,
});

const kindOf = ({ group, version, kind }: Row): object => ({ group, version, kind });
