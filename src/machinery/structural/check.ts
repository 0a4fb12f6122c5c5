/**
 * Whether the schema of a custom kind is structural: every member and item has one type that stands outside of
 * compositions, so that it is known of each place of an object what may be there.
 */
import { sameJson } from "../same-json.ts";
import { type FieldProblem, forbidden, invalid, type JsonSchema, notSupported, required } from "../schema.ts";
import { patternOf } from "./pattern.ts";
import { isEmbedded, isIntOrString, itemsOf, keepsUnknown, valuesOf } from "./place.ts";
import { pruneOf } from "./prune.ts";
import { brokenByDefault, ruleProblems } from "./rules.ts";
import { problemsOf } from "./validate.ts";

type Level = "root" | "item" | "field";
type Problems = Iterable<FieldProblem>;

/** Everything that is wrong with the schema, in order of the texts. */
export function schemaProblems(schema: JsonSchema, path: string): FieldProblem[] {
  const problems = [...placeProblems(schema, "root", path), ...completenessProblems(schema, path)];
  const text = ({ path: where, type, detail }: FieldProblem) => `${where}: ${type}: ${detail}`;
  problems.sort((a, b) => (text(a) < text(b) ? -1 : 1));
  if (problems.length > 0) return problems;
  // Defaults and rules are looked at with a schema that can be relied on.
  const found = [...defaultProblems(schema, path, true), ...ruleProblems(schema, path)];
  return found.length > 0 ? found : [...eachDefault(schema, path, true, ruleProblemsOfDefault)];
}

/** Levels of objects and lists in the JSON of a schema. Nobody writes that many; all that walks schemas can bear them. */
const SCHEMA_DEPTH_MAX = 500;

/** Is the schema nested too deeply to be looked at? */
export function depthProblem(schema: JsonSchema, path: string): FieldProblem | undefined {
  let level: unknown[] = [schema];
  for (let depth = 0; level.length > 0; depth++) {
    if (depth > SCHEMA_DEPTH_MAX)
      return invalid(path, null, `must not be nested more than ${SCHEMA_DEPTH_MAX} levels deep`);
    level = level.flatMap((one) => (typeof one === "object" && one !== null ? Object.values(one) : []));
  }
  return undefined;
}

const member = (path: string, name: string): string => `${path}.properties[${name}]`;

function* placeProblems(schema: JsonSchema, level: Level, path: string): Problems {
  yield* unsupported(schema, path);
  const items = itemsOf(schema);
  if (schema.type === "array" && !schema.items) yield required(`${path}.items`, "must be specified");
  if (items) yield* placeProblems(items, "item", `${path}.items`);
  for (const [name, one] of Object.entries(schema.properties ?? {}))
    yield* placeProblems(one, "field", member(path, name));
  if (schema.additionalProperties !== undefined && level === "root")
    yield forbidden(`${path}.additionalProperties`, "must not be used at the root");
  const values = valuesOf(schema);
  if (values && values !== true) yield* placeProblems(values, "field", `${path}.additionalProperties`);
  yield* typeProblems(schema, level, path);
  yield* extensionProblems(schema, path);
  yield* listProblems(schema, path);
  yield* valueProblems(schema, path, isIntOrStringAnyOf(schema), isIntOrStringAllOf(schema));
  if (level === "root" || isEmbedded(schema)) yield* objectMemberProblems(schema, level, path);
}

const TYPES = ["array", "boolean", "integer", "number", "object", "string"];

