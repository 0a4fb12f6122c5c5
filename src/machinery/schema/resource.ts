import { assert } from "#base/assert";
import type { NameFormat } from "../names.ts";
import { type StructOf, list, string, value } from "./field.ts";
import { type Fields, type ShapeOfFields, struct } from "./struct.ts";
import type { FieldProblem, Struct } from "./types.ts";

export type Verb = "get" | "list" | "watch" | "create" | "update" | "patch" | "delete" | "deletecollection";

const ALL_VERBS: readonly Verb[] = [
  "create",
  "delete",
  "deletecollection",
  "get",
  "list",
  "patch",
  "update",
  "watch",
];

/** What every object of every kind has. The full ObjectMeta is in `api/meta-v1/objectmeta`. */
export interface AnyObject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: AnyMeta;
}

export interface AnyMeta {
  readonly name: string;
  readonly namespace?: string;
  readonly generateName?: string;
  readonly uid: string;
  readonly resourceVersion: string;
  readonly generation?: number;
  readonly creationTimestamp: string;
  readonly deletionTimestamp?: string;
  readonly deletionGracePeriodSeconds?: number;
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly finalizers?: readonly string[];
  readonly ownerReferences?: readonly AnyOwner[];
  readonly managedFields?: readonly AnyManagedFields[];
}

export interface AnyOwner {
  readonly apiVersion: string;
  readonly kind: string;
  readonly name: string;
  readonly uid: string;
  readonly controller?: boolean;
  readonly blockOwnerDeletion?: boolean;
}

export interface AnyManagedFields {
  readonly manager?: string;
  readonly operation?: string;
  readonly apiVersion?: string;
  readonly time?: string;
  readonly fieldsType?: string;
  readonly fieldsV1?: unknown;
  readonly subresource?: string;
}

/** What a strategy may know about the request that brought the object. */
export interface WriteContext {
  /** RFC 3339 time of the request. */
  readonly now: string;
  /** Is the feature gate on? */
  readonly gate: (name: string) => boolean;
}

/** A column of `kubectl get`. `priority` 1 shows with `-o wide`. */
export interface Column<T> {
  readonly name: string;
  readonly type: "string" | "integer" | "number" | "boolean" | "date";
  readonly format?: string;
  readonly priority?: 0 | 1;
  readonly doc?: string;
  /** The cell's value; for ages the timestamp, which the table turns into elapsed time. */
  cell(object: T, now: number): string | number | bigint | boolean | undefined;
}

/** Like every function of a kind it takes objects of that kind, yet each kind is a `Resource<AnyObject>`. */
export type ReadsText<T> = { read(object: T): string }["read"];

/** What makes a kind more than its fields. All functions are pure. */
export interface ResourceRules<T> {
  /** Defaults that depend on other fields; the declared ones are already in. */
  defaults?(object: T): T;
  /** Before validation: clears what a client may not set on create (status) and sets what follows from the rest. */
  prepareForCreate?(object: T, context: WriteContext): T;
  /** As `prepareForCreate`, on update of the main resource. Generation is handled for all kinds alike. */
  prepareForUpdate?(object: T, old: T, context: WriteContext): T;
  prepareForStatusUpdate?(object: T, old: T, context: WriteContext): T;
  validate?(object: T): Iterable<FieldProblem>;
  /** Beyond `validate`, for what only matters when the object is new. */
  validateCreate?(object: T): Iterable<FieldProblem>;
  /** Beyond `validate`, which runs on update as well. */
  validateUpdate?(object: T, old: T): Iterable<FieldProblem>;
  validateStatusUpdate?(object: T, old: T): Iterable<FieldProblem>;
  /** Texts for `Warning` headers. */
  warnings?(object: T, old: T | undefined): Iterable<string>;
}

export interface ScaleFacts {
  /** Paths from the root: `spec.replicas`. */
  readonly replicas: string;
  readonly observed: string;
  /** Path to a LabelSelector, a map of labels or selector text. */
  readonly selector?: string;
}

export interface SubresourceFacts {
  readonly kind: string;
  /** `group/version` of the kind where it differs from the parent's. */
  readonly apiVersion?: string;
  readonly verbs: readonly string[];
  /** A stream or proxy into a node, pod or service, not an object. */
  readonly connect?: boolean;
}

export interface ResourceDefinition<F extends Fields, S, U, M, T> {
  readonly apiVersion: string;
  readonly kind: string;
  readonly plural: string;
  readonly singular?: string;
  readonly shortNames?: readonly string[];
  readonly categories?: readonly string[];
  readonly namespaced: boolean;
  readonly doc?: string;
  readonly metadata: StructOf<M>;
  /** Protobuf fields 2 and 3, for the kinds that have them as a plain part. */
  readonly spec?: StructOf<S>;
  readonly status?: StructOf<U>;
  /** Clients must send a spec: OpenAPI lists it as required. */
  readonly specRequired?: boolean;
  /** Everything else at the top level. */
  readonly fields?: F;
  readonly verbs?: readonly Verb[];
  /** Whether `/status` exists; by default when there is a `status`. */
  readonly statusSubresource?: boolean;
  readonly scale?: ScaleFacts;
  readonly subresources?: Readonly<Record<string, SubresourceFacts>>;
  /** The spec counts generations; by default when there is a `spec` and a status subresource. */
  readonly counted?: boolean;
  /** `false`: an update must name the resourceVersion it is based on. */
  readonly unconditionalUpdate?: boolean;
  /** `true`: PUT of a missing name creates it. */
  readonly createOnUpdate?: boolean;
  /** Beyond `metadata.name` and `metadata.namespace`: label to value, empty text when unset. */
  readonly fieldSelectors?: Readonly<Record<string, ReadsText<T>>>;
  readonly columns?: readonly Column<NoInfer<T>>[];
  readonly rules?: ResourceRules<NoInfer<T>>;
  /** `group/version/Kind` that is stored, where it is another one; conversion is in `api/conversion`. */
  readonly storedAs?: string;
  /** Below `/registry/`, by default the plural, with the group in front for groups that hold a dot and custom kinds. */
  readonly storagePrefix?: string;
  /** Name format of objects, see `machinery/names`; by default `dns-subdomain`. */
  readonly nameFormat?: NameFormat;
  /** Served without extra flags. */
  readonly servedByDefault?: boolean;
}

