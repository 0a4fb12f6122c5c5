/** What is wrong with the versions of a custom kind: their schemas, columns and subresources. */
import { sameValue } from "#api/checks";
import {
  type FieldProblem,
  forbidden,
  invalid,
  item,
  type JsonSchema,
  notSupported,
  required,
  tooMany,
} from "#machinery/schema";
import { depthProblem, rootProblems, schemaProblems } from "#machinery/structural/check";
import { compileJsonPath, JsonPathError } from "#machinery/structural/json-path";
import { itemsOf, valuesOf } from "#machinery/structural/place";
import type {
  CustomResourceColumnDefinition,
  CustomResourceDefinitionSpec,
  CustomResourceDefinitionVersion,
  CustomResourceSubresources,
  SelectableField,
} from "./customresourcedefinition.ts";

type Problems = Iterable<FieldProblem>;
type Part = "schema" | "subresources" | "additionalPrinterColumns" | "selectableFields";

/** What all versions share stands at the top, as in older definitions: errors name that place. */
function pathsOf(versions: readonly CustomResourceDefinitionVersion[], part: Part): readonly string[] {
  const [first] = versions;
  const shared = versions.every((version) => sameValue(version[part] ?? null, first?.[part] ?? null));
  const top = part === "schema" ? "spec.validation" : `spec.${part}`;
  return shared ? [top] : versions.map((_, index) => `${item("spec.versions", index)}.${part}`);
}

/**
 * `old`: what was accepted before. Parts that have not changed since are not looked at again, so that stricter
 * checks of a newer server are never in the way of an update.
 */
export function* versionPartProblems(
  { versions }: CustomResourceDefinitionSpec,
  old?: CustomResourceDefinitionSpec,
): Problems {
  const before = new Map(old?.versions.map((version) => [version.name, version]));
  const parts = {
    schema: pathsOf(versions, "schema"),
    subresources: pathsOf(versions, "subresources"),
    additionalPrinterColumns: pathsOf(versions, "additionalPrinterColumns"),
    selectableFields: pathsOf(versions, "selectableFields"),
  };
  const tooDeep = versions.flatMap(({ schema }, index) => {
    const root = schema?.openAPIV3Schema as JsonSchema | undefined;
    const place = `${parts.schema[index] ?? parts.schema[0]}.openAPIV3Schema`;
    return (root && depthProblem(root, place)) ?? [];
  });
  if (tooDeep.length > 0) return yield* tooDeep;
  for (const [index, version] of versions.entries()) {
    const was = before.get(version.name);
    const isNew = (part: Part) => !was || !sameValue(version[part] ?? null, was[part] ?? null);
    const path = (part: Part) => parts[part][index];
    const schema = version.schema?.openAPIV3Schema as JsonSchema | undefined;
    const where = { schema: path("schema"), subresources: path("subresources") };
    if (where.schema !== undefined && schema && isNew("schema")) {
      const place = `${where.schema}.openAPIV3Schema`;
      if (version.subresources?.status) yield* rootProblems(schema, place);
      yield* schemaProblems(schema, place);
    }
    if (where.subresources !== undefined && version.subresources && isNew("subresources"))
      yield* subresourceProblems(version.subresources, where.subresources);
    const columns = path("additionalPrinterColumns");
    if (columns !== undefined && isNew("additionalPrinterColumns"))
      for (const [at, column] of (version.additionalPrinterColumns ?? []).entries())
        yield* columnProblems(column, item(columns, at));
    const selectable = path("selectableFields");
    if (selectable !== undefined && (isNew("selectableFields") || isNew("schema")))
      yield* selectableProblems(version.selectableFields ?? [], schema, selectable);
  }
}

const STRATEGIES = ["None", "Webhook"];
/** Versions of the question that this server can ask. */
export const REVIEW_VERSIONS = ["v1", "v1beta1"];

/** How versions become one another. */
export function* conversionProblems({ conversion }: CustomResourceDefinitionSpec): Problems {
  if (!conversion) return;
  const path = "spec.conversion";
  const { strategy, webhook } = conversion;
  if (!strategy) yield required(`${path}.strategy`);
  else if (!STRATEGIES.includes(strategy)) yield notSupported(`${path}.strategy`, strategy, STRATEGIES);
  if (strategy !== "Webhook") {
    if (webhook) yield forbidden(`${path}.webhook`, "should not be set when strategy is not set to Webhook");
    return;
  }
  const config = webhook?.clientConfig;
  const where = `${path}.webhookClientConfig`;
  if (!config) yield required(where, "required when strategy is set to Webhook");
  else if ((config.url === undefined) === (config.service === undefined))
    yield required(where, "exactly one of url or service is required");
  else if (config.url !== undefined && !/^https:\/\/[^/]+/.test(config.url))
    yield invalid(`${where}.url`, config.url, "'https' is the only allowed URL scheme");
  const versions = webhook?.conversionReviewVersions ?? [];
  const reviews = `${path}.conversionReviewVersions`;
  if (versions.length === 0) yield required(reviews);
  else if (!versions.some((version) => REVIEW_VERSIONS.includes(version)))
    yield invalid(reviews, versions, `must include at least one of ${REVIEW_VERSIONS.join(", ")}`);
}

