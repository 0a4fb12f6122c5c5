/** The protobuf form of an OpenAPI 3 document. */
import { list, ref, string, struct, type Struct } from "../schema.ts";
import {
  Any,
  any,
  count,
  entries,
  extensions,
  flag,
  late,
  listOf,
  mapOf,
  named,
  NamedAny,
  number,
  objectOf,
  text,
  when,
} from "./openapi-protobuf.ts";
import type { Json } from "./openapi-schema.ts";
import { encodeProtobuf } from "./protobuf.ts";

const Reference = struct("openapi.v3.Reference", { $ref: text(1) });
const SchemaOrReference = struct("openapi.v3.SchemaOrReference", {
  schema: ref(
    1,
    late(() => Schema),
  ),
  reference: ref(2, Reference),
});
const Properties = mapOf("openapi.v3.Properties", named("openapi.v3.NamedSchema", SchemaOrReference));
const Additional = struct("openapi.v3.AdditionalPropertiesItem", {
  schema: ref(1, SchemaOrReference),
  boolean: flag(2),
});
const Items = struct("openapi.v3.ItemsItem", { schema: list(1, SchemaOrReference) });
const DefaultType = struct("openapi.v3.DefaultType", {
  number: number(1),
  boolean: flag(2),
  string: text(3),
});
const Schema: Struct = struct("openapi.v3.Schema", {
  nullable: flag(1),
  readOnly: flag(3),
  writeOnly: flag(4),
  example: ref(7, Any),
  deprecated: flag(8),
  title: text(9),
  multipleOf: number(10),
  maximum: number(11),
  exclusiveMaximum: flag(12),
  minimum: number(13),
  exclusiveMinimum: flag(14),
  maxLength: count(15),
  minLength: count(16),
  pattern: text(17),
  maxItems: count(18),
  minItems: count(19),
  uniqueItems: flag(20),
  maxProperties: count(21),
  minProperties: count(22),
  required: list(23, string),
  enum: list(24, Any),
  type: text(25),
  allOf: list(26, SchemaOrReference),
  oneOf: list(27, SchemaOrReference),
  anyOf: list(28, SchemaOrReference),
  not: ref(
    29,
    late(() => Schema),
  ),
  items: ref(30, Items),
  properties: ref(31, Properties),
  additionalProperties: ref(32, Additional),
  default: ref(33, DefaultType),
  description: text(34),
  format: text(35),
  extensions: list(36, NamedAny),
});

const MediaType = struct("openapi.v3.MediaType", { schema: ref(1, SchemaOrReference) });
const MediaTypes = mapOf("openapi.v3.MediaTypes", named("openapi.v3.NamedMediaType", MediaType));
const Parameter = struct("openapi.v3.Parameter", {
  name: text(1),
  in: text(2),
  description: text(3),
  required: flag(4),
  schema: ref(10, SchemaOrReference),
  extensions: list(14, NamedAny),
});
const ParameterOrReference = struct("openapi.v3.ParameterOrReference", {
  parameter: ref(1, Parameter),
  reference: ref(2, Reference),
});
const RequestBody = struct("openapi.v3.RequestBody", {
  description: text(1),
  content: ref(2, MediaTypes),
  required: flag(3),
});
const RequestBodyOrReference = struct("openapi.v3.RequestBodyOrReference", {
  body: ref(1, RequestBody),
  reference: ref(2, Reference),
});
const Response = struct("openapi.v3.Response", { description: text(1), content: ref(3, MediaTypes) });
const ResponseOrReference = struct("openapi.v3.ResponseOrReference", {
  response: ref(1, Response),
  reference: ref(2, Reference),
});
const Responses = struct("openapi.v3.Responses", {
  codes: list(2, named("openapi.v3.NamedResponse", ResponseOrReference)),
});
const Operation = struct("openapi.v3.Operation", {
  tags: list(1, string),
  summary: text(2),
  description: text(3),
  operationId: text(5),
  parameters: list(6, ParameterOrReference),
  requestBody: ref(7, RequestBodyOrReference),
  responses: ref(8, Responses),
  deprecated: flag(10),
  extensions: list(13, NamedAny),
});
/** With the tags of their messages. */
const METHODS = { get: 4, put: 5, post: 6, delete: 7, options: 8, head: 9, patch: 10, trace: 11 };
const PathItem = struct("openapi.v3.PathItem", {
  ...Object.fromEntries(Object.entries(METHODS).map(([method, tag]) => [method, ref(tag, Operation)])),
  parameters: list(13, ParameterOrReference),
  extensions: list(14, NamedAny),
});
const Paths = struct("openapi.v3.Paths", { path: list(1, named("openapi.v3.NamedPathItem", PathItem)) });
const Info = struct("openapi.v3.Info", { title: text(1), description: text(2), version: text(6) });
const SecurityScheme = struct("openapi.v3.SecurityScheme", {
  type: text(1),
  description: text(2),
  name: text(3),
  in: text(4),
  scheme: text(5),
  bearerFormat: text(6),
});
const SecuritySchemeOrReference = struct("openapi.v3.SecuritySchemeOrReference", {
  scheme: ref(1, SecurityScheme),
  reference: ref(2, Reference),
});
const Components = struct("openapi.v3.Components", {
  schemas: ref(1, Properties),
  securitySchemes: ref(
    7,
    mapOf("openapi.v3.SecuritySchemes", named("openapi.v3.NamedSecurityScheme", SecuritySchemeOrReference)),
  ),
});
const Document = struct("openapi.v3.Document", {
  openapi: text(1),
  info: ref(2, Info),
  paths: ref(4, Paths),
  components: ref(5, Components),
});

