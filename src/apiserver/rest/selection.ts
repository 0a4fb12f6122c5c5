import {
  FieldSelectorError,
  matchesFieldSelector,
  parseFieldSelector,
  type FieldSelector,
} from "#machinery/field-selector";
import { LabelSelectorError, parseLabelSelector } from "#machinery/label-selector";
import type { AnyObject, Resource } from "#machinery/schema";
import { badRequest } from "#machinery/status";
import type { ServedKind } from "../resource-set.ts";
import type { Item } from "../storage/item.ts";
import { nameOf } from "../storage/keys.ts";
import type { Selection } from "../watch/scope.ts";
import type { ListQuery } from "./query.ts";

/** The one field by which a kind's lists and watches are found without looking at every object. */
export const INDEXED_FIELD: Readonly<Record<string, string>> = { "v1/Pod": "spec.nodeName" };

const NAME = "metadata.name";
const NAMESPACE = "metadata.namespace";

/** What a list or watch is about. Throws BadRequest for selectors that cannot be. */
export function selectionOf(
  { resource, view }: ServedKind,
  namespace: string,
  name: string,
  { labelSelector, fieldSelector }: Pick<ListQuery, "labelSelector" | "fieldSelector">,
): Selection {
  const fields = fieldSelector === "" ? [] : fieldsOf(resource, fieldSelector);
  const wantedNamespace = namespace || (resource.namespaced ? exact(fields, NAMESPACE) : "");
  // A name alone is a key only where there are no namespaces; elsewhere it is compared.
  const isKey = !resource.namespaced || wantedNamespace !== "";
  const wantedName = name || (isKey ? exact(fields, NAME) : "");
  const indexedField = INDEXED_FIELD[`${resource.apiVersion}/${resource.kind}`];
  const indexed = indexedField === undefined ? "" : exact(fields, indexedField);
  const rest = fields.filter(({ field, operator, value }) => {
    if (operator !== "=") return true;
    if (field === NAME) return value !== wantedName;
    if (field === NAMESPACE) return value !== wantedNamespace;
    // Watches are found by the index, yet an object leaves them when the field changes: it must still be compared.
    return true;
  });
  const labels = labelSelector === "" ? undefined : labelsOf(labelSelector);
  return {
    namespace: wantedNamespace,
    name: wantedName,
    indexed: indexed === "" ? undefined : indexed,
    matches: matcher(resource, rest, labels, view.object),
  };
}

function matcher(
  resource: Resource,
  fields: FieldSelector,
  labels: ReturnType<typeof parseLabelSelector>["matches"] | undefined,
  objectOf: (item: Item) => AnyObject,
): Selection["matches"] {
  if (fields.length === 0 && !labels) return undefined;
  const onlyNames = !labels && fields.every(({ field }) => field === NAME);
  if (onlyNames) return ({ key }) => matchesFieldSelector(fields, () => nameOf(key));
  return (item) => {
    const object = objectOf(item);
    if (labels && !labels(object.metadata.labels)) return false;
    return matchesFieldSelector(fields, (field) => fieldValue(resource, object, field));
  };
}

/** The text of a selectable field. */
export function fieldValue(resource: Resource, object: AnyObject, field: string): string {
  if (field === NAME) return object.metadata.name;
  if (field === NAMESPACE) return object.metadata.namespace ?? "";
  return resource.fieldSelectors[field]?.(object) ?? "";
}

const exact = (fields: FieldSelector, wanted: string): string =>
  fields.find(({ field, operator }) => field === wanted && operator === "=")?.value ?? "";

function labelsOf(text: string) {
  try {
    return parseLabelSelector(text).matches;
  } catch (error) {
    if (error instanceof LabelSelectorError) throw badRequest(error.message);
    throw error;
  }
}

/** Fields by the names that they had long ago. */
const ALIASES: Readonly<Record<string, ReadonlyMap<string, string>>> = {
  "v1/Pod": new Map([["spec.host", "spec.nodeName"]]),
};

function fieldsOf(resource: Resource, text: string): FieldSelector {
  const aliases = ALIASES[`${resource.apiVersion}/${resource.kind}`];
  const parsed = parsedFields(text);
  const fields = aliases
    ? parsed.map((one) => ({ ...one, field: aliases.get(one.field) ?? one.field }))
    : parsed;
  for (const { field } of fields) {
    const known =
      field === NAME ||
      (field === NAMESPACE && resource.namespaced) ||
      Object.hasOwn(resource.fieldSelectors, field);
    if (!known) throw badRequest(unknownField(resource, field));
  }
  return fields;
}

function parsedFields(text: string): FieldSelector {
  try {
    return parseFieldSelector(text);
  } catch (error) {
    if (error instanceof FieldSelectorError) throw badRequest(error.message);
    throw error;
  }
}

function unknownField(resource: Resource, field: string): string {
  if (resource.group === "batch" && resource.kind === "Job")
    return `field label ${JSON.stringify(field)} not supported for Job`;
  if (Object.keys(resource.fieldSelectors).length > 0) return `field label not supported: ${field}`;
  return `${JSON.stringify(field)} is not a known field selector: only "metadata.name", "metadata.namespace"`;
}
