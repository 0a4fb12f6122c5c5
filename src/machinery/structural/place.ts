/** What a structural schema says about the places inside of it. */
import type { JsonSchema } from "../schema.ts";

export const isIntOrString = (schema: JsonSchema): boolean => schema["x-kubernetes-int-or-string"] === true;

export const keepsUnknown = (schema: JsonSchema): boolean =>
  schema["x-kubernetes-preserve-unknown-fields"] === true;

export const isEmbedded = (schema: JsonSchema): boolean => schema["x-kubernetes-embedded-resource"] === true;

/** The schema of a list's items. Structural schemas have one at most. */
export const itemsOf = ({ items }: JsonSchema): JsonSchema | undefined =>
  items === undefined || Array.isArray(items) ? undefined : (items as JsonSchema);

/** The schema of a map's values; `true` for any value, undefined where there are named members only. */
export const valuesOf = ({ additionalProperties }: JsonSchema): JsonSchema | true | undefined =>
  additionalProperties === false ? undefined : additionalProperties;

/** The schema of this member: by name, or as a value of the map. */
export function memberOf(schema: JsonSchema, key: string): JsonSchema | undefined {
  const { properties } = schema;
  if (properties && Object.hasOwn(properties, key)) return properties[key];
  const values = valuesOf(schema);
  return values === true ? undefined : values;
}

/** Members that every object has, and that no schema may take away. */
export const TYPE_MEMBERS: ReadonlySet<string> = new Set(["apiVersion", "kind", "metadata"]);
