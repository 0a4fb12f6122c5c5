/** Structs as OpenAPI schemas, in the two dialects that clients read. */
import type { FieldFacts, JsonSchema, MergeFacts, ScalarName, Struct } from "../schema.ts";
import { publishedSchema } from "../structural/openapi.ts";
import { TYPE_MEMBERS } from "../structural/place.ts";
import { isTypeMeta, type Member, membersOf, put, type Resolved, resolve } from "./shape.ts";

/** OpenAPI 2 (`/openapi/v2`) or 3 (`/openapi/v3`). */
export type Dialect = "v2" | "v3";

export type Json = Readonly<Record<string, unknown>>;

export interface GroupVersionKind {
  readonly group: string;
  readonly kind: string;
  readonly version: string;
}

const META = "io.k8s.apimachinery.pkg.apis.meta";

/** Where Go packages of a group's first label live, when not in `io.k8s.api`. */
const PACKAGES: Readonly<Record<string, string>> = {
  meta: META,
  apiextensions: "io.k8s.apiextensions-apiserver.pkg.apis.apiextensions",
  apiregistration: "io.k8s.kube-aggregator.pkg.apis.apiregistration",
  metrics: "io.k8s.metrics.pkg.apis.metrics",
  internal: "io.k8s.api.apiserverinternal",
};

/** `apps.v1.ReplicaSetSpec`; other names, as of custom resources, stand for themselves. */
const BUILT_IN = /^([a-z0-9]+)\.(v\d+(?:(?:alpha|beta)\d+)?)\.([A-Za-z0-9]+)$/;

/** `io.k8s.api.apps.v1.ReplicaSetSpec`, as every client generator knows it. */
export function definitionName({ name }: Pick<Struct, "name">): string {
  const parts = BUILT_IN.exec(name);
  if (!parts) return name;
  const [, group, version, short] = parts as unknown as [string, string, string, string];
  const home = Object.hasOwn(PACKAGES, group) ? PACKAGES[group] : `io.k8s.api.${group}`;
  return `${home}.${version}.${short}`;
}

const PLAIN: Readonly<Partial<Record<ScalarName, Json>>> = {
  string: { type: "string" },
  bool: { type: "boolean" },
  int32: { type: "integer", format: "int32" },
  int64: { type: "integer", format: "int64" },
  uint32: { type: "integer", format: "int64" },
  uint64: { type: "integer", format: "int64" },
  bigint64: { type: "integer", format: "int64" },
  double: { type: "number", format: "double" },
  bytes: { type: "string", format: "byte" },
  rawBytes: { type: "string", format: "byte" },
};

interface Named {
  readonly name: string;
  readonly v2: Json;
  readonly v3: Json;
}

const QUANTITY = "An amount, such as 500m, 2 or 1.5Gi.";
const INT_OR_STRING = "A number, or a text such as a percentage or a name.";
const TIME = "A moment in RFC 3339 form.";

const NAMED: Readonly<Partial<Record<ScalarName, Named>>> = {
  quantity: {
    name: "io.k8s.apimachinery.pkg.api.resource.Quantity",
    v2: { description: QUANTITY, type: "string" },
    v3: { description: QUANTITY, oneOf: [{ type: "string" }, { type: "number" }] },
  },
  intOrString: {
    name: "io.k8s.apimachinery.pkg.util.intstr.IntOrString",
    v2: { description: INT_OR_STRING, type: "string", format: "int-or-string" },
    v3: {
      description: INT_OR_STRING,
      format: "int-or-string",
      oneOf: [{ type: "integer" }, { type: "string" }],
    },
  },
  time: sameInBoth(`${META}.v1.Time`, { description: TIME, type: "string", format: "date-time" }),
  microTime: sameInBoth(`${META}.v1.MicroTime`, { description: TIME, type: "string", format: "date-time" }),
  duration: sameInBoth(`${META}.v1.Duration`, {
    description: "A length of time, such as 1h30m.",
    type: "string",
  }),
};

function sameInBoth(name: string, schema: Json): Named {
  return { name, v2: schema, v3: schema };
}

const FIELDS_V1 = sameInBoth(`${META}.v1.FieldsV1`, { description: "A set of fields.", type: "object" });
const RAW = sameInBoth("io.k8s.apimachinery.pkg.runtime.RawExtension", {
  description: "An object of any kind.",
  type: "object",
});
const ANY = sameInBoth("io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.JSON", {
  description: "Any JSON value.",
});

/** Any JSON is another type by where it stands. */
function namedJson(owner: string, field: string): Named {
  if (field === "fieldsV1") return FIELDS_V1;
  return owner.startsWith("apiextensions.") ? ANY : RAW;
}

/** Collects the schemas of all structs that are referred to. */
export class Definitions {
  readonly #dialect: Dialect;
  readonly #prefix: string;
  readonly #kindsOf: (struct: Struct) => readonly GroupVersionKind[];
  readonly #made: Record<string, Json> = {};

