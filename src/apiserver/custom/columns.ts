import type { CustomResourceColumnDefinition } from "#api/apiextensions-v1/customresourcedefinition";
import { stringifyJson } from "#machinery/json";
import type { AnyObject, Column } from "#machinery/schema";
import { compileJsonPath } from "#machinery/structural/json-path";

const NAME: Column<AnyObject> = {
  name: "Name",
  type: "string",
  format: "name",
  cell: ({ metadata }) => metadata.name,
};
const AGE: Column<AnyObject> = {
  name: "Age",
  type: "date",
  cell: ({ metadata }) => metadata.creationTimestamp,
};

/** The columns of a custom kind: the name, and then its own or the age. */
export const columnsOf = (own: readonly CustomResourceColumnDefinition[] = []): Column<AnyObject>[] =>
  own.length === 0 ? [NAME, AGE] : [NAME, ...own.map(columnOf)];

function columnOf({
  name,
  type,
  format,
  description,
  priority,
  jsonPath,
}: CustomResourceColumnDefinition): Column<AnyObject> {
  const read = compileJsonPath(jsonPath);
  return {
    name,
    type: type as Column<AnyObject>["type"],
    ...(format ? { format } : {}),
    doc: description || `Custom resource definition column (in JSONPath format): ${jsonPath}`,
    ...(priority ? { priority: priority as 1 } : {}),
    cell: (object) => cellOf(type, read(object)[0]),
  };
}

/** A value that is not of the column's type shows nothing. */
function cellOf(type: string, value: unknown): ReturnType<Column<AnyObject>["cell"]> {
  if (value === undefined || value === null) return undefined;
  switch (type) {
    case "integer":
      if (typeof value === "bigint") return value;
      return typeof value === "number" ? Math.trunc(value) : undefined;
    case "number":
      return typeof value === "number" || typeof value === "bigint" ? Number(value) : undefined;
    case "boolean":
      return typeof value === "boolean" ? value : undefined;
    case "date":
      return typeof value === "string" ? value : undefined;
    default:
      return typeof value === "object" ? stringifyJson(value) : String(value as string | number | boolean);
  }
}
