import { type AnyObject, isJson, withoutManagedFields } from "../objects.ts";
import { Lines, pairs } from "./lines.ts";

/** Any object: its metadata, and the rest as it is. */
export function describeAny(object: AnyObject): string {
  const { apiVersion, kind, metadata, ...rest } = withoutManagedFields(object);
  const lines = new Lines()
    .field("Name", metadata.name)
    .field("Namespace", metadata.namespace)
    .field("Labels", pairs(metadata.labels))
    .field("Annotations", pairs(metadata.annotations, ": "))
    .field("API Version", apiVersion)
    .field("Kind", kind);
  const {
    name: _name,
    namespace: _namespace,
    labels: _labels,
    annotations: _annotations,
    ...others
  } = metadata;
  lines.section("Metadata:", (inner) => members(inner, others));
  members(lines, rest);
  return lines.toString();
}

function members(lines: Lines, object: Readonly<Record<string, unknown>>): void {
  for (const [key, value] of Object.entries(object).toSorted(([one], [other]) => (one < other ? -1 : 1))) {
    const label = titleOf(key);
    if (Array.isArray(value)) list(lines, label, value);
    else if (isJson(value)) lines.section(`${label}:`, (inner) => members(inner, value));
    else lines.field(label, value === null ? "<nil>" : String(value));
  }
}

function list(lines: Lines, label: string, values: readonly unknown[]): void {
  lines.section(`${label}:`, (inner) => {
    for (const value of values) {
      if (isJson(value)) members(inner, value);
      else inner.text(String(value));
    }
  });
}

/** `minReadySeconds` becomes `Min Ready Seconds`. Keys that are data stay as they are. */
function titleOf(key: string): string {
  if (!/^[a-z][a-zA-Z0-9]*$/.test(key)) return key;
  const words = key.replaceAll(/([a-z0-9])([A-Z])/g, "$1 $2");
  return words[0]!.toUpperCase() + words.slice(1);
}
