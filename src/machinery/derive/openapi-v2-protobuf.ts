/** The protobuf form of an OpenAPI 2 document, as client-go reads it. */
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

const Properties = mapOf(
  "openapi.v2.Properties",
  struct("openapi.v2.NamedSchema", {
    name: text(1),
    value: ref(
      2,
      late(() => Schema),
    ),
  }),
);
const Additional = struct("openapi.v2.AdditionalPropertiesItem", {
  schema: ref(
    1,
    late(() => Schema),
  ),
  boolean: flag(2),
});
const TypeItem = struct("openapi.v2.TypeItem", { value: list(1, string) });
const Items = struct("openapi.v2.ItemsItem", {
  schema: list(
    1,
    late(() => Schema),
  ),
});
const Schema: Struct = struct("openapi.v2.Schema", {
  $ref: text(1),
  format: text(2),
  title: text(3),
  description: text(4),
  default: ref(5, Any),
  multipleOf: number(6),
  maximum: number(7),
  exclusiveMaximum: flag(8),
  minimum: number(9),
  exclusiveMinimum: flag(10),
  maxLength: count(11),
  minLength: count(12),
  pattern: text(13),
  maxItems: count(14),
  minItems: count(15),
  uniqueItems: flag(16),
  maxProperties: count(17),
  minProperties: count(18),
  required: list(19, string),
  enum: list(20, Any),
  additionalProperties: ref(21, Additional),
  type: ref(22, TypeItem),
  items: ref(23, Items),
  allOf: list(
    24,
    late(() => Schema),
  ),
  properties: ref(25, Properties),
  readOnly: flag(27),
  example: ref(30, Any),
  extensions: list(31, NamedAny),
});

const Body = struct("openapi.v2.BodyParameter", {
  description: text(1),
  name: text(2),
  in: text(3),
  required: flag(4),
  schema: ref(
    5,
    late(() => Schema),
  ),
});
const Query = struct("openapi.v2.QueryParameterSubSchema", {
  required: flag(1),
  in: text(2),
  description: text(3),
  name: text(4),
  type: text(6),
  uniqueItems: flag(20),
});
const Path = struct("openapi.v2.PathParameterSubSchema", {
  required: flag(1),
  in: text(2),
  description: text(3),
  name: text(4),
  type: text(5),
  uniqueItems: flag(19),
});
/** Of headers as of paths. */
const NonBody = struct("openapi.v2.NonBodyParameter", {
  header: ref(1, Path),
  query: ref(3, Query),
  path: ref(4, Path),
});
const Parameter = struct("openapi.v2.Parameter", { body: ref(1, Body), nonBody: ref(2, NonBody) });
const ParametersItem = struct("openapi.v2.ParametersItem", { parameter: ref(1, Parameter) });

const SchemaItem = struct("openapi.v2.SchemaItem", {
  schema: ref(
    1,
    late(() => Schema),
  ),
});
const Response = struct("openapi.v2.Response", { description: text(1), schema: ref(2, SchemaItem) });
const ResponseValue = struct("openapi.v2.ResponseValue", { response: ref(1, Response) });
const Responses = struct("openapi.v2.Responses", {
  codes: list(1, named("openapi.v2.NamedResponseValue", ResponseValue)),
});

const Operation = struct("openapi.v2.Operation", {
  tags: list(1, string),
  description: text(3),
  operationId: text(5),
  produces: list(6, string),
  consumes: list(7, string),
  parameters: list(8, ParametersItem),
  responses: ref(9, Responses),
  schemes: list(10, string),
  deprecated: flag(11),
  extensions: list(13, NamedAny),
});
const PathItem = struct("openapi.v2.PathItem", {
  get: ref(2, Operation),
  put: ref(3, Operation),
  post: ref(4, Operation),
  delete: ref(5, Operation),
  patch: ref(8, Operation),
  parameters: list(9, ParametersItem),
});
const Paths = struct("openapi.v2.Paths", { path: list(2, named("openapi.v2.NamedPathItem", PathItem)) });
const Info = struct("openapi.v2.Info", { title: text(1), version: text(2) });

const ApiKey = struct("openapi.v2.ApiKeySecurity", {
  type: text(1),
  name: text(2),
  in: text(3),
  description: text(4),
});
const SecurityDefinition = struct("openapi.v2.SecurityDefinitionsItem", { apiKey: ref(2, ApiKey) });
const SecurityDefinitions = mapOf(
  "openapi.v2.SecurityDefinitions",
  named("openapi.v2.NamedSecurityDefinitionsItem", SecurityDefinition),
);
const Strings = struct("openapi.v2.StringArray", { value: list(1, string) });
const SecurityRequirement = mapOf(
  "openapi.v2.SecurityRequirement",
  named("openapi.v2.NamedStringArray", Strings),
);

const Document = struct("openapi.v2.Document", {
  swagger: text(1),
  info: ref(2, Info),
  paths: ref(8, Paths),
  definitions: ref(9, Properties),
  security: list(12, SecurityRequirement),
  securityDefinitions: ref(13, SecurityDefinitions),
});

/** `document` is what `openApiV2` makes, with what other servers add to it. */
export function encodeOpenApiV2(document: Json): Uint8Array {
  const { swagger, info, paths, definitions, security, securityDefinitions } = document;
  return encodeProtobuf(Document, {
    swagger,
    info,
    paths: { path: entries(paths, pathItem) },
    definitions: { all: entries(definitions, schema) },
    security: listOf(security).map((of) => ({
      all: Object.entries(objectOf(of)).map(([name, value]) => ({ name, value: { value } })),
    })),
    ...when("securityDefinitions", securityDefinitions, (of) => ({
      all: entries(of, (apiKey) => ({ apiKey })),
    })),
  });
}

function schema(of: Json): object {
  return {
    ...of,
    ...when("default", of.default, any),
    ...when("example", of.example, any),
    ...when("enum", of.enum, (values) => listOf(values).map(any)),
    ...when("type", of.type, (type) => ({ value: [type] })),
    ...when("items", of.items, (items) => ({ schema: [schema(objectOf(items))] })),
    ...when("allOf", of.allOf, (all) => listOf(all).map((one) => schema(objectOf(one)))),
    ...when("properties", of.properties, (properties) => ({ all: entries(properties, schema) })),
    ...when("additionalProperties", of.additionalProperties, (value) =>
      typeof value === "boolean" ? { boolean: value } : { schema: schema(objectOf(value)) },
    ),
    extensions: extensions(of),
  };
}

function parameter(node: unknown): object {
  const of = objectOf(node);
  if (of.in === "body") return { parameter: { body: { ...of, schema: schema(objectOf(of.schema)) } } };
  const where = of.in === "path" || of.in === "header" ? of.in : "query";
  return { parameter: { nonBody: { [where]: of } } };
}

const parameters = (of: Json): object[] => listOf(of.parameters).map(parameter);

const pathItem = (of: Json): object => ({
  ...Object.fromEntries(
    Object.entries(of)
      .filter(([name]) => name !== "parameters" && !name.startsWith("x-"))
      .map(([method, value]) => [method, operation(objectOf(value))]),
  ),
  parameters: parameters(of),
});

const operation = (of: Json): object => ({
  ...of,
  parameters: parameters(of),
  responses: { codes: entries(of.responses, response) },
  extensions: extensions(of),
});

const response = ({ description, schema: of }: Json): object => ({
  response: {
    description,
    ...when("schema", of, (value) => ({ schema: { schema: schema(objectOf(value)) } })),
  },
});