const COLUMN_TYPES = ["boolean", "date", "integer", "number", "string"];
const COLUMN_FORMATS = ["byte", "date", "date-time", "double", "float", "int32", "int64", "password"];

function* columnProblems(column: CustomResourceColumnDefinition, path: string): Problems {
  const { name, type, format = "", jsonPath } = column;
  if (!name) yield required(`${path}.name`);
  const types = `must be one of ${COLUMN_TYPES.join(",")}`;
  if (!type) yield required(`${path}.type`, types);
  else if (!COLUMN_TYPES.includes(type)) yield invalid(`${path}.type`, type, types);
  if (format !== "" && !COLUMN_FORMATS.includes(format))
    yield invalid(`${path}.format`, format, `must be one of ${COLUMN_FORMATS.join(",")}`);
  if (!jsonPath) yield required(`${path}.jsonPath`);
  else yield* pathProblems(jsonPath, `${path}.jsonPath`);
}

function* pathProblems(text: string, path: string): Problems {
  if (!text.startsWith(".")) {
    yield invalid(path, text, "must be a simple json path starting with .");
    return;
  }
  try {
    compileJsonPath(text);
  } catch (error) {
    if (!(error instanceof JsonPathError)) throw error;
    yield invalid(path, text, `is an invalid path: ${error.message}`);
  }
}

function* subresourceProblems({ scale }: CustomResourceSubresources, path: string): Problems {
  if (!scale) return;
  yield* scalePathProblems(scale.specReplicasPath, `${path}.scale.specReplicasPath`, ".spec.");
  yield* scalePathProblems(scale.statusReplicasPath, `${path}.scale.statusReplicasPath`, ".status.");
  const { labelSelectorPath } = scale;
  if (!labelSelectorPath) return;
  const where = `${path}.scale.labelSelectorPath`;
  if (!/^\.(?:spec|status)\./.test(labelSelectorPath))
    yield invalid(where, labelSelectorPath, "should be a json path under either .spec or .status");
}

function* scalePathProblems(text: string | undefined, path: string, below: string): Problems {
  if (!text) return yield required(path);
  if (!text.startsWith(".")) return yield invalid(path, text, "must be a simple json path starting with .");
  if (text.includes("["))
    return yield invalid(path, text, "must be a simple json path without array notation");
  if (!text.startsWith(below)) yield invalid(path, text, `should be a json path under ${below.slice(0, -1)}`);
}

const SELECTABLE_MAX = 8;
const SELECTABLE_TYPES = ["boolean", "integer", "string"];

function* selectableProblems(
  fields: readonly SelectableField[],
  schema: JsonSchema | undefined,
  path: string,
): Problems {
  if (fields.length > SELECTABLE_MAX) yield tooMany(path, fields.length, SELECTABLE_MAX);
  const seen = new Set<string>();
  for (const [index, { jsonPath }] of fields.entries()) {
    const where = `${item(path, index)}.jsonPath`;
    if (!jsonPath) {
      yield required(where);
      continue;
    }
    if (seen.has(jsonPath)) yield { type: "duplicate", path: where, value: jsonPath, detail: "" };
    seen.add(jsonPath);
    if (jsonPath.startsWith(".metadata")) {
      yield invalid(where, jsonPath, "must not point to fields in metadata");
      continue;
    }
    const type = schema && typeAt(schema, jsonPath);
    if (!type) yield invalid(where, jsonPath, "is an invalid path: does not refer to a valid field");
    else if (!SELECTABLE_TYPES.includes(type))
      yield invalid(
        where,
        jsonPath,
        "must point to a field of type string, boolean or integer. Enum string fields and strings with formats are allowed.",
      );
  }
}

/** The type of the field at a path without lists; undefined where there is none. */
function typeAt(schema: JsonSchema, path: string): string | undefined {
  let place: JsonSchema | undefined = schema;
  for (const name of path.split(".").slice(1)) {
    if (itemsOf(place) || valuesOf(place)) return undefined;
    place = place.properties?.[name];
    if (!place) return undefined;
  }
  return place.type;
}