/** `document` is what `openApiV3` makes, or what another server says in JSON. */
export function encodeOpenApiV3(document: Json): Uint8Array {
  const { schemas, securitySchemes } = objectOf(document.components);
  return encodeProtobuf(Document, {
    openapi: document.openapi,
    info: document.info,
    paths: { path: entries(document.paths, pathItem) },
    components: {
      schemas: { all: entries(schemas, schemaOrReference) },
      ...when("securitySchemes", securitySchemes, (of) => ({ all: entries(of, orReference("scheme")) })),
    },
  });
}

/** A message for either the thing itself, by this name, or a reference to it. */
const orReference =
  (name: string, make: (of: Json) => object = (of) => of) =>
  (of: Json): object =>
    "$ref" in of ? { reference: of } : { [name]: make(of) };

const several = (of: unknown, make: (one: Json) => object): object[] =>
  listOf(of).map((one) => make(objectOf(one)));

const schemaOrReference = orReference("schema", schema);

function schema(of: Json): object {
  const all = (value: unknown) => several(value, schemaOrReference);
  const one = (value: unknown) => schemaOrReference(objectOf(value));
  return {
    ...of,
    ...when("example", of.example, any),
    ...when("enum", of.enum, (values) => listOf(values).map(any)),
    ...when("allOf", of.allOf, all),
    ...when("oneOf", of.oneOf, all),
    ...when("anyOf", of.anyOf, all),
    ...when("not", of.not, (value) => schema(objectOf(value))),
    ...when("items", of.items, (value) => ({ schema: [one(value)] })),
    ...when("properties", of.properties, (value) => ({ all: entries(value, schemaOrReference) })),
    ...when("additionalProperties", of.additionalProperties, (value) =>
      typeof value === "boolean" ? { boolean: value } : { schema: one(value) },
    ),
    default: defaultOf(of.default),
    extensions: extensions(of),
  };
}

/** Only plain values have a place in the message. */
function defaultOf(value: unknown): object | undefined {
  const type = typeof value;
  return type === "string" || type === "number" || type === "boolean" ? { [type]: value } : undefined;
}

const content = (of: unknown): object => ({
  all: entries(of, (media) => when("schema", media.schema, (value) => schemaOrReference(objectOf(value)))),
});

const parameter = orReference("parameter", (of) => ({
  ...of,
  ...when("schema", of.schema, (value) => schemaOrReference(objectOf(value))),
  extensions: extensions(of),
}));

const body = orReference("body", (of) => ({ ...of, ...when("content", of.content, content) }));
const response = orReference("response", (of) => ({ ...of, ...when("content", of.content, content) }));

const pathItem = (of: Json): object => ({
  ...Object.fromEntries(
    Object.entries(of)
      .filter(([name]) => Object.hasOwn(METHODS, name))
      .map(([method, value]) => [method, operation(objectOf(value))]),
  ),
  parameters: several(of.parameters, parameter),
  extensions: extensions(of),
});

const operation = (of: Json): object => ({
  ...of,
  parameters: several(of.parameters, parameter),
  ...when("requestBody", of.requestBody, (value) => body(objectOf(value))),
  responses: { codes: entries(of.responses, response) },
  extensions: extensions(of),
});
