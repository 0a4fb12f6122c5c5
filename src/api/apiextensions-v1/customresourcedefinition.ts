import { named, sameValue } from "#api/checks";
import { APPROVED, approvalOf } from "#api/apiextensions-v1/api-approval";
import { JSONSchemaProps } from "#api/apiextensions-v1/jsonschemaprops";
import { conversionProblems, versionPartProblems } from "#api/apiextensions-v1/version-problems";
import { ObjectMeta } from "#api/meta-v1/objectmeta";
import { problemsOfName } from "#machinery/names";
import {
  at,
  bool,
  bytes,
  duplicate,
  type FieldProblem,
  int32,
  int64,
  invalid,
  item,
  type JsonSchema,
  list,
  type Of,
  ref,
  required,
  resource,
  string,
  struct,
  time,
  value,
} from "#machinery/schema";
import { unknownFormats } from "#machinery/structural/formats";

export const CustomResourceColumnDefinition = struct("apiextensions.v1.CustomResourceColumnDefinition", {
  name: string(1).required().doc("Heading of the column."),
  type: string(2).required().doc("Type of the values, such as string or date."),
  format: string(3).doc("Format of the values."),
  description: string(4).doc("What the column shows."),
  priority: int32(5).doc("0 is always shown, higher ones with -o wide."),
  jsonPath: string(6).required().doc("Path of the value."),
});
export interface CustomResourceColumnDefinition extends Of<typeof CustomResourceColumnDefinition> {}

export const ServiceReference = struct("apiextensions.v1.ServiceReference", {
  namespace: string(1).required().doc("Namespace of the service."),
  name: string(2).required().doc("Name of the service."),
  path: string(3).pointer().doc("Path that requests go to."),
  port: int32(4).pointer().default(443).doc("Port of the service; 443 by default."),
});
export interface ServiceReference extends Of<typeof ServiceReference> {}

export const WebhookClientConfig = struct("apiextensions.v1.WebhookClientConfig", {
  url: string(3).pointer().doc("Address, https only."),
  service: ref(1, ServiceReference).doc("Service in the cluster."),
  caBundle: bytes(2).doc("PEM of the authorities that its certificate is verified with."),
});
export interface WebhookClientConfig extends Of<typeof WebhookClientConfig> {}

export const WebhookConversion = struct("apiextensions.v1.WebhookConversion", {
  clientConfig: ref(2, WebhookClientConfig).doc("How it is reached."),
  conversionReviewVersions: list(3, string)
    .required()
    .atomic()
    .doc("Versions of ConversionReview that it understands, best first."),
});
export interface WebhookConversion extends Of<typeof WebhookConversion> {}

export const CustomResourceConversion = struct("apiextensions.v1.CustomResourceConversion", {
  strategy: string(1).required().doc("None or Webhook."),
  webhook: ref(2, WebhookConversion).doc("How the webhook is called."),
});
export interface CustomResourceConversion extends Of<typeof CustomResourceConversion> {}

export const CustomResourceDefinitionNames = struct("apiextensions.v1.CustomResourceDefinitionNames", {
  plural: string(1).required().doc("Name in paths, such as cronjobs."),
  singular: string(2).doc("Name for people; the kind in lower case by default."),
  shortNames: list(3, string).atomic().doc("Short names for people."),
  kind: string(4).required().doc("Name in manifests, such as CronJob."),
  listKind: string(5).doc("Kind of lists; the kind with List by default."),
  categories: list(6, string).atomic().doc("Groups of resources that it is in, such as all."),
});
export interface CustomResourceDefinitionNames extends Of<typeof CustomResourceDefinitionNames> {}

export const CustomResourceValidation = struct("apiextensions.v1.CustomResourceValidation", {
  openAPIV3Schema: ref(1, JSONSchemaProps).doc("Schema by OpenAPI 3."),
});
export interface CustomResourceValidation extends Of<typeof CustomResourceValidation> {}

export const CustomResourceSubresourceStatus = struct("apiextensions.v1.CustomResourceSubresourceStatus", {});
export interface CustomResourceSubresourceStatus extends Of<typeof CustomResourceSubresourceStatus> {}

