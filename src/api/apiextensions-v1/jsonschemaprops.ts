import {
  bool,
  double,
  int64,
  json,
  lazy,
  list,
  map,
  type Of,
  ref,
  string,
  struct,
  type Struct,
  type StructOf,
} from "#machinery/schema";

export const ExternalDocumentation = struct("apiextensions.v1.ExternalDocumentation", {
  description: string(1).doc("What is written there."),
  url: string(2).doc("Address."),
});
export interface ExternalDocumentation extends Of<typeof ExternalDocumentation> {}

export type JSONSchemaPropsOrArray = JSONSchemaProps | readonly JSONSchemaProps[];
export const JSONSchemaPropsOrArray = struct(
  "apiextensions.v1.JSONSchemaPropsOrArray",
  {
    schema: ref(
      1,
      lazy<JSONSchemaProps>((): Struct => JSONSchemaProps),
    ).required(),
    jSONSchemas: list(
      2,
      lazy<JSONSchemaProps>((): Struct => JSONSchemaProps),
    )
      .required()
      .atomic(),
  },
  { json: "schemaOrArray" },
) as unknown as StructOf<JSONSchemaPropsOrArray>;

export type JSONSchemaPropsOrBool = JSONSchemaProps | boolean;
export const JSONSchemaPropsOrBool = struct(
  "apiextensions.v1.JSONSchemaPropsOrBool",
  {
    allows: bool(1).required(),
    schema: ref(
      2,
      lazy<JSONSchemaProps>((): Struct => JSONSchemaProps),
    ).required(),
  },
  { json: "schemaOrBool" },
) as unknown as StructOf<JSONSchemaPropsOrBool>;

export type JSONSchemaPropsOrStringArray = JSONSchemaProps | readonly string[];
export const JSONSchemaPropsOrStringArray = struct(
  "apiextensions.v1.JSONSchemaPropsOrStringArray",
  {
    schema: ref(
      1,
      lazy<JSONSchemaProps>((): Struct => JSONSchemaProps),
    ).required(),
    property: list(2, string).required().atomic(),
  },
  { json: "schemaOrStringArray" },
) as unknown as StructOf<JSONSchemaPropsOrStringArray>;

export const ValidationRule = struct("apiextensions.v1.ValidationRule", {
  rule: string(1).required().doc("CEL expression that must be true."),
  message: string(2).doc("More about it in plain words."),
  messageExpression: string(3).doc("CEL expression that makes the message."),
  reason: string(4)
    .pointer()
    .oneOf("FieldValueRequired", "FieldValueDuplicate", "FieldValueInvalid", "FieldValueForbidden")
    .doc("One word on why."),
  fieldPath: string(5).doc("Member that the error is shown at."),
  optionalOldSelf: bool(6).pointer().doc("oldSelf is an optional, and the rule counts for new values too."),
});
export interface ValidationRule extends Of<typeof ValidationRule> {}