/** Parts of OpenAPI that the API does not take anywhere. */
function* unsupported(schema: JsonSchema, path: string): Problems {
  const parts = schema as Readonly<Record<string, unknown>>;
  for (const name of [
    "additionalItems",
    "patternProperties",
    "definitions",
    "dependencies",
    "id",
    "$ref",
    "$schema",
  ]) {
    const value = parts[name];
    if (value !== undefined && value !== "") yield forbidden(`${path}.${name}`, `${name} is not supported`);
  }
  if (schema.uniqueItems)
    yield forbidden(
      `${path}.uniqueItems`,
      "uniqueItems cannot be set to true since the runtime complexity becomes quadratic",
    );
  if (schema.type === "null")
    yield forbidden(`${path}.type`, "type cannot be set to null, use nullable as an alternative");
  else if (schema.type && !TYPES.includes(schema.type))
    yield notSupported(`${path}.type`, schema.type, TYPES);
  if (Array.isArray(schema.items))
    yield forbidden(`${path}.items`, "items must be a schema object and not an array");
  const hasValues = schema.additionalProperties !== undefined && schema.additionalProperties !== true;
  if (hasValues && Object.keys(schema.properties ?? {}).length > 0)
    yield forbidden(
      `${path}.additionalProperties`,
      "additionalProperties and properties are mutual exclusive",
    );
  if (schema["x-kubernetes-preserve-unknown-fields"] === false)
    yield invalid(`${path}.x-kubernetes-preserve-unknown-fields`, false, "must be true or undefined");
}

const EMPTY_TYPE: Readonly<Record<Level, string>> = {
  root: "must not be empty at the root",
  item: "must not be empty for specified array items",
  field: "must not be empty for specified object fields",
};

function* typeProblems(schema: JsonSchema, level: Level, path: string): Problems {
  const type = schema.type ?? "";
  if (isEmbedded(schema) && type !== "object") {
    const detail = "must be object if x-kubernetes-embedded-resource is true";
    yield type === "" ? required(`${path}.type`, detail) : invalid(`${path}.type`, type, detail);
  } else if (type === "" && !isIntOrString(schema) && !keepsUnknown(schema)) {
    yield required(`${path}.type`, EMPTY_TYPE[level]);
  }
  if (isEmbedded(schema) && schema.additionalProperties !== undefined)
    yield forbidden(
      `${path}.additionalProperties`,
      "must not be used if x-kubernetes-embedded-resource is set",
    );
  if (level === "root" && type !== "" && type !== "object")
    yield invalid(`${path}.type`, type, "must be object at the root");
  if (isEmbedded(schema) && !keepsUnknown(schema) && Object.keys(schema.properties ?? {}).length === 0)
    yield required(
      `${path}.properties`,
      "must not be empty if x-kubernetes-embedded-resource is true without x-kubernetes-preserve-unknown-fields",
    );
}

function* extensionProblems(schema: JsonSchema, path: string): Problems {
  if (isIntOrString(schema)) {
    const detail = "must be false if x-kubernetes-int-or-string is true";
    if (keepsUnknown(schema)) yield invalid(`${path}.x-kubernetes-preserve-unknown-fields`, true, detail);
    if (isEmbedded(schema)) yield invalid(`${path}.x-kubernetes-embedded-resource`, true, detail);
    if (schema.type)
      yield invalid(`${path}.type`, schema.type, "must be empty if x-kubernetes-int-or-string is true");
  }
  const mapType = schema["x-kubernetes-map-type"];
  if (mapType === undefined) return;
  if (schema.type !== "object") yield* wrongType(schema, path, "object", "x-kubernetes-map-type");
  if (mapType !== "atomic" && mapType !== "granular")
    yield notSupported(`${path}.x-kubernetes-map-type`, mapType, ["atomic", "granular"]);
}

function* wrongType({ type = "" }: JsonSchema, path: string, wanted: string, extension: string): Problems {
  const detail = `must be ${wanted} if ${extension} is specified`;
  yield type === "" ? required(`${path}.type`, detail) : invalid(`${path}.type`, type, detail);
}

const LIST_TYPES = ["atomic", "map", "set"];