export const CustomResourceSubresourceScale = struct("apiextensions.v1.CustomResourceSubresourceScale", {
  specReplicasPath: string(1).required().doc("Path of the wanted number."),
  statusReplicasPath: string(2).required().doc("Path of the observed number."),
  labelSelectorPath: string(3).pointer().doc("Path of the selector in text form, for autoscalers."),
});
export interface CustomResourceSubresourceScale extends Of<typeof CustomResourceSubresourceScale> {}

export const CustomResourceSubresources = struct("apiextensions.v1.CustomResourceSubresources", {
  status: ref(1, CustomResourceSubresourceStatus).doc("Status is written by its own path."),
  scale: ref(2, CustomResourceSubresourceScale).doc(
    "Number of replicas is read and written by its own path.",
  ),
});
export interface CustomResourceSubresources extends Of<typeof CustomResourceSubresources> {}

export const SelectableField = struct("apiextensions.v1.SelectableField", {
  jsonPath: string(1).required().doc("Path of the field."),
});
export interface SelectableField extends Of<typeof SelectableField> {}

export const CustomResourceDefinitionVersion = struct("apiextensions.v1.CustomResourceDefinitionVersion", {
  name: string(1).required().doc("Name of the version, such as v1beta1."),
  served: bool(2).required().doc("The version is served."),
  storage: bool(3).required().doc("Objects are stored in this version."),
  deprecated: bool(7).doc("Clients of this version are warned."),
  deprecationWarning: string(8).pointer().doc("Text of the warning."),
  schema: ref(4, CustomResourceValidation).doc("Schema of the objects."),
  subresources: ref(5, CustomResourceSubresources).doc("Subresources that the objects have."),
  additionalPrinterColumns: list(6, CustomResourceColumnDefinition).atomic().doc("Columns of kubectl get."),
  selectableFields: list(9, SelectableField).atomic().doc("Fields that can be selected by."),
});
export interface CustomResourceDefinitionVersion extends Of<typeof CustomResourceDefinitionVersion> {}

export const CustomResourceDefinitionSpec = struct("apiextensions.v1.CustomResourceDefinitionSpec", {
  group: string(1).required().notEmpty().doc("Group of the kind."),
  names: value(3, CustomResourceDefinitionNames).required().doc("Names of the kind."),
  scope: string(4).oneOf("Cluster", "Namespaced").required().notEmpty().doc("Cluster or Namespaced."),
  versions: list(7, CustomResourceDefinitionVersion)
    .required()
    .atomic()
    .notEmpty()
    .doc("Versions of the kind."),
  conversion: ref(9, CustomResourceConversion)
    .default({ strategy: "None" })
    .doc("How objects become those of another version."),
  preserveUnknownFields: bool(10).doc("Only false is allowed."),
});
export interface CustomResourceDefinitionSpec extends Of<typeof CustomResourceDefinitionSpec> {}

export const CustomResourceDefinitionCondition = struct(
  "apiextensions.v1.CustomResourceDefinitionCondition",
  {
    type: string(1).required().doc("What the condition is about."),
    status: string(2).required().doc("True, False or Unknown."),
    lastTransitionTime: time(3).orNull().doc("When the status last changed."),
    reason: string(4).doc("One word on why."),
    message: string(5).doc("The reason in plain words."),
    observedGeneration: int64(6)
      .gate("CRDObservedGenerationTracking")
      .doc("Generation of the object that this is about."),
  },
);
export interface CustomResourceDefinitionCondition extends Of<typeof CustomResourceDefinitionCondition> {}

export const CustomResourceDefinitionStatus = struct("apiextensions.v1.CustomResourceDefinitionStatus", {
  conditions: list(1, CustomResourceDefinitionCondition)
    .always()
    .keyedBy("type")
    .doc("What is known about its state, one entry per type."),
  acceptedNames: value(2, CustomResourceDefinitionNames).doc("Names that are served."),
  storedVersions: list(3, string).always().atomic().doc("Versions that objects were ever stored in."),
  observedGeneration: int64(4)
    .gate("CRDObservedGenerationTracking")
    .doc("Generation of the object that this is about."),
});
export interface CustomResourceDefinitionStatus extends Of<typeof CustomResourceDefinitionStatus> {}

