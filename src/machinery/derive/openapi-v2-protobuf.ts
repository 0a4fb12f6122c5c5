/**
 * The protobuf form of an OpenAPI 2 document, as client-go reads it: every object is a message, every map a list of
 * names and values, and what has any shape is YAML text.
 */
import { stringifyJson } from "../json.ts";
import { bool, double, int64, lazy, list, ref, string, struct, type Struct } from "../schema.ts";
import { encodeProtobuf } from "./protobuf.ts";
import type { Json } from "./openapi-schema.ts";

const text = (tag: number) => string(tag).pointer();
const flag = (tag: number) => bool(tag).pointer();
const number = (tag: number) => double(tag).pointer();
const count = (tag: number) => int64(tag).pointer();
const late = (make: () => Struct) => lazy<unknown>(make);

const Any = struct("openapi.v2.Any", { yaml: text(2) });
const NamedAny = struct("openapi.v2.NamedAny", { name: text(1), value: ref(2, Any) });
const NamedSchema: Struct = struct("openapi.v2.NamedSchema", {
  name: text(1),
  value: ref(
    2,
    late(() => Schema),
  ),
});
const Properties = struct("openapi.v2.Properties", {
  all: list(
    1,
    late(() => NamedSchema),
  ),
});
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
  maximum: number(7),
  minimum: number(9),
  maxLength: count(11),
  minLength: count(12),
  pattern: text(13),
  maxItems: count(14),
  minItems: count(15),
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
});
const Path = struct("openapi.v2.PathParameterSubSchema", {
  required: flag(1),
  in: text(2),
  description: text(3),
  name: text(4),
  type: text(5),
});
const NonBody = struct("openapi.v2.NonBodyParameter", { query: ref(3, Query), path: ref(4, Path) });
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
const NamedResponse = struct("openapi.v2.NamedResponseValue", {
  name: text(1),
  value: ref(2, ResponseValue),
});
const Responses = struct("openapi.v2.Responses", { codes: list(1, NamedResponse) });

const Operation = struct("openapi.v2.Operation", {
  tags: list(1, string),
  description: text(3),
  operationId: text(5),
  produces: list(6, string),
  consumes: list(7, string),
  parameters: list(8, ParametersItem),
  responses: ref(9, Responses),
  schemes: list(10, string),
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
const NamedPathItem = struct("openapi.v2.NamedPathItem", { name: text(1), value: ref(2, PathItem) });
const Paths = struct("openapi.v2.Paths", { path: list(2, NamedPathItem) });
const Info = struct("openapi.v2.Info", { title: text(1), version: text(2) });

const Document = struct("openapi.v2.Document", {
  swagger: text(1),
  info: ref(2, Info),
  paths: ref(8, Paths),
  definitions: ref(9, Properties),
});

/** `document` is what `openApiV2` makes. */
export function encodeOpenApiV2(document: Json): Uint8Array {
  return encodeProtobuf(Document, {
    swagger: document.swagger,
    info: document.info,
    paths: { path: entries(document.paths, pathItem) },
    definitions: { all: entries(document.definitions, schema) },
  });
}

const entries = (map: unknown, make: (value: Json) => object): object[] =>
  Object.entries(map as Record<string, Json>).map(([name, value]) => ({ name, value: make(value) }));

const any = (value: unknown): object => ({ yaml: `${stringifyJson(value)}\n` });

const extensions = (of: Json): object[] =>
  Object.entries(of)
    .filter(([name]) => name.startsWith("x-"))
    .map(([name, value]) => ({ name, value: any(value) }));

function schema(of: Json): object {
  const { type, items, properties, additionalProperties, allOf } = of;
  return {
    ...of,
    ...(of.default === undefined ? {} : { default: any(of.default) }),
    ...(of.enum === undefined ? {} : { enum: (of.enum as unknown[]).map(any) }),
    ...(type === undefined ? {} : { type: { value: [type] } }),
    ...(items === undefined ? {} : { items: { schema: [schema(items as Json)] } }),
    ...(allOf === undefined ? {} : { allOf: (allOf as Json[]).map(schema) }),
    ...(properties === undefined ? {} : { properties: { all: entries(properties, schema) } }),
    ...(additionalProperties === undefined
      ? {}
      : { additionalProperties: { schema: schema(additionalProperties as Json) } }),
    extensions: extensions(of),
  };
}

function parameter(of: Json): object {
  if (of.in === "body") return { parameter: { body: { ...of, schema: schema(of.schema as Json) } } };
  return { parameter: { nonBody: of.in === "path" ? { path: of } : { query: of } } };
}

const parameters = (of: Json): object[] => ((of.parameters as Json[] | undefined) ?? []).map(parameter);

const pathItem = (of: Json): object => ({
  ...Object.fromEntries(
    Object.entries(of)
      .filter(([name]) => name !== "parameters")
      .map(([method, value]) => [method, operation(value as Json)]),
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
  response: { description, ...(of === undefined ? {} : { schema: { schema: schema(of as Json) } }) },
});