function* listProblems(schema: JsonSchema, path: string): Problems {
  const listType = schema["x-kubernetes-list-type"];
  const keys = schema["x-kubernetes-list-map-keys"] ?? [];
  if (listType !== undefined) {
    if (schema.type !== "array") yield* wrongType(schema, path, "array", "x-kubernetes-list-type");
    if (!LIST_TYPES.includes(listType))
      yield notSupported(`${path}.x-kubernetes-list-type`, listType, LIST_TYPES);
  }
  if (keys.length > 0 && listType !== "map") {
    const detail = "must be map if x-kubernetes-list-map-keys is non-empty";
    const where = `${path}.x-kubernetes-list-type`;
    yield listType === undefined ? required(where, detail) : invalid(where, listType, detail);
  }
  if (listType === "map") yield* keyedListProblems(schema, keys, path);
  if (listType === "set") yield* setProblems(schema, path);
}

function* keyedListProblems(schema: JsonSchema, keys: readonly string[], path: string): Problems {
  const items = itemsOf(schema);
  const where = `${path}.x-kubernetes-list-map-keys`;
  if (keys.length === 0) yield required(where, "must not be empty if x-kubernetes-list-type is map");
  if (!items) return yield required(`${path}.items`, "must have a schema if x-kubernetes-list-type is map");
  if (items.type !== "object")
    yield invalid(
      `${path}.items.type`,
      items.type ?? "",
      "must be object if parent array's x-kubernetes-list-type is map",
    );
  if (new Set(keys).size !== keys.length) yield invalid(where, keys, "must not contain duplicate entries");
  for (const key of keys) {
    const one = items.properties?.[key];
    const place = member(`${path}.items`, key);
    if (!one) {
      yield invalid(where, keys, "entries must all be names of item properties");
      continue;
    }
    // A number or a text, as one place may hold either, is as good a key as each of them.
    if (one.type === "array" || one.type === "object")
      yield invalid(
        `${place}.type`,
        items.type ?? "",
        "must be a scalar type if parent array's x-kubernetes-list-type is map",
      );
    if (one.default === undefined && !items.required?.includes(key))
      yield required(
        `${place}.default`,
        "this property is in x-kubernetes-list-map-keys, so it must have a default or be a required property",
      );
    if (one.nullable)
      yield forbidden(
        `${place}.nullable`,
        "this property is in x-kubernetes-list-map-keys, so it cannot be nullable",
      );
  }
}

function* setProblems(schema: JsonSchema, path: string): Problems {
  const items = itemsOf(schema);
  if (!items) return;
  if (items.nullable)
    yield forbidden(`${path}.items.nullable`, 'cannot be nullable when x-kubernetes-list-type is "set"');
  if (items.type === "object" && items["x-kubernetes-map-type"] !== "atomic")
    yield invalid(
      `${path}.items.x-kubernetes-map-type`,
      items["x-kubernetes-map-type"] ?? null,
      "must be atomic as item of a list with x-kubernetes-list-type=set",
    );
  if (items.type === "array" && (items["x-kubernetes-list-type"] ?? "atomic") !== "atomic")
    yield invalid(
      `${path}.items.x-kubernetes-list-type`,
      items["x-kubernetes-list-type"],
      "must be atomic as item of a list with x-kubernetes-list-type=set",
    );
}

const INT_OR_STRING = [{ type: "integer" }, { type: "string" }];

const isIntOrStringAnyOf = ({ anyOf }: JsonSchema): boolean =>
  anyOf !== undefined && sameJson(anyOf, INT_OR_STRING);
const isIntOrStringAllOf = ({ allOf }: JsonSchema): boolean =>
  allOf?.[0] !== undefined && isIntOrStringAnyOf(allOf[0]);

/** Compositions, and what they may hold. The two ways of saying int-or-string may name types. */
function* valueProblems(
  schema: JsonSchema,
  path: string,
  skipAnyOf: boolean,
  skipInAllOf: boolean,
): Problems {
  const { anyOf = [], allOf = [], oneOf = [], not, pattern } = schema;
  if (!skipAnyOf)
    for (const [index, one] of anyOf.entries()) yield* nestedProblems(one, `${path}.anyOf[${index}]`, false);
  for (const [index, one] of allOf.entries())
    yield* nestedProblems(one, `${path}.allOf[${index}]`, skipInAllOf && index === 0);
  for (const [index, one] of oneOf.entries()) yield* nestedProblems(one, `${path}.oneOf[${index}]`, false);
  if (not) yield* nestedProblems(not, `${path}.not`, false);
  if (pattern) {
    const compiled = patternOf(pattern);
    if (typeof compiled === "string")
      yield invalid(`${path}.pattern`, pattern, `must be a valid regular expression, but isn't: ${compiled}`);
  }
}

