/** Words in which the definitions of operators here are written: parts of structural schemas. */

export type Schema = Readonly<Record<string, unknown>>;
export type Properties = Readonly<Record<string, Schema>>;

export const text = (description: string, more: Schema = {}): Schema => ({
  type: "string",
  description,
  ...more,
});
export const choice = (description: string, values: readonly string[], more: Schema = {}): Schema =>
  text(description, { enum: values, ...more });
export const int32 = (description: string, more: Schema = {}): Schema => ({
  type: "integer",
  format: "int32",
  description,
  ...more,
});
export const int64 = (description: string, more: Schema = {}): Schema => ({
  type: "integer",
  format: "int64",
  description,
  ...more,
});
export const flag = (description: string, more: Schema = {}): Schema => ({
  type: "boolean",
  description,
  ...more,
});
export const object = (description: string, properties: Properties, more: Schema = {}): Schema => ({
  type: "object",
  description,
  properties,
  ...more,
});
export const map = (description: string, values: Schema, more: Schema = {}): Schema => ({
  type: "object",
  description,
  additionalProperties: values,
  ...more,
});
export const list = (description: string, items: Schema, more: Schema = {}): Schema => ({
  type: "array",
  description,
  items,
  ...more,
});
export const keyedList = (
  description: string,
  keys: readonly string[],
  items: Schema,
  more: Schema = {},
): Schema =>
  list(description, items, {
    "x-kubernetes-list-type": "map",
    "x-kubernetes-list-map-keys": keys,
    ...more,
  });
export const set = (description: string, items: Schema, more: Schema = {}): Schema =>
  list(description, items, { "x-kubernetes-list-type": "set", ...more });
export const texts = (description: string): Schema => list(description, { type: "string" });
export const labels = (description: string): Schema => map(description, { type: "string" });
export const intOrText = (description: string, more: Schema = {}): Schema => ({
  description,
  anyOf: [{ type: "integer" }, { type: "string" }],
  "x-kubernetes-int-or-string": true,
  ...more,
});
/** What is kept as it comes. */
export const anything = (description: string, more: Schema = {}): Schema => ({
  type: "object",
  description,
  "x-kubernetes-preserve-unknown-fields": true,
  ...more,
});

const QUANTITY =
  "^(\\+|-)?(([0-9]+(\\.[0-9]*)?)|(\\.[0-9]+))(([KMGTPE]i)|[numkMGTPE]|([eE](\\+|-)?(([0-9]+(\\.[0-9]*)?)|(\\.[0-9]+))))?$";
export const quantity = (description: string): Schema => intOrText(description, { pattern: QUANTITY });

/** A rule in CEL, with what is said when it does not hold. */
export const rule = (expression: string, message: string, more: Schema = {}): Schema => ({
  rule: expression,
  message,
  ...more,
});
export const rules = (...all: readonly Schema[]): Schema => ({ "x-kubernetes-validations": all });

export const conditions = keyedList(
  "What is known, one word each.",
  ["type"],
  object(
    "One condition.",
    {
      type: text("What it is about.", {
        maxLength: 316,
        pattern: "^([a-z0-9]([-a-z0-9.]*[a-z0-9])?/)?(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])$",
      }),
      status: choice("Whether it holds.", ["True", "False", "Unknown"]),
      reason: text("Why, in one word.", { maxLength: 1024 }),
      message: text("Why, in plain words.", { maxLength: 32768 }),
      lastTransitionTime: text("Since when.", { format: "date-time" }),
      observedGeneration: int64("Of which generation it speaks.", { minimum: 0 }),
    },
    { required: ["type", "status"] },
  ),
);

/** The root of a kind. */
export const root = (description: string, members: Properties, more: Schema = {}): Schema =>
  object(
    description,
    {
      apiVersion: text("Version of this representation."),
      kind: text("Kind of this object."),
      metadata: { type: "object" },
      ...members,
    },
    more,
  );

export interface Version {
  readonly name: string;
  readonly served: boolean;
  readonly storage: boolean;
  readonly deprecated?: boolean;
  readonly deprecationWarning?: string;
  readonly schema: { readonly openAPIV3Schema: Schema };
  readonly subresources?: Schema;
  readonly additionalPrinterColumns?: readonly Schema[];
  readonly selectableFields?: readonly Schema[];
}

/** A version that is served. */
export const version = (name: string, schema: Schema, more: Partial<Version> = {}): Version => ({
  name,
  served: true,
  storage: true,
  schema: { openAPIV3Schema: schema },
  ...more,
});

export interface Definition {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly annotations?: Readonly<Record<string, string>> };
  readonly spec: Readonly<Record<string, unknown>> & { readonly versions: readonly Version[] };
}

export interface Names {
  readonly group: string;
  readonly kind: string;
  readonly plural: string;
  readonly shortNames?: readonly string[];
  readonly categories?: readonly string[];
  readonly scope?: "Namespaced" | "Cluster";
}

export const definition = (
  { group, kind, plural, shortNames = [], categories = [], scope = "Namespaced" }: Names,
  versions: readonly Version[],
  more: Schema = {},
): Definition => ({
  apiVersion: "apiextensions.k8s.io/v1",
  kind: "CustomResourceDefinition",
  metadata: { name: `${plural}.${group}` },
  spec: {
    group,
    scope,
    names: { kind, plural, singular: kind.toLowerCase(), listKind: `${kind}List`, shortNames, categories },
    versions,
    ...more,
  },
});
