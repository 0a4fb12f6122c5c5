import { named, namedIfSet, setMembers } from "#api/checks";
import { LocalObjectReference } from "#api/core-v1/reference";
import {
  at,
  bool,
  type FieldProblem,
  inline,
  invalid,
  notSupported,
  type Of,
  quantity,
  ref,
  required,
  string,
  struct,
} from "#machinery/schema";

export const ConfigMapEnvSource = struct(
  "core.v1.ConfigMapEnvSource",
  {
    localObjectReference: inline(1, LocalObjectReference),
    optional: bool(2).pointer().doc("Nothing is wrong when it is missing."),
  },
  {
    *validate({ name }, path) {
      if (!name) yield required(at(path, "name"));
    },
  },
);
export interface ConfigMapEnvSource extends Of<typeof ConfigMapEnvSource> {}

export const ConfigMapKeySelector = struct(
  "core.v1.ConfigMapKeySelector",
  {
    localObjectReference: inline(1, LocalObjectReference),
    key: string(2).required().doc("Key in the ConfigMap."),
    optional: bool(3).pointer().doc("Nothing is wrong when it is missing."),
  },
  {
    atomic: true,

    *validate({ name, key }, path) {
      if (!name) yield required(at(path, "name"));
      if (key === "") yield required(at(path, "key"));
      else yield* named(at(path, "key"), key, "config-key");
    },
  },
);
export interface ConfigMapKeySelector extends Of<typeof ConfigMapKeySelector> {}

export const SecretEnvSource = struct(
  "core.v1.SecretEnvSource",
  {
    localObjectReference: inline(1, LocalObjectReference),
    optional: bool(2).pointer().doc("Nothing is wrong when it is missing."),
  },
  {
    *validate({ name }, path) {
      if (!name) yield required(at(path, "name"));
    },
  },
);
export interface SecretEnvSource extends Of<typeof SecretEnvSource> {}

export const EnvFromSource = struct(
  "core.v1.EnvFromSource",
  {
    prefix: string(1).doc("Put before each name."),
    configMapRef: ref(2, ConfigMapEnvSource).doc("The ConfigMap whose keys become variables."),
    secretRef: ref(3, SecretEnvSource).doc("The Secret whose keys become variables."),
  },
  {
    *validate(source, path) {
      yield* namedIfSet(at(path, "prefix"), source.prefix, "env-name");
      const set = setMembers(source, ["configMapRef", "secretRef"]).length;
      if (set === 0) yield invalid(path, "", "must specify one of: `configMapRef` or `secretRef`");
      if (set > 1) yield invalid(path, "", "may not have more than one field specified at a time");
    },
  },
);
export interface EnvFromSource extends Of<typeof EnvFromSource> {}

export const ObjectFieldSelector = struct(
  "core.v1.ObjectFieldSelector",
  {
    apiVersion: string(1).default("v1").notEmpty().doc("Group and version of the kind."),
    fieldPath: string(2).required().notEmpty().doc("Path of the field."),
  },
  { atomic: true },
);
export interface ObjectFieldSelector extends Of<typeof ObjectFieldSelector> {}

export const ResourceFieldSelector = struct(
  "core.v1.ResourceFieldSelector",
  {
    containerName: string(1).doc("Container that is meant; needed in volumes."),
    resource: string(2).required().notEmpty().doc("Resource, such as limits.cpu."),
    divisor: quantity(3).always().doc("Unit that the value is given in."),
  },
  { atomic: true },
);
export interface ResourceFieldSelector extends Of<typeof ResourceFieldSelector> {}

export const SecretKeySelector = struct(
  "core.v1.SecretKeySelector",
  {
    localObjectReference: inline(1, LocalObjectReference),
    key: string(2).required().doc("Key in the secret."),
    optional: bool(3).pointer().doc("Nothing is wrong when it is missing."),
  },
  {
    atomic: true,

    *validate({ name, key }, path) {
      if (!name) yield required(at(path, "name"));
      if (key === "") yield required(at(path, "key"));
      else yield* named(at(path, "key"), key, "config-key");
    },
  },
);
export interface SecretKeySelector extends Of<typeof SecretKeySelector> {}

export const FileKeySelector = struct(
  "core.v1.FileKeySelector",
  {
    volumeName: string(1).required().notEmpty().doc("Volume that holds the file."),
    path: string(2).required().notEmpty().doc("Path of the file in the volume."),
    key: string(3).required().notEmpty().doc("Name of the variable in the file."),
    optional: bool(4).pointer().default(false).doc("Nothing is wrong when it is missing."),
  },
  { atomic: true },
);
export interface FileKeySelector extends Of<typeof FileKeySelector> {}

