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

/** Members that every object has, and that no schema may take away. */
export const TYPE_MEMBERS: ReadonlySet<string> = new Set(["apiVersion", "kind", "metadata"]);

const TEXT: JsonSchema = { type: "string" };
const TEXTS: JsonSchema = { type: "object", additionalProperties: TEXT };
const MOMENT: JsonSchema = { type: "string", format: "date-time", nullable: true };
const NUMBER: JsonSchema = { type: "integer" };
const FLAG: JsonSchema = { type: "boolean" };
const ANY: JsonSchema = { type: "object", "x-kubernetes-preserve-unknown-fields": true };

/** Metadata of an object inside of an object, where no built-in struct says what it may hold. */
const EMBEDDED_METADATA: JsonSchema = {
  type: "object",
  properties: {
    annotations: TEXTS,
    creationTimestamp: MOMENT,
    deletionGracePeriodSeconds: NUMBER,
    deletionTimestamp: MOMENT,
    finalizers: { type: "array", items: TEXT, "x-kubernetes-list-type": "set" },
    generateName: TEXT,
    generation: NUMBER,
    labels: TEXTS,
    managedFields: { type: "array", items: ANY },
    name: TEXT,
    namespace: TEXT,
    ownerReferences: {
      type: "array",
      "x-kubernetes-list-type": "map",
      "x-kubernetes-list-map-keys": ["uid"],
      items: {
        type: "object",
        properties: {
          apiVersion: TEXT,
          blockOwnerDeletion: FLAG,
          controller: FLAG,
          kind: TEXT,
          name: TEXT,
          uid: TEXT,
        },
      },
    },
    resourceVersion: TEXT,
    selfLink: TEXT,
    uid: TEXT,
  },
};

/** What embedded objects have, whatever their schema says. */
export const EMBEDDED_MEMBERS: Readonly<Record<string, JsonSchema>> = {
  apiVersion: TEXT,
  kind: TEXT,
  metadata: EMBEDDED_METADATA,
};
