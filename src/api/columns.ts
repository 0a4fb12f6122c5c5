import { formatLabelSelector } from "#machinery/label-selector";
import type { AnyObject, Column } from "#machinery/schema";
import type { PodSpec } from "#api/core-v1/podspec";
import type { LabelSelector } from "#api/meta-v1/labelselector";
import { ageOf } from "#machinery/elapsed";

/** What a cell says where there is nothing to say. */
export const NONE = "<none>";
export const UNSET = "<unset>";
export const UNKNOWN = "<unknown>";

export type Cell<T> = Column<T>["cell"];

/** A column of text. */
export const text = <T>(name: string, cell: Cell<T>): Column<T> => ({ name, type: "string", cell });
export const integer = <T>(name: string, cell: Cell<T>): Column<T> => ({ name, type: "integer", cell });
export const flag = <T>(name: string, cell: Cell<T>): Column<T> => ({ name, type: "boolean", cell });
/** A column of `-o wide`. */
export const wide = <T>(name: string, cell: Cell<T>): Column<T> => ({
  name,
  type: "string",
  priority: 1,
  cell,
});

export const nameColumn: Column<AnyObject> = {
  name: "Name",
  type: "string",
  format: "name",
  cell: (object) => object.metadata.name,
};

export const ageColumn: Column<AnyObject> = text("Age", (object, now) =>
  ageOf(object.metadata.creationTimestamp, now),
);

/** `a=1,b=2`, sorted. */
export function labelText(labels: Readonly<Record<string, string>> | undefined): string {
  const pairs = Object.entries(labels ?? {}).map(([key, value]) => `${key}=${value}`);
  return pairs.length === 0 ? NONE : pairs.toSorted().join(",");
}

/** A selector as text, `<none>` when it selects everything or nothing. */
export const selectorText = (selector: LabelSelector | undefined | null): string =>
  (selector && formatLabelSelector(selector)) || NONE;

/** The wide columns about the containers of a template. */
export const containerColumns = <T>(specOf: (object: T) => PodSpec): readonly Column<T>[] => [
  wide("Containers", (object) =>
    specOf(object)
      .containers.map(({ name }) => name)
      .join(","),
  ),
  wide("Images", (object) =>
    specOf(object)
      .containers.map(({ image }) => image ?? "")
      .join(","),
  ),
];

/** The first `max` items, and how many there are beyond them. */
export function firstFew(items: readonly string[], max: number, separator = ","): string {
  const shown = items.slice(0, max).join(separator);
  return items.length > max ? `${shown} + ${items.length - max} more...` : shown;
}