/** Fields of the pod that a variable may take its value from. */
const ENV_FIELDS = [
  "metadata.name",
  "metadata.namespace",
  "metadata.uid",
  "spec.nodeName",
  "spec.serviceAccountName",
  "status.hostIP",
  "status.hostIPs",
  "status.podIP",
  "status.podIPs",
];

const SUBSCRIPT = /^(metadata\.(?:labels|annotations))\['(.*)'\]$/s;

/** A path to a field of the pod, or to one label or annotation. */
export function* fieldPathProblems(
  fieldPath: string,
  allowed: readonly string[],
  path: string,
): Iterable<FieldProblem> {
  if (fieldPath === "") return;
  const where = at(path, "fieldPath");
  const [, map, key] = SUBSCRIPT.exec(fieldPath) ?? [];
  if (map === "metadata.labels") yield* named(where, key, "qualified-name");
  else if (map !== undefined) yield* named(where, key!.toLowerCase(), "qualified-name");
  else if (!allowed.includes(fieldPath)) yield notSupported(where, fieldPath, allowed);
}

const CPU = ["limits.cpu", "requests.cpu"];
const SIZES = ["limits.memory", "requests.memory", "limits.ephemeral-storage", "requests.ephemeral-storage"];
const HUGE_PAGES = /^(limits|requests)\.hugepages-/;
const CPU_DIVISORS = ["0", "1m", "1"];
const SIZE_DIVISORS = [
  "0",
  "1",
  "1k",
  "1M",
  "1G",
  "1T",
  "1P",
  "1E",
  "1Ki",
  "1Mi",
  "1Gi",
  "1Ti",
  "1Pi",
  "1Ei",
];

/** A resource of a container, in units of the divisor. */
export function* resourceFieldProblems(
  { resource, divisor }: ResourceFieldSelector,
  path: string,
): Iterable<FieldProblem> {
  const known = [...CPU, ...SIZES];
  if (resource !== "" && !known.includes(resource) && !HUGE_PAGES.test(resource))
    yield notSupported(at(path, "resource"), resource, known);
  const divisors = CPU.includes(resource) ? CPU_DIVISORS : SIZE_DIVISORS;
  if (divisors.includes(divisor)) return;
  const detail = CPU.includes(resource)
    ? "only divisor's values 1m and 1 are supported with the cpu resource"
    : "only divisor's values 1, 1k, 1M, 1G, 1T, 1P, 1E, 1Ki, 1Mi, 1Gi, 1Ti, 1Pi, 1Ei are supported";
  yield invalid(at(path, "divisor"), divisor, detail);
}

const VALUE_SOURCES = [
  "fieldRef",
  "resourceFieldRef",
  "configMapKeyRef",
  "secretKeyRef",
  "fileKeyRef",
] as const;

export const EnvVarSource = struct(
  "core.v1.EnvVarSource",
  {
    fieldRef: ref(1, ObjectFieldSelector).doc("A field of the pod."),
    resourceFieldRef: ref(2, ResourceFieldSelector).doc("A request or limit of a container."),
    configMapKeyRef: ref(3, ConfigMapKeySelector).doc("A key of a ConfigMap."),
    secretKeyRef: ref(4, SecretKeySelector).doc("A key of a Secret."),
    fileKeyRef: ref(5, FileKeySelector).gate("EnvFiles").doc("A key of a file in a volume."),
  },
  {
    *validate({ fieldRef, resourceFieldRef }, path) {
      if (fieldRef) yield* fieldPathProblems(fieldRef.fieldPath, ENV_FIELDS, at(path, "fieldRef"));
      if (resourceFieldRef) yield* resourceFieldProblems(resourceFieldRef, at(path, "resourceFieldRef"));
    },
  },
);
export interface EnvVarSource extends Of<typeof EnvVarSource> {}

export const EnvVar = struct(
  "core.v1.EnvVar",
  {
    name: string(1).required().notEmpty().doc("Name of the variable."),
    value: string(2).doc("Its value; $(OTHER) is replaced by other variables."),
    valueFrom: ref(3, EnvVarSource).doc("Where the value comes from instead."),
  },
  {
    *validate({ name, value, valueFrom }, path) {
      yield* namedIfSet(at(path, "name"), name, "env-name");
      if (!valueFrom) return;
      const where = at(path, "valueFrom");
      const set = setMembers(valueFrom, VALUE_SOURCES).length;
      if (value) {
        if (set > 0) yield invalid(where, "", "may not be specified when `value` is not empty");
      } else if (set > 1) yield invalid(where, "", "may not have more than one field specified at a time");
      if (set === 0)
        yield invalid(
          where,
          "",
          "must specify one of: `fieldRef`, `resourceFieldRef`, `configMapKeyRef`, `secretKeyRef` or `fileKeyRef`",
        );
    },
  },
);
export interface EnvVar extends Of<typeof EnvVar> {}
