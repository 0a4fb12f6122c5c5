/** Custom kinds as kinds like any other: made from their definitions while the server runs. */
import type {
  CustomResourceDefinition,
  CustomResourceDefinitionNames,
  CustomResourceDefinitionVersion,
} from "#api/apiextensions-v1/customresourcedefinition";
import { ObjectMeta } from "#api/meta-v1/objectmeta";
import {
  type AnyObject,
  Field,
  type FieldProblem,
  type JsonSchema,
  type ReadsText,
  type Resource,
  type ResourceRules,
  resource,
  type ScaleFacts,
  string,
  type StructOf,
  struct,
  value,
  type Verb,
} from "#machinery/schema";
import { problemText, StatusError } from "#machinery/status";
import { defaultObject, membersSchema } from "#machinery/structural/defaults";
import { compileJsonPath } from "#machinery/structural/json-path";
import { brokenRules, prepareRules, toleratedByRules } from "#machinery/structural/rules";
import { TYPE_MEMBERS } from "#machinery/structural/place";
import { problemsOf } from "#machinery/structural/validate";
import { columnsOf } from "./columns.ts";
import { type RuleTiming, untimed } from "./rule-metrics.ts";

export type Version = CustomResourceDefinitionVersion;

/** No new objects: those that are there may still lose what holds them. */
const TERMINATING_VERBS: readonly Verb[] = [
  "delete",
  "deletecollection",
  "get",
  "list",
  "patch",
  "update",
  "watch",
];

/** Where objects of a custom kind are stored, below the root of the store. */
export const storagePrefixOf = ({ spec }: CustomResourceDefinition): string =>
  `${spec.group}/${spec.names.plural}`;

/** `names`: those that have been accepted. */
export function customResource(
  definition: CustomResourceDefinition,
  names: CustomResourceDefinitionNames,
  version: Version,
  isTerminating: boolean,
  timing: RuleTiming = untimed,
): Resource {
  const { spec } = definition;
  const apiVersion = `${spec.group}/${version.name}`;
  const schema = (version.schema?.openAPIV3Schema ?? KEEPS_ALL) as JsonSchema;
  const scale = version.subresources?.scale && scaleOf(version.subresources.scale);
  const base = resource<ObjectMeta, Record<never, never>, unknown, unknown, AnyObject>({
    apiVersion,
    kind: names.kind,
    plural: names.plural,
    singular: names.singular || names.kind.toLowerCase(),
    shortNames: names.shortNames ?? [],
    categories: names.categories ?? [],
    namespaced: spec.scope === "Namespaced",
    metadata: ObjectMeta,
    ...(isTerminating ? { verbs: TERMINATING_VERBS } : {}),
    statusSubresource: version.subresources?.status !== undefined,
    ...(scale ? { scale } : {}),
    counted: true,
    unconditionalUpdate: false,
    fieldSelectors: selectorsOf(version),
    columns: columnsOf(version.additionalPrinterColumns),
    rules: {
      ...rulesOf(schema, timing),
      ...(isTerminating ? { validateCreate } : {}),
    },
    storedAs: storedAs(definition),
    storagePrefix: storagePrefixOf(definition),
  });
  const { group, kind } = base;
  const name = `${group.split(".").toReversed().join(".")}.${version.name}.${kind}`;
  return {
    ...base,
    listKind: names.listKind || `${kind}List`,
    schema: structOf(name, withSelectable(schema, version)),
  };
}

/** Clients learn from the schema which fields they may select by. */
const withSelectable = (schema: JsonSchema, { selectableFields = [] }: Version): JsonSchema =>
  selectableFields.length === 0
    ? schema
    : {
        ...schema,
        "x-kubernetes-selectable-fields": selectableFields.map(({ jsonPath }) => ({
          fieldPath: jsonPath.slice(1),
        })),
      };

/** Apply creates what is not there. */
function validateCreate({ apiVersion, kind }: AnyObject): never {
  throw new StatusError({
    kind: "Status",
    apiVersion: "v1",
    metadata: {},
    status: "Failure",
    message: "create not allowed while custom resource definition is terminating",
    reason: "MethodNotAllowed",
    details: { group: apiVersion.split("/")[0]!, kind },
    code: 405,
  });
}

const KEEPS_ALL: JsonSchema = { type: "object", "x-kubernetes-preserve-unknown-fields": true };