const withNames = (names: CustomResourceDefinitionNames): CustomResourceDefinitionNames => ({
  ...names,
  singular: names.singular || names.kind.toLowerCase(),
  listKind: names.listKind || (names.kind && `${names.kind}List`),
});

/** Versions in which objects may be stored; only who rewrites them all may take one off the list. */
function withStoredVersions(
  status: CustomResourceDefinitionStatus,
  { versions }: CustomResourceDefinitionSpec,
): CustomResourceDefinitionStatus {
  const now = versions.filter(({ storage }) => storage).map(({ name }) => name);
  const storedVersions = [...new Set([...(status.storedVersions ?? []), ...now])];
  return sameValue(storedVersions, status.storedVersions) ? status : { ...status, storedVersions };
}

function* nameProblems(names: CustomResourceDefinitionNames, path: string): Iterable<FieldProblem> {
  for (const name of ["plural", "singular", "kind", "listKind"] as const) {
    const text = names[name] ?? "";
    if (text === "") yield required(at(path, name));
    else if (name === "plural" || name === "singular") yield* named(at(path, name), text, "dns-1035-label");
    else
      for (const detail of problemsOfName("dns-1035-label", text.toLowerCase()))
        yield invalid(at(path, name), text, `may have mixed case, but should otherwise match: ${detail}`);
  }
  for (const list of ["shortNames", "categories"] as const)
    for (const [index, text] of (names[list] ?? []).entries())
      yield* named(item(at(path, list), index), text, "dns-1035-label");
  if (names.kind !== "" && names.kind === names.listKind)
    yield invalid(at(path, "listKind"), names.listKind, "kind and listKind may not be the same");
}

const WARNING_LENGTH_MAX = 256;

/** What is wrong with the text that users of a deprecated version see. */
function warningProblem(text: string, isDeprecated: boolean): string | undefined {
  if (!isDeprecated) return "can only be set for deprecated versions";
  if (text === "") return "must not be an empty string";
  if (text.length > WARNING_LENGTH_MAX) return `must be <= ${WARNING_LENGTH_MAX} characters long`;
  const place = text.search(/[^\p{L}\p{M}\p{N}\p{P}\p{S} ]/u);
  if (place < 0) return undefined;
  return `must only contain printable UTF-8 characters; non-printable character found at index ${place}`;
}

function* versionProblems(versions: readonly CustomResourceDefinitionVersion[]): Iterable<FieldProblem> {
  const path = "spec.versions";
  for (const [index, { name, schema, deprecated, deprecationWarning: text }] of versions.entries()) {
    yield* named(at(item(path, index), "name"), name, "dns-1035-label");
    const problem = text === undefined ? undefined : warningProblem(text, deprecated ?? false);
    if (problem) yield invalid(at(item(path, index), "deprecationWarning"), text, problem);
    if (!schema?.openAPIV3Schema)
      yield required(at(item(path, index), "schema.openAPIV3Schema"), "schemas are required");
  }
  if (versions.length === 0) return;
  if (new Set(versions.map(({ name }) => name)).size !== versions.length)
    yield invalid(
      path,
      versions.map(({ name }) => name),
      "must contain unique version names",
    );
  if (versions.filter(({ storage }) => storage).length !== 1)
    yield invalid(
      path,
      versions.map(({ name }) => name),
      "must have exactly one version marked as storage version",
    );
}

/** What a stored object depends on stays as it is. */
function* definitionUpdateProblems(
  spec: CustomResourceDefinitionSpec,
  old: CustomResourceDefinitionSpec,
  established: boolean,
): Iterable<FieldProblem> {
  const fixed = "field is immutable";
  if (spec.group !== old.group) yield invalid("spec.group", spec.group, fixed);
  if (spec.names.plural !== old.names.plural) yield invalid("spec.names.plural", spec.names.plural, fixed);
  if (!established) return;
  if (spec.scope !== old.scope) yield invalid("spec.scope", spec.scope, fixed);
  if (spec.names.kind !== old.names.kind) yield invalid("spec.names.kind", spec.names.kind, fixed);
}

function* approvalProblems(group: string, annotation: string | undefined): Iterable<FieldProblem> {
  const approval = approvalOf(group, annotation);
  const path = `metadata.annotations[${APPROVED}]`;
  if (approval?.reason === "MissingAnnotation") yield required(path, approval.message);
  if (approval?.reason === "InvalidAnnotation") yield invalid(path, annotation, approval.message);
}

