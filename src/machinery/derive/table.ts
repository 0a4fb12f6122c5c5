/** Objects as rows and cells, for `kubectl get` and everybody else who asks for `as=Table`. */
import { ageOf } from "../elapsed.ts";
import type { AnyMeta, AnyObject, Column, Resource } from "../schema.ts";

/** How much of each object its row carries. Anything else is refused with `includeObjectProblem`. */
export type IncludeObject = "None" | "Metadata" | "Object";

export interface TableOptions {
  /** Milliseconds since the epoch, for ages. */
  readonly now: number;
  /** The list's metadata: resourceVersion, continue. */
  readonly metadata?: object;
  /** Of `meta.k8s.io`: by default `v1`. */
  readonly version?: string;
  readonly includeObject?: IncludeObject;
  /** Leaves the column definitions out: a watch sends them with its first event only. */
  readonly rowsOnly?: boolean;
}

export interface Table {
  readonly kind: "Table";
  readonly apiVersion: string;
  readonly metadata: object;
  readonly columnDefinitions: readonly ColumnDefinition[];
  readonly rows: readonly TableRow[];
}

export interface ColumnDefinition {
  readonly name: string;
  readonly type: string;
  readonly format: string;
  readonly description: string;
  readonly priority: number;
}

export interface TableRow {
  readonly cells: readonly unknown[];
  readonly object: object | null;
}

const GROUP = "meta.k8s.io";

const DEFAULT_COLUMNS: readonly Column<AnyObject>[] = [
  { name: "Name", type: "string", format: "name", cell: ({ metadata }) => metadata.name },
  { name: "Created At", type: "string", format: "date", cell: ({ metadata }) => metadata.creationTimestamp },
];

export const isIncludeObject = (text: string): text is IncludeObject =>
  text === "None" || text === "Metadata" || text === "Object";

/** One row an object, in the given order. */
export function tableOf<T extends AnyObject>(
  of: Pick<Resource<T>, "columns">,
  objects: readonly T[],
  { now, metadata = {}, version = "v1", includeObject = "Metadata", rowsOnly = false }: TableOptions,
): Table {
  const columns: readonly Column<T>[] = of.columns.length > 0 ? of.columns : DEFAULT_COLUMNS;
  return {
    kind: "Table",
    apiVersion: `${GROUP}/${version}`,
    metadata,
    columnDefinitions: rowsOnly ? [] : columns.map(definitionOf),
    rows: objects.map((object) => ({
      cells: columns.map((column) => cellOf(column, object, now)),
      object: shown(object, includeObject, version),
    })),
  };
}

const DOCS: Readonly<Record<string, string>> = {
  Name: "The name of the object, unique among those of its kind in its namespace.",
  Age: "How long ago the object was created.",
  "Created At": "When the object was created.",
};

const definitionOf = <T>({ name, type, format = "", doc, priority = 0 }: Column<T>): ColumnDefinition => ({
  name,
  type,
  format,
  description: doc ?? DOCS[name] ?? name,
  priority,
});

function cellOf<T>({ type, cell }: Column<T>, object: T, now: number): unknown {
  const value = cell(object, now);
  if (type !== "date") return value ?? null;
  return ageOf(typeof value === "string" ? value : undefined, now);
}

function shown(object: AnyObject, include: IncludeObject, version: string): object | null {
  switch (include) {
    case "None":
      return null;
    case "Object":
      return object;
    case "Metadata":
      return partialOf(object.metadata, version);
  }
}

const partialOf = (metadata: AnyMeta, version: string): object => ({
  kind: "PartialObjectMetadata",
  apiVersion: `${GROUP}/${version}`,
  metadata,
});
