import type { NameFormat } from "../names.ts";
import type { JsonSchema } from "./json-schema.ts";

/** Scalars by the shape they have in memory, which for API kinds is the shape they have in JSON. */
export interface ScalarShapes {
  string: string;
  bool: boolean;
  int32: number;
  /** A number while it is a safe integer; larger ones decode as bigint and are written back unharmed. */
  int64: number;
  uint32: number;
  /** As int64. */
  uint64: number;
  /** Always a bigint: nanoseconds and the like, in the node's own protocols. */
  bigint64: bigint;
  double: number;
  /** Base64 text, as in JSON. */
  bytes: string;
  /** The bytes themselves, in protocols that have no JSON form. */
  rawBytes: Uint8Array;
  /** Canonical quantity text: `500m`, `1Gi`. */
  quantity: string;
  intOrString: number | string;
  /** `2006-01-02T15:04:05Z`. */
  time: string;
  /** `2006-01-02T15:04:05.000000Z`. */
  microTime: string;
  /** Go duration text: `1h0m0s`; protobuf has nanoseconds. */
  duration: string;
  /** Any JSON value. In protobuf: a message with the JSON text as bytes in field 1. */
  json: unknown;
}

export type ScalarName = keyof ScalarShapes;

export interface Scalar<N extends ScalarName = ScalarName> {
  readonly kind: "scalar";
  readonly name: N;
}

export interface List {
  readonly kind: "list";
  readonly item: Type;
  /** The list is a message of its own in protobuf, with the items in field 1. */
  readonly wrapped?: boolean;
}

/** Keys are strings. `wrapped`: each value is a message of its own in protobuf, holding the list in field 1. */
export interface MapOf {
  readonly kind: "map";
  readonly value: Type;
}

/** A struct with named fields. `fields` is in JSON output order. */
export interface Struct {
  readonly kind: "struct";
  /** `apps.v1.ReplicaSetSpec`: group (short), version and name; unique in the process. */
  readonly name: string;
  readonly doc: string;
  readonly fields: Readonly<Record<string, FieldFacts>>;
  readonly rules: StructRules;
}

/** A struct that is still to be defined, for types that hold themselves. */
export interface Lazy {
  readonly kind: "lazy";
  readonly struct: () => Struct;
}

export type Type = Scalar | List | MapOf | Struct | Lazy;

/** What a struct knows beyond its fields. */
export interface StructRules {
  /** JSON form is not an object of the fields: the three JSONSchemaProps unions of apiextensions. */
  readonly json?: "schemaOrArray" | "schemaOrBool" | "schemaOrStringArray";
  /** Structs that are one atomic value for server-side apply. */
  readonly atomic?: boolean;
  /** Unknown fields are kept (custom resources). */
  readonly preserveUnknown?: boolean;
  /**
   * A custom kind: besides kind, apiVersion and metadata its members are JSON that this schema describes. What does
   * not fit is no error of decoding but of validation, as the kind's rules say.
   */
  readonly structural?: JsonSchema;
  /** Runs wherever the struct occurs; `path` leads to the struct. */
  readonly validate?: StructValidator;
}

/** Yields what is wrong with one value. `path` is `spec.template.spec`, empty at the root. */
// oxlint-disable-next-line typescript/no-explicit-any -- a struct's validator knows its own shape
export type StructValidator = (value: any, path: string) => Iterable<FieldProblem>;

/** How a list, map or struct is merged by server-side apply, and by strategic merge patch. */
export interface MergeFacts {
  readonly list?: "atomic" | "set" | "map";
  readonly keys?: readonly string[];
  readonly map?: "atomic" | "granular";
  readonly struct?: "atomic" | "granular";
  /** Strategic merge: `merge`, `replace`, `retainKeys`, or `merge,retainKeys`. */
  readonly patch?: readonly ("merge" | "replace" | "retainKeys")[];
  readonly patchKey?: string;
}

/** Everything known about one field. Derived functions read it once, when they are compiled. */
export interface FieldFacts {
  readonly tag: number;
  readonly type: Type;
  readonly doc: string;
  /** OpenAPI lists it as required, and JSON always shows it. What is empty is said to be missing by `notEmpty` only. */
  readonly required: boolean;
  /** Validation answers `Required value` when it is missing, null, or an empty text, list or map. */
  readonly notEmpty?: boolean;
  /** Absent differs from zero. Without it, protobuf always writes scalars and structs. */
  readonly pointer: boolean;
  /** JSON leaves it out when: it is empty (`empty`; for structs never), it is zero (`zero`), or `never`. */
  readonly omit: "empty" | "zero" | "never";
  /** Members stand in the parent's JSON object. */
  readonly inline: boolean;
  /** Null is a value of its own. */
  readonly nullable: boolean;
  /** Never in JSON. */
  readonly hidden: boolean;
  readonly default?: unknown;
  readonly min?: number;
  readonly max?: number;
  readonly maxLength?: number;
  readonly maxItems?: number;
  readonly pattern?: string;
  readonly format?: NameFormat;
  /** The only values. */
  readonly values?: readonly string[];
  readonly immutable: boolean;
  /** The gates of values that are behind one; while it is off they are refused. */
  readonly gatedValues?: Readonly<Record<string, string>>;
  /** Feature gates; when all are off the field is dropped on write. */
  readonly gates: readonly string[];
  readonly merge: MergeFacts;
  /** `d`: names the chosen member; otherwise the discriminator's value for this member. */
  readonly union?: string;
}

/** One complaint about one field, in the words of the API. `type` picks the head of the text and the cause's reason. */
export interface FieldProblem {
  readonly type:
    | "required"
    | "invalid"
    | "forbidden"
    | "duplicate"
    | "notSupported"
    | "tooLong"
    | "tooMany"
    | "notFound"
    | "typeInvalid"
    | "internal";
  readonly path: string;
  readonly value?: unknown;
  readonly detail: string;
}