/** Objects may be stored in these versions: none of them may go before they are written anew. */
function* storedVersionProblems({
  spec: { versions },
  status,
}: Pick<CustomResourceDefinition, "spec" | "status">): Iterable<FieldProblem> {
  const path = "status.storedVersions";
  const stored = status?.storedVersions ?? [];
  if (stored.length === 0) yield invalid(path, stored, "must have at least one stored version");
  for (const [index, name] of stored.entries()) {
    if (stored.indexOf(name) < index) yield duplicate(item(path, index), name);
    else if (!versions.some((version) => version.name === name))
      yield invalid(
        item(path, index),
        name,
        `missing from spec.versions; ${name} was previously a storage version, and must remain in spec.versions until a storage migration ensures no data remains persisted in ${name} and removes ${name} from status.storedVersions`,
      );
  }
  for (const { name, storage } of versions)
    if (storage && !stored.includes(name))
      yield invalid(path, stored, `must have the storage version ${name}`);
}

/** Forms of texts in all of its schemas that this server knows nothing of. */
const formatsOf = (spec: CustomResourceDefinitionSpec | undefined): Set<string> =>
  new Set(
    (spec?.versions ?? []).flatMap(({ schema }) => {
      const root = schema?.openAPIV3Schema as JsonSchema | undefined;
      return root ? [...unknownFormats(root)] : [];
    }),
  );

export const CustomResourceDefinition = resource({
  apiVersion: "apiextensions.k8s.io/v1",
  kind: "CustomResourceDefinition",
  doc: "A kind that is added to the API.",
  plural: "customresourcedefinitions",
  shortNames: ["crd", "crds"],
  categories: ["api-extensions"],
  namespaced: false,
  metadata: ObjectMeta,
  spec: CustomResourceDefinitionSpec,
  specRequired: true,
  status: CustomResourceDefinitionStatus,
  unconditionalUpdate: false,
  storagePrefix: "apiextensions.k8s.io/customresourcedefinitions",

  rules: {
    defaults: (definition) => ({
      ...definition,
      spec: { ...definition.spec, names: withNames(definition.spec.names) },
    }),
    prepareForCreate: (definition) => ({
      ...definition,
      status: withStoredVersions(definition.status, definition.spec),
    }),
    prepareForUpdate: (definition) => ({
      ...definition,
      status: withStoredVersions(definition.status, definition.spec),
    }),
    *validate({ metadata, spec }) {
      const expected = `${spec.names.plural}.${spec.group}`;
      if (metadata.name !== expected)
        yield invalid("metadata.name", metadata.name, 'must be spec.names.plural+"."+spec.group');
      if (spec.group !== "") {
        yield* named("spec.group", spec.group, "dns-subdomain");
        if (!spec.group.includes("."))
          yield invalid("spec.group", spec.group, "should be a domain with at least one dot");
      }
      yield* nameProblems(spec.names, "spec.names");
      yield* versionProblems(spec.versions);
      yield* conversionProblems(spec);
      if (spec.preserveUnknownFields)
        yield invalid(
          "spec.preserveUnknownFields",
          true,
          "must be false in order to use defaults in the schema",
        );
    },
    *validateCreate({ metadata, spec }) {
      yield* versionPartProblems(spec);
      yield* approvalProblems(spec.group, metadata.annotations?.[APPROVED]);
    },
    *validateUpdate({ spec, status }, old) {
      yield* storedVersionProblems({ spec, status });
      const established = (old.status.conditions ?? []).some(
        ({ type, status }) => type === "Established" && status === "True",
      );
      yield* definitionUpdateProblems(spec, old.spec, established);
      yield* versionPartProblems(spec, old.spec);
    },
    *warnings({ spec }, old) {
      const known = formatsOf(old?.spec);
      for (const format of formatsOf(spec))
        if (!known.has(format)) yield `unrecognized format ${JSON.stringify(format)}`;
    },
    validateStatusUpdate: storedVersionProblems,
  },
});
export interface CustomResourceDefinition extends Of<typeof CustomResourceDefinition> {}