/** Where each of these stands in a composition, and what is said of it. */
const OUTSIDE_ONLY: readonly (readonly [keyof JsonSchema, string])[] = [
  ["type", "must be empty to be structural"],
  ["additionalProperties", "must be undefined to be structural"],
  ["default", "must be undefined to be structural"],
  ["title", "must be empty to be structural"],
  ["description", "must be empty to be structural"],
  ["nullable", "must be false to be structural"],
  ["x-kubernetes-preserve-unknown-fields", "must be false to be structural"],
  ["x-kubernetes-embedded-resource", "must be false to be structural"],
  ["x-kubernetes-int-or-string", "must be false to be structural"],
  ["x-kubernetes-list-map-keys", "must be empty to be structural"],
  ["x-kubernetes-list-type", "must be undefined to be structural"],
  ["x-kubernetes-map-type", "must be undefined to be structural"],
  ["x-kubernetes-validations", "must be empty to be structural"],
];

function* nestedProblems(schema: JsonSchema, path: string, skipAnyOf: boolean): Problems {
  yield* valueProblems(schema, path, skipAnyOf, false);
  const items = itemsOf(schema);
  if (items) yield* nestedProblems(items, `${path}.items`, false);
  for (const [name, one] of Object.entries(schema.properties ?? {}))
    yield* nestedProblems(one, member(path, name), false);
  for (const [name, detail] of OUTSIDE_ONLY) {
    const value = schema[name];
    if (value !== undefined && value !== "" && value !== false) yield forbidden(`${path}.${name}`, detail);
  }
  if (schema.properties?.metadata)
    yield forbidden(member(path, "metadata"), "must not be specified in a nested context");
}

const RESTRICTABLE = new Set(["name", "generateName"]);

/** What every object has anyway may be restricted a little, and not be described anew. */
function* objectMemberProblems({ properties = {} }: JsonSchema, level: Level, path: string): Problems {
  for (const name of ["kind", "apiVersion"]) {
    const type = properties[name]?.type;
    if (properties[name] && type !== "string")
      yield invalid(`${member(path, name)}.type`, type ?? "", "must be string");
  }
  const { metadata } = properties;
  if (!metadata) return;
  const where = member(path, "metadata");
  if (metadata.type !== "object") yield invalid(`${where}.type`, metadata.type ?? "", "must be object");
  if (level !== "root") return;
  const { type: _type, description: _description, properties: members = {}, ...rest } = metadata;
  if (Object.keys(rest).length > 0 || Object.keys(members).some((name) => !RESTRICTABLE.has(name)))
    yield forbidden(
      where,
      "must not specify anything other than name and generateName, but metadata is implicitly specified",
    );
}

/** What a composition speaks of must be defined outside of it. */
function* completenessProblems(schema: JsonSchema, path: string): Problems {
  const { anyOf = [], allOf = [], oneOf = [], not } = schema;
  const within: (readonly [JsonSchema, string])[] = [
    ...anyOf.map((one, index) => [one, `${path}.anyOf[${index}]`] as const),
    ...allOf.map((one, index) => [one, `${path}.allOf[${index}]`] as const),
    ...oneOf.map((one, index) => [one, `${path}.oneOf[${index}]`] as const),
    ...(not ? [[not, `${path}.not`] as const] : []),
  ];
  for (const [nested, where] of within) yield* missingIn(schema, nested, path, where);
  const items = itemsOf(schema);
  if (items) yield* completenessProblems(items, `${path}.items`);
  for (const [name, one] of Object.entries(schema.properties ?? {}))
    yield* completenessProblems(one, member(path, name));
  const values = valuesOf(schema);
  if (values && values !== true) yield* completenessProblems(values, `${path}.additionalProperties`);
}