const storedAs = ({ spec }: CustomResourceDefinition): string =>
  `${spec.group}/${spec.versions.find(({ storage }) => storage)!.name}/${spec.names.kind}`;

/** What everybody who uses a deprecated version is told. */
export const deprecationOf = ({ apiVersion, kind }: Resource, version: Version): string | undefined =>
  version.deprecated ? version.deprecationWarning || `${apiVersion} ${kind} is deprecated` : undefined;

/** Members of the object as JSON fields: what they hold is the schema's to say. */
function structOf(name: string, schema: JsonSchema): StructOf<AnyObject> {
  const members = Object.entries(schema.properties ?? {}).filter(([member]) => !TYPE_MEMBERS.has(member));
  const fields = {
    kind: string(0).required().doc("The kind of this object."),
    apiVersion: string(0).required().doc("Group and version of this kind."),
    metadata: value(1, ObjectMeta).doc("Name, labels and bookkeeping of the object."),
    ...Object.fromEntries(members.map(([member, { description = "" }]) => [member, jsonField(description)])),
  };
  const made = struct(name, fields, { doc: schema.description ?? "", structural: schema });
  return made as unknown as StructOf<AnyObject>;
}

/** Custom kinds have no protobuf form, and so no tags. */
const jsonField = (doc: string): Field<unknown> =>
  new Field({
    tag: 0,
    type: { kind: "scalar", name: "json" },
    doc,
    required: false,
    pointer: true,
    omit: "empty",
    inline: false,
    nullable: false,
    hidden: false,
    immutable: false,
    gates: [],
    merge: {},
  });

function scaleOf({
  specReplicasPath,
  statusReplicasPath,
  labelSelectorPath,
}: NonNullable<NonNullable<Version["subresources"]>["scale"]>): ScaleFacts {
  return {
    replicas: specReplicasPath.slice(1),
    observed: statusReplicasPath.slice(1),
    ...(labelSelectorPath ? { selector: labelSelectorPath.slice(1) } : {}),
  };
}

const selectorsOf = ({ selectableFields = [] }: Version): Record<string, ReadsText<AnyObject>> =>
  Object.fromEntries(
    selectableFields.map(({ jsonPath }): [string, ReadsText<AnyObject>] => {
      const read = compileJsonPath(jsonPath);
      const text = (object: AnyObject) => {
        const value = read(object)[0] ?? "";
        // Of another type where the schema was another one when it was stored.
        return typeof value === "object" ? "" : String(value);
      };
      return [jsonPath.slice(1), text];
    }),
  );

const STANDARD_FINALIZERS = new Set(["foregroundDeletion", "kubernetes", "orphan"]);

/** Of finalizers that come new: others may use the same short name. */
function* finalizerWarnings({ metadata }: AnyObject, old: AnyObject | undefined): Iterable<string> {
  const before = new Set(old?.metadata.finalizers);
  const added = new Set(metadata.finalizers?.filter((name) => !before.has(name)));
  for (const name of [...added].toSorted()) {
    if (name.includes("/") || STANDARD_FINALIZERS.has(name)) continue;
    yield `metadata.finalizers: ${JSON.stringify(name)}: prefer a domain-qualified finalizer name including a path (/) to avoid accidental conflicts with other finalizer writers`;
  }
}

function rulesOf(schema: JsonSchema, timing: RuleTiming): ResourceRules<AnyObject> {
  const members = membersSchema(schema);
  const name = schema.properties?.metadata?.properties?.name;
  const problems = (object: AnyObject, old: AnyObject | undefined): FieldProblem[] => {
    const { metadata } = object;
    const found = name ? problemsOf(name, metadata.name, old?.metadata.name, "metadata.name") : [];
    found.push(...problemsOf(members, object, old));
    if (!prepareRules(schema, timing.compiling)) return found;
    return timing.evaluating(() => [...found, ...brokenRules(schema, object, old, found)]);
  };
  return {
    defaults: (object) => defaultObject(schema, object),
    validateCreate: (object) => problems(object, undefined),
    validateUpdate: problems,
    validateStatusUpdate: problems,
    *warnings(object, old) {
      yield* finalizerWarnings(object, old);
      if (!old) return;
      for (const problem of toleratedByRules(schema, object, old))
        yield `${problem.path}: ${problemText(problem)}`;
    },
  };
}
