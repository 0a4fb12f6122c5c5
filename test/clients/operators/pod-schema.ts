/** Schemas of built-in types as generators of definitions write them out: in full, at every place, from what the server publishes. */
import { intOrText, quantity, type Schema } from "./schema.ts";

type Parts = Readonly<Record<string, Schema>>;

const REFERENCE = "#/components/schemas/";
const META = `${REFERENCE}io.k8s.apimachinery.pkg.apis.meta.v1.`;
/** Merge strategies of patches that custom kinds do not have. */
const DROPPED = new Set([
  "x-kubernetes-patch-strategy",
  "x-kubernetes-patch-merge-key",
  "x-kubernetes-group-version-kind",
]);

/** `document`: what `/openapi/v3/api/v1` answers. */
export function structuralFrom(
  document: { readonly components: { readonly schemas: Parts } },
  name: string,
): Schema {
  const { schemas } = document.components;
  const inlined = (schema: Schema): Schema => {
    const { $ref, allOf, ...rest } = schema as Schema & { $ref?: string; allOf?: readonly Schema[] };
    const [inner] = allOf ?? [];
    const target = $ref ?? (inner?.$ref as string | undefined);
    if (target === undefined) return ofParts(rest);
    return { ...named(target), ...ofParts(rest) };
  };
  const named = (reference: string): Schema => {
    if (reference === `${META}ObjectMeta`) return { type: "object" };
    const short = reference.slice(reference.lastIndexOf(".") + 1);
    if (short === "Quantity") return quantity("An amount.");
    if (short === "IntOrString") return intOrText("A number, or a text.");
    return inlined(schemas[reference.slice(REFERENCE.length)]!);
  };
  const ofParts = (schema: Schema): Schema => {
    const made: Record<string, unknown> = {};
    for (const [part, value] of Object.entries(schema)) {
      if (DROPPED.has(part)) continue;
      if (part === "properties") {
        const properties = Object.entries(value as Parts);
        made[part] = Object.fromEntries(properties.map(([key, one]) => [key, inlined(one)]));
      } else if (part === "items" || part === "additionalProperties") {
        made[part] = inlined(value as Schema);
      } else {
        made[part] = value;
      }
    }
    return withDefaultKeys(made);
  };
  return inlined(schemas[name]!);
}

/** Items of keyed lists have their keys: what a Go struct says by an empty text, a definition says by a default. */
function withDefaultKeys(schema: Schema): Schema {
  const keys = (schema["x-kubernetes-list-map-keys"] ?? []) as readonly string[];
  if (keys.length === 0) return schema;
  const items = schema.items as Schema & { required?: readonly string[]; properties: Parts };
  const properties = { ...items.properties };
  for (const key of keys)
    if (!items.required?.includes(key) && properties[key]!.default === undefined)
      properties[key] = { ...properties[key], default: "" };
  return { ...schema, items: { ...items, properties } };
}

/** Places that a schema names. */
export function fieldCount(schema: Schema): number {
  const {
    properties = {},
    items,
    additionalProperties,
  } = schema as {
    properties?: Parts;
    items?: Schema;
    additionalProperties?: Schema;
  };
  const below = [...Object.values(properties), items, additionalProperties].filter(
    (one) => one !== undefined,
  );
  return below.reduce((sum, one) => sum + fieldCount(one), Object.keys(properties).length);
}