  constructor(dialect: Dialect, kindsOf: (struct: Struct) => readonly GroupVersionKind[]) {
    this.#dialect = dialect;
    this.#prefix = dialect === "v2" ? "#/definitions/" : "#/components/schemas/";
    this.#kindsOf = kindsOf;
  }

  /** Sorted by name. */
  all(): Json {
    const sorted = {};
    for (const name of Object.keys(this.#made).sort()) put(sorted, name, this.#made[name]);
    return sorted;
  }

  /** A reference; what it refers to will be among the definitions. */
  ref(struct: Struct): Json {
    const name = definitionName(struct);
    if (!Object.hasOwn(this.#made, name)) {
      // In place before its members are looked at: a struct may hold itself.
      put(this.#made, name, {});
      put(this.#made, name, this.#schemaOf(struct));
    }
    return { $ref: `${this.#prefix}${name}` };
  }

  /** A definition that is no struct. */
  define({ name, ...schema }: Named): Json {
    if (!Object.hasOwn(this.#made, name)) put(this.#made, name, schema[this.#dialect]);
    return { $ref: `${this.#prefix}${name}` };
  }

  #schemaOf(struct: Struct): Json {
    const description = struct.doc === "" ? {} : { description: struct.doc };
    if (struct.rules.json) {
      this.ref(resolve(struct.fields.schema!.type) as Struct);
      return description;
    }
    if (struct.rules.structural) return this.#customSchema(struct, struct.rules.structural);
    const members = membersOf(struct);
    const properties = {};
    for (const member of members.toSorted((a, b) => (a.name < b.name ? -1 : 1))) {
      put(properties, member.name, this.#property(struct, member));
    }
    const required = members
      .filter((member) => member.facts.required && !isTypeMeta(member))
      .map(({ name }) => name);
    const kinds = this.#kindsOf(struct);
    return {
      ...description,
      ...(required.length === 0 ? {} : { required: required.sort() }),
      type: "object",
      ...(members.length === 0 ? {} : { properties }),
      ...(kinds.length === 0 ? {} : { "x-kubernetes-group-version-kind": kinds }),
      ...(struct.rules.atomic ? { "x-kubernetes-map-type": "atomic" } : {}),
      ...(struct.rules.preserveUnknown ? { "x-kubernetes-preserve-unknown-fields": true } : {}),
    };
  }

  /** As its definition says, with what every object has. */
  #customSchema(struct: Struct, schema: JsonSchema): Json {
    const published = publishedSchema(schema, this.#dialect);
    const properties: Record<string, unknown> = { ...(published.properties as object | undefined) };
    for (const member of membersOf(struct)) {
      if (TYPE_MEMBERS.has(member.name)) properties[member.name] = this.#property(struct, member);
    }
    const sorted = {};
    for (const name of Object.keys(properties).sort()) put(sorted, name, properties[name]);
    const kinds = this.#kindsOf(struct);
    return {
      ...published,
      properties: sorted,
      ...(kinds.length === 0 ? {} : { "x-kubernetes-group-version-kind": kinds }),
    };
  }

  #property(owner: Struct, { name, facts, type }: Member): Json {
    const schema = this.#typeSchema(type, owner.name, name);
    const more = { ...factsOf(facts), ...mergeOf(facts.merge, type) };
    if (!("$ref" in schema) || Object.keys(more).length === 0) return { ...schema, ...more };
    // In OpenAPI 3 nothing may stand beside a reference; version 2 readers of Kubernetes expect it there.
    return this.#dialect === "v3" ? { allOf: [schema], ...more } : { ...schema, ...more };
  }

  #typeSchema(type: Resolved, owner: string, field: string): Json {
    switch (type.kind) {
      case "scalar": {
        if (type.name === "json") return this.define(namedJson(owner, field));
        const named = NAMED[type.name];
        return named ? this.define(named) : PLAIN[type.name]!;
      }
      case "struct":
        return this.ref(type);
      case "list":
        return { type: "array", items: this.#typeSchema(resolve(type.item), owner, field) };
      case "map":
        return { type: "object", additionalProperties: this.#typeSchema(resolve(type.value), owner, field) };
    }
  }
}

const factsOf = ({ doc, default: initial, values, nullable, omit }: FieldFacts): Json => ({
  ...(doc === "" ? {} : { description: doc }),
  ...(initial === undefined ? {} : { default: initial }),
  ...(values ? { enum: [...values] } : {}),
  ...(nullable && omit !== "never" ? { nullable: true } : {}),
});

const mergeOf = ({ list, keys, map, struct, patch, patchKey }: MergeFacts, type: Resolved): Json => ({
  ...(list ? { "x-kubernetes-list-type": list } : {}),
  ...(list === "map" && keys ? { "x-kubernetes-list-map-keys": [...keys] } : {}),
  ...(type.kind === "map" && map ? { "x-kubernetes-map-type": map } : {}),
  ...(type.kind === "struct" && struct ? { "x-kubernetes-map-type": struct } : {}),
  ...(patch ? { "x-kubernetes-patch-strategy": patch.join(",") } : {}),
  ...(patchKey === undefined ? {} : { "x-kubernetes-patch-merge-key": patchKey }),
});
