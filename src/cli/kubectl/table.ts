/** The tables that servers make of objects, as text. */
import { formatColumns } from "../columns.ts";
import type { AnyObject } from "./objects.ts";

export interface Table {
  readonly kind: string;
  readonly metadata?: { readonly resourceVersion?: string; readonly continue?: string };
  readonly columnDefinitions?: readonly ColumnDefinition[] | null;
  readonly rows?: readonly Row[] | null;
}

interface ColumnDefinition {
  readonly name: string;
  readonly priority?: number;
}

export interface Row {
  readonly cells: readonly unknown[];
  readonly object?: AnyObject;
}

export interface TableStyle {
  readonly wide: boolean;
  readonly withNamespace: boolean;
  readonly showLabels: boolean;
  readonly labelColumns: readonly string[];
  readonly headers: boolean;
  /** Put before each name: `deployment.apps/`. */
  readonly prefix: string;
}

export const TABLE =
  "application/json;as=Table;v=v1;g=meta.k8s.io,application/json;as=Table;v=v1beta1;g=meta.k8s.io,application/json";

/** Prints rows of one kind. Widths and columns are kept from call to call, for watches. */
export class TableText {
  readonly #style: TableStyle;
  readonly #widths: number[] = [];
  #columns: readonly ColumnDefinition[] = [];
  #headed: boolean;

  constructor(style: TableStyle) {
    this.#style = style;
    this.#headed = !style.headers;
  }

  print({ columnDefinitions, rows }: Table): string {
    if (columnDefinitions && columnDefinitions.length > 0) this.#columns = columnDefinitions;
    if (!rows || rows.length === 0) return "";
    const text = formatColumns(
      [...(this.#headed ? [] : [this.#header()]), ...rows.map((row) => this.#cells(row))],
      this.#widths,
    );
    this.#headed = true;
    return text;
  }

  #header(): readonly string[] {
    const { withNamespace, showLabels, labelColumns } = this.#style;
    return [
      ...(withNamespace ? ["NAMESPACE"] : []),
      ...this.#shown(this.#columns).map(({ name }) => name.toUpperCase()),
      ...labelColumns.map((label) => (label.split("/").at(-1) ?? label).toUpperCase()),
      ...(showLabels ? ["LABELS"] : []),
    ];
  }

  #cells({ cells, object }: Row): readonly string[] {
    const { withNamespace, showLabels, labelColumns, prefix } = this.#style;
    const { namespace = "", labels = {} } = object?.metadata ?? {};
    const [name = "", ...others] = this.#shown(cells).map(cellText);
    const all = Object.entries(labels).toSorted(([one], [other]) => (one < other ? -1 : 1));
    return [
      ...(withNamespace ? [namespace] : []),
      `${prefix}${name}`,
      ...others,
      ...labelColumns.map((label) => labels[label] ?? ""),
      ...(showLabels ? [all.map(([label, value]) => `${label}=${value}`).join(",") || "<none>"] : []),
    ];
  }

  #shown<T>(cells: readonly T[]): readonly T[] {
    if (this.#style.wide) return cells;
    return cells.filter((_cell, at) => (this.#columns[at]?.priority ?? 0) === 0);
  }
}

function cellText(cell: unknown): string {
  if (cell === null || cell === undefined) return "";
  const text = typeof cell === "object" ? JSON.stringify(cell) : String(cell);
  const end = text.search(/[\n\r]/);
  return end < 0 ? text : `${text.slice(0, end)}...`;
}