function* missingIn(schema: JsonSchema, nested: JsonSchema, path: string, where: string): Problems {
  const nestedItems = itemsOf(nested);
  if (nestedItems) {
    const items = itemsOf(schema);
    if (items) yield* missingIn(items, nestedItems, `${path}.items`, `${where}.items`);
    else yield required(`${path}.items`, `because it is defined in ${where}.items`);
  }
  for (const [name, one] of Object.entries(nested.properties ?? {})) {
    const outside = schema.properties?.[name];
    if (outside) yield* missingIn(outside, one, member(path, name), member(where, name));
    else yield required(member(path, name), `because it is defined in ${member(where, name)}`);
  }
  const deeper = [...(nested.anyOf ?? []), ...(nested.allOf ?? []), ...(nested.oneOf ?? [])];
  for (const one of nested.not ? [...deeper, nested.not] : deeper) yield* missingIn(schema, one, path, where);
}

const defaultProblems = (schema: JsonSchema, path: string, isRoot: boolean): Problems =>
  eachDefault(schema, path, isRoot, valueProblemsOfDefault);

/** Every place of the schema that has a default. */
function* eachDefault(
  schema: JsonSchema,
  path: string,
  isRoot: boolean,
  check: (schema: JsonSchema, path: string) => Problems,
): Problems {
  if (schema.default !== undefined) yield* check(schema, `${path}.default`);
  const items = itemsOf(schema);
  if (items) yield* eachDefault(items, `${path}.items`, false, check);
  for (const [name, one] of Object.entries(schema.properties ?? {})) {
    if (isRoot && name === "metadata") continue;
    yield* eachDefault(one, member(path, name), false, check);
  }
  const values = valuesOf(schema);
  if (values && values !== true) yield* eachDefault(values, `${path}.additionalProperties`, false, check);
}

const below = (path: string, place: string): string =>
  place === "" || place === "<nil>" ? path : `${path}.${place}`;

/** A default is a value like any other: it has no unknown members and is valid. */
function* valueProblemsOfDefault(schema: JsonSchema, path: string): Problems {
  const state = { unknown: false };
  pruneOf(schema)(schema.default, state);
  if (state.unknown) yield invalid(path, schema.default, "must not have unknown fields");
  for (const problem of problemsOf(schema, schema.default))
    yield { ...problem, path: below(path, problem.path) };
}

/** It keeps the rules, too. */
function* ruleProblemsOfDefault(schema: JsonSchema, path: string): Problems {
  for (const problem of brokenByDefault(schema)) yield { ...problem, path: below(path, problem.path) };
}

const AT_ROOT_WITH_STATUS = new Set(
  (
    "description type format title maximum exclusiveMaximum minimum exclusiveMinimum maxLength minLength pattern " +
    "maxItems minItems uniqueItems multipleOf required items properties externalDocs example " +
    "x-kubernetes-preserve-unknown-fields x-kubernetes-validations"
  ).split(" "),
);

const ROOT_FIELDS =
  "[Description Type Format Title Maximum ExclusiveMaximum Minimum ExclusiveMinimum MaxLength MinLength Pattern MaxItems MinItems UniqueItems MultipleOf Required Items Properties ExternalDocs Example XPreserveUnknownFields XValidations]";

/** With a status of its own, an object is written in two parts, and no rule may need to see both. */
export function* rootProblems(schema: JsonSchema, path: string): Problems {
  if (Object.keys(schema).some((name) => !AT_ROOT_WITH_STATUS.has(name)))
    yield invalid(
      path,
      schema,
      `only ${ROOT_FIELDS} fields are allowed at the root of the schema if the status subresource is enabled`,
    );
}
