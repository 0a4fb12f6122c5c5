/** A custom kind's schema as clients read it. */
import type { JsonSchema } from "../schema.ts";
import { isIntOrString, keepsUnknown } from "./place.ts";

type Json = Readonly<Record<string, unknown>>;

/** OpenAPI 3 holds all of it. Version 2 has no words for some of it, and says less rather than something wrong. */
export const publishedSchema = (schema: JsonSchema, dialect: "v2" | "v3"): Json =>
  dialect === "v3" ? (schema as Json) : forV2(schema, true);

/** Compositions and null are unknown to version 2; clients of it would refuse what the server takes. */
const NOT_IN_V2 = new Set([
  "oneOf",
  "anyOf",
  "allOf",
  "not",
  "nullable",
  "default",
  "x-kubernetes-validations",
]);

function forV2(schema: JsonSchema, isRoot: boolean): Json {
  const made: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(schema)) if (!NOT_IN_V2.has(name)) made[name] = value;
  if (isRoot && keepsUnknown(schema)) {
    delete made.properties;
    delete made.required;
    return made;
  }
  if (isIntOrString(schema)) delete made.type;
  // What may be null has no type here: null would not fit it. What keeps unknown members has no list of them.
  if (schema.nullable || (!isRoot && keepsUnknown(schema))) {
    for (const name of ["type", "properties", "items", "additionalProperties", "required"]) delete made[name];
    return made;
  }
  if (schema.properties) made.properties = mapped(schema.properties);
  if (schema.items && !Array.isArray(schema.items)) made.items = forV2(schema.items as JsonSchema, false);
  if (typeof schema.additionalProperties === "object")
    made.additionalProperties = forV2(schema.additionalProperties, false);
  return made;
}

const mapped = (properties: Readonly<Record<string, JsonSchema>>): Json =>
  Object.fromEntries(Object.entries(properties).map(([name, member]) => [name, forV2(member, false)]));
