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
  description: string(1),
  url: string(2),
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
  rule: string(1).required(),
  message: string(2).doc("More about it in plain words."),
  messageExpression: string(3),
  reason: string(4)
    .pointer()
    .oneOf("FieldValueRequired", "FieldValueDuplicate", "FieldValueInvalid", "FieldValueForbidden")
    .doc("One word on why."),
  fieldPath: string(5),
  optionalOldSelf: bool(6).pointer(),
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
  id: string(1),
  $schema: string(2),
  $ref: string(3).pointer(),
  description: string(4),
  type: string(5),
  format: string(6),
  title: string(7),
  default: json(8).pointer(),
  maximum: double(9).pointer(),
  exclusiveMaximum: bool(10),
  minimum: double(11).pointer(),
  exclusiveMinimum: bool(12),
  maxLength: int64(13).pointer(),
  minLength: int64(14).pointer(),
  pattern: string(15),
  maxItems: int64(16).pointer(),
  minItems: int64(17).pointer(),
  uniqueItems: bool(18),
  multipleOf: double(19).pointer(),
  enum: list(20, json).atomic(),
  maxProperties: int64(21).pointer(),
  minProperties: int64(22).pointer(),
  required: list(23, string).atomic(),
  items: ref(24, JSONSchemaPropsOrArray),
  allOf: list(
    25,
    lazy<JSONSchemaProps>((): Struct => JSONSchemaProps),
  ).atomic(),
  oneOf: list(
    26,
    lazy<JSONSchemaProps>((): Struct => JSONSchemaProps),
  ).atomic(),
  anyOf: list(
    27,
    lazy<JSONSchemaProps>((): Struct => JSONSchemaProps),
  ).atomic(),
  not: ref(
    28,
    lazy<JSONSchemaProps>((): Struct => JSONSchemaProps),
  ),
  properties: map(
    29,
    lazy<JSONSchemaProps>((): Struct => JSONSchemaProps),
  ),
  additionalProperties: ref(30, JSONSchemaPropsOrBool),
  patternProperties: map(
    31,
    lazy<JSONSchemaProps>((): Struct => JSONSchemaProps),
  ),
  dependencies: map(32, JSONSchemaPropsOrStringArray),
  additionalItems: ref(33, JSONSchemaPropsOrBool),
  definitions: map(
    34,
    lazy<JSONSchemaProps>((): Struct => JSONSchemaProps),
  ),
  externalDocs: ref(35, ExternalDocumentation),
  example: json(36).pointer(),
  nullable: bool(37),
  "x-kubernetes-preserve-unknown-fields": bool(38).pointer(),
  "x-kubernetes-embedded-resource": bool(39),
  "x-kubernetes-int-or-string": bool(40),
  "x-kubernetes-list-map-keys": list(41, string).atomic(),
  "x-kubernetes-list-type": string(42).pointer(),
  "x-kubernetes-map-type": string(43).pointer(),
  "x-kubernetes-validations": list(44, ValidationRule).mergedBy("rule"),
});
