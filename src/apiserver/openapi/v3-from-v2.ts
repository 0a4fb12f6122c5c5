/** OpenAPI 3 of what a server has only said in version 2: schemas move, bodies are no parameters, types of content are by answer. */
import { isObject } from "#machinery/patch/merge-patch";
import { partOfV2 } from "./part-of-v2.ts";

export type Json = Readonly<Record<string, unknown>>;

const V2_PLACE = "#/definitions/";
const V3_PLACE = "#/components/schemas/";

/** Of the paths that begin so. */
export function v3FromV2(document: Json, prefix: string): Json {
  const { paths, definitions } = partOfV2(document, prefix);
  return {
    openapi: "3.0.0",
    info: document.info ?? { title: "", version: "" },
    paths: Object.fromEntries(Object.entries(paths).map(([path, item]) => [path, pathItem(item)])),
    components: { schemas: moved(definitions) },
  };
}

/** With references to where version 3 has its schemas. */
function moved(node: unknown): unknown {
  if (Array.isArray(node)) return node.map(moved);
  if (!isObject(node)) return node;
  return Object.fromEntries(
    Object.entries(node).map(([key, value]) =>
      key === "$ref" && typeof value === "string"
        ? [key, value.replace(V2_PLACE, V3_PLACE)]
        : [key, moved(value)],
    ),
  );
}

const pathItem = (item: unknown): unknown =>
  isObject(item)
    ? Object.fromEntries(
        Object.entries(item).map(([key, value]) => {
          if (key === "parameters") return [key, parametersOf(value)];
          return [key, key.startsWith("x-") || !isObject(value) ? value : operation(value)];
        }),
      )
    : item;

function operation(v2: Json): Json {
  const { consumes, produces, schemes: _, parameters, responses, ...rest } = v2;
  const body = rowsOf(parameters).find((one) => one.in === "body");
  const bodyOf = (schema: unknown, types: unknown) =>
    Object.fromEntries(textsOf(types).map((type) => [type, { schema: moved(schema) }]));
  return {
    ...rest,
    ...(parameters === undefined ? {} : { parameters: parametersOf(parameters) }),
    ...(body
      ? {
          requestBody: {
            content: bodyOf(body.schema, consumes),
            ...(body.required === true ? { required: true } : {}),
          },
        }
      : {}),
    responses: Object.fromEntries(
      Object.entries(isObject(responses) ? responses : {}).map(([code, answer]) => {
        if (!isObject(answer)) return [code, answer];
        const { schema, ...others } = answer;
        return [code, schema === undefined ? others : { ...others, content: bodyOf(schema, produces) }];
      }),
    ),
  };
}

const rowsOf = (parameters: unknown): Json[] =>
  Array.isArray(parameters) ? parameters.filter(isObject) : [];

const textsOf = (types: unknown): string[] => {
  const texts = Array.isArray(types) ? types.filter((one) => typeof one === "string") : [];
  return texts.length > 0 ? texts : ["application/json"];
};

/** What a parameter is, is its own in version 2 and its schema's in version 3. */
const ABOUT_PARAMETER = new Set(["name", "in", "description", "required", "allowEmptyValue"]);

const parametersOf = (parameters: unknown): Json[] =>
  rowsOf(parameters)
    .filter((one) => one.in !== "body")
    .map((one) => {
      const about = Object.entries(one).filter(([key]) => ABOUT_PARAMETER.has(key));
      const schema = Object.entries(one).filter(([key]) => !ABOUT_PARAMETER.has(key));
      return { ...Object.fromEntries(about), schema: Object.fromEntries(schema) };
    });