/** A kind: its schema, its rules and how it is served. */
export interface Resource<T extends AnyObject = AnyObject> {
  readonly apiVersion: string;
  readonly group: string;
  readonly version: string;
  readonly kind: string;
  readonly listKind: string;
  readonly plural: string;
  readonly singular: string;
  readonly shortNames: readonly string[];
  readonly categories: readonly string[];
  readonly namespaced: boolean;
  readonly verbs: readonly Verb[];
  /** The object with `kind`, `apiVersion` and `metadata`. */
  readonly schema: StructOf<T>;
  readonly statusSubresource: boolean;
  readonly scale: ScaleFacts | undefined;
  readonly subresources: Readonly<Record<string, SubresourceFacts>>;
  readonly counted: boolean;
  readonly unconditionalUpdate: boolean;
  readonly createOnUpdate: boolean;
  readonly fieldSelectors: Readonly<Record<string, ReadsText<T>>>;
  readonly columns: readonly Column<T>[];
  readonly rules: ResourceRules<NoInfer<T>>;
  readonly storedAs: string | undefined;
  readonly storagePrefix: string;
  readonly nameFormat: NameFormat;
  readonly servedByDefault: boolean;
}

type Part<Key extends string, T> = unknown extends T ? unknown : { readonly [K in Key]: T };

/** The shape of an object of a kind that has these parts. */
export type ObjectShape<F, S, U, M> = {
  readonly kind: string;
  readonly apiVersion: string;
  readonly metadata: M;
} & Part<"spec", S> &
  Part<"status", U> &
  ShapeOfFields<F>;

/** Defines a kind. */
export function resource<
  M extends AnyMeta,
  const F extends Fields = Record<never, never>,
  S = unknown,
  U = unknown,
  T extends AnyObject = ObjectShape<F, S, U, M>,
>(definition: ResourceDefinition<F, S, U, M, T>): Resource<T> & StructOf<T> {
  const { apiVersion, kind, plural } = definition;
  const slash = apiVersion.indexOf("/");
  const group = slash < 0 ? "" : apiVersion.slice(0, slash);
  const version = apiVersion.slice(slash + 1);
  const schema = objectSchema(definition, group, version);
  const statusSubresource = definition.statusSubresource ?? definition.status !== undefined;
  const made: Resource<T> = {
    apiVersion,
    group,
    version,
    kind,
    listKind: `${kind}List`,
    plural,
    singular: definition.singular ?? kind.toLowerCase(),
    shortNames: definition.shortNames ?? [],
    categories: definition.categories ?? [],
    namespaced: definition.namespaced,
    verbs: definition.verbs ?? ALL_VERBS,
    schema,
    statusSubresource,
    scale: definition.scale,
    subresources: definition.subresources ?? {},
    counted: definition.counted ?? (definition.spec !== undefined && statusSubresource),
    unconditionalUpdate: definition.unconditionalUpdate ?? true,
    createOnUpdate: definition.createOnUpdate ?? false,
    fieldSelectors: definition.fieldSelectors ?? {},
    columns: definition.columns ?? [],
    rules: definition.rules ?? {},
    storedAs: definition.storedAs,
    storagePrefix: definition.storagePrefix ?? plural,
    nameFormat: definition.nameFormat ?? "dns-subdomain",
    servedByDefault: definition.servedByDefault ?? true,
  };
  // The kind is its own schema, so that `Of<typeof Pod>` and `list(2, Pod)` read as they do for structs. Its kind
  // as a struct node is on `schema`; `kind` here is the API's.
  return made as Resource<T> & StructOf<T>;
}

function objectSchema<F extends Fields, S, U, M, T>(
  { kind, doc, metadata, spec, status, specRequired, fields }: ResourceDefinition<F, S, U, M, T>,
  group: string,
  version: string,
): StructOf<T> {
  const short = group === "" ? "core" : group.split(".")[0]!;
  const parts: Record<string, Fields[string]> = {
    kind: string(0).required().doc("The kind of this object."),
    apiVersion: string(0).required().doc("Group and version of this kind."),
    metadata: value(1, metadata).doc("Name, labels and bookkeeping of the object."),
  };
  if (spec) {
    const wanted = value(2, spec).doc("What is wanted.");
    parts.spec = specRequired ? wanted.required() : wanted;
  }
  if (status) parts.status = value(3, status).doc("What was last observed.");
  for (const name of Object.keys(fields ?? {})) assert(!(name in parts), `${kind}.${name} is defined twice`);
  const made: Struct = struct(`${short}.${version}.${kind}`, { ...parts, ...fields }, { doc: doc ?? "" });
  return made as StructOf<T>;
}

/** The list kind of a resource: `PodList`. */
export function listOfResource(of: Resource, listMeta: StructOf<unknown>): Struct {
  return struct(`${of.schema.name}List`, {
    kind: string(0).required(),
    apiVersion: string(0).required(),
    metadata: value(1, listMeta),
    items: list(2, of.schema).required(),
  });
}