export interface JSONSchemaProps {
  readonly id?: string;
  readonly $schema?: string;
  readonly $ref?: string;
  readonly description?: string;
  readonly type?: string;
  readonly format?: string;
  readonly title?: string;
  readonly default?: unknown;
  readonly maximum?: number;
  readonly exclusiveMaximum?: boolean;
  readonly minimum?: number;
  readonly exclusiveMinimum?: boolean;
  readonly maxLength?: number;
  readonly minLength?: number;
  readonly pattern?: string;
  readonly maxItems?: number;
  readonly minItems?: number;
  readonly uniqueItems?: boolean;
  readonly multipleOf?: number;
  readonly enum?: readonly unknown[];
  readonly maxProperties?: number;
  readonly minProperties?: number;
  readonly required?: readonly string[];
  readonly items?: JSONSchemaPropsOrArray;
  readonly allOf?: readonly JSONSchemaProps[];
  readonly oneOf?: readonly JSONSchemaProps[];
  readonly anyOf?: readonly JSONSchemaProps[];
  readonly not?: JSONSchemaProps;
  readonly properties?: Readonly<Record<string, JSONSchemaProps>>;
  readonly additionalProperties?: JSONSchemaPropsOrBool;
  readonly patternProperties?: Readonly<Record<string, JSONSchemaProps>>;
  readonly dependencies?: Readonly<Record<string, JSONSchemaPropsOrStringArray>>;
  readonly additionalItems?: JSONSchemaPropsOrBool;
  readonly definitions?: Readonly<Record<string, JSONSchemaProps>>;
  readonly externalDocs?: ExternalDocumentation;
  readonly example?: unknown;
  readonly nullable?: boolean;
  readonly "x-kubernetes-preserve-unknown-fields"?: boolean;
  readonly "x-kubernetes-embedded-resource"?: boolean;
  readonly "x-kubernetes-int-or-string"?: boolean;
  readonly "x-kubernetes-list-map-keys"?: readonly string[];
  readonly "x-kubernetes-list-type"?: string;
  readonly "x-kubernetes-map-type"?: string;
  readonly "x-kubernetes-validations"?: readonly ValidationRule[];
}
export const JSONSchemaProps: StructOf<JSONSchemaProps> = struct("apiextensions.v1.JSONSchemaProps", {
  id: string(1).doc("Identity of the schema; not allowed here."),
  $schema: string(2).doc("Dialect of the schema; not allowed here."),
  $ref: string(3).pointer().doc("Reference to another schema; not allowed here."),
  description: string(4).doc("What the value means."),
  type: string(5).doc("object, array, string, number, integer or boolean."),
  format: string(6).doc("Format of the value, such as date-time."),
  title: string(7).doc("Title of the value."),
  default: json(8).pointer().doc("Value where there is none."),
  maximum: double(9).pointer().doc("Largest number."),
  exclusiveMaximum: bool(10).doc("The largest number itself is not allowed."),
  minimum: double(11).pointer().doc("Smallest number."),
  exclusiveMinimum: bool(12).doc("The smallest number itself is not allowed."),
  maxLength: int64(13).pointer().doc("Most characters."),
  minLength: int64(14).pointer().doc("Least characters."),
  pattern: string(15).doc("Regular expression that the text fulfils."),
  maxItems: int64(16).pointer().doc("Most items."),
  minItems: int64(17).pointer().doc("Least items."),
  uniqueItems: bool(18).doc("Only false is allowed."),
  multipleOf: double(19).pointer().doc("The number is a multiple of this."),
  enum: list(20, json).atomic().doc("Values that are allowed."),
  maxProperties: int64(21).pointer().doc("Most members."),
  minProperties: int64(22).pointer().doc("Least members."),
  required: list(23, string).atomic().doc("Members that must be there."),
  items: ref(24, JSONSchemaPropsOrArray).doc("Schema of the items."),
  allOf: list(
    25,
    lazy<JSONSchemaProps>((): Struct => JSONSchemaProps),
  )
    .atomic()
    .doc("Schemas that are all fulfilled."),
  oneOf: list(
    26,
    lazy<JSONSchemaProps>((): Struct => JSONSchemaProps),
  )
    .atomic()
    .doc("Schemas of which exactly one is fulfilled."),
  anyOf: list(
    27,
    lazy<JSONSchemaProps>((): Struct => JSONSchemaProps),
  )
    .atomic()
    .doc("Schemas of which one is fulfilled at least."),
  not: ref(
    28,
    lazy<JSONSchemaProps>((): Struct => JSONSchemaProps),
  ).doc("Schema that is not fulfilled."),
  properties: map(
    29,
    lazy<JSONSchemaProps>((): Struct => JSONSchemaProps),
  ).doc("Schemas of members by name."),
  additionalProperties: ref(30, JSONSchemaPropsOrBool).doc("Schema of all other members."),
  patternProperties: map(
    31,
    lazy<JSONSchemaProps>((): Struct => JSONSchemaProps),
  ).doc("Schemas of members by pattern; not allowed here."),
  dependencies: map(32, JSONSchemaPropsOrStringArray).doc("Members that others need; not allowed here."),
  additionalItems: ref(33, JSONSchemaPropsOrBool).doc("Schema of further items; not allowed here."),
  definitions: map(
    34,
    lazy<JSONSchemaProps>((): Struct => JSONSchemaProps),
  ).doc("Named schemas; not allowed here."),
  externalDocs: ref(35, ExternalDocumentation).doc("Where more is written."),
  example: json(36).pointer().doc("An example of the value."),
  nullable: bool(37).doc("The value may be null."),
  "x-kubernetes-preserve-unknown-fields": bool(38).pointer().doc("Members without a schema are kept."),
  "x-kubernetes-embedded-resource": bool(39).doc(
    "The value is a whole object with apiVersion, kind and metadata.",
  ),
  "x-kubernetes-int-or-string": bool(40).doc("The value is a number or a text."),
  "x-kubernetes-list-map-keys": list(41, string).atomic().doc("Members that tell items of the list apart."),
  "x-kubernetes-list-type": string(42).pointer().doc("atomic, set or map."),
  "x-kubernetes-map-type": string(43).pointer().doc("granular or atomic."),
  "x-kubernetes-validations": list(44, ValidationRule).mergedBy("rule").doc("Rules that the value fulfils."),
});
