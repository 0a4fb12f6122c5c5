import { LocalObjectReference } from "#api/core-v1/reference";
import { bool, inline, type Of, quantity, ref, string, struct } from "#machinery/schema";

export const ConfigMapEnvSource = struct("core.v1.ConfigMapEnvSource", {
  localObjectReference: inline(1, LocalObjectReference),
  optional: bool(2).pointer(),
});
export interface ConfigMapEnvSource extends Of<typeof ConfigMapEnvSource> {}

export const ConfigMapKeySelector = struct(
  "core.v1.ConfigMapKeySelector",
  {
    localObjectReference: inline(1, LocalObjectReference),
    key: string(2).required(),
    optional: bool(3).pointer(),
  },
  { atomic: true },
);
export interface ConfigMapKeySelector extends Of<typeof ConfigMapKeySelector> {}

export const SecretEnvSource = struct("core.v1.SecretEnvSource", {
  localObjectReference: inline(1, LocalObjectReference),
  optional: bool(2).pointer(),
});
export interface SecretEnvSource extends Of<typeof SecretEnvSource> {}

export const EnvFromSource = struct("core.v1.EnvFromSource", {
  prefix: string(1),
  configMapRef: ref(2, ConfigMapEnvSource),
  secretRef: ref(3, SecretEnvSource),
});
export interface EnvFromSource extends Of<typeof EnvFromSource> {}

export const ObjectFieldSelector = struct(
  "core.v1.ObjectFieldSelector",
  {
    apiVersion: string(1).default("v1"),
    fieldPath: string(2).required(),
  },
  { atomic: true },
);
export interface ObjectFieldSelector extends Of<typeof ObjectFieldSelector> {}

export const ResourceFieldSelector = struct(
  "core.v1.ResourceFieldSelector",
  {
    containerName: string(1),
    resource: string(2).required(),
    divisor: quantity(3).always(),
  },
  { atomic: true },
);
export interface ResourceFieldSelector extends Of<typeof ResourceFieldSelector> {}

export const SecretKeySelector = struct(
  "core.v1.SecretKeySelector",
  {
    localObjectReference: inline(1, LocalObjectReference),
    key: string(2).required(),
    optional: bool(3).pointer(),
  },
  { atomic: true },
);
export interface SecretKeySelector extends Of<typeof SecretKeySelector> {}

export const FileKeySelector = struct(
  "core.v1.FileKeySelector",
  {
    volumeName: string(1).required(),
    path: string(2).required(),
    key: string(3).required(),
    optional: bool(4).pointer().default(false),
  },
  { atomic: true },
);
export interface FileKeySelector extends Of<typeof FileKeySelector> {}

export const EnvVarSource = struct("core.v1.EnvVarSource", {
  fieldRef: ref(1, ObjectFieldSelector),
  resourceFieldRef: ref(2, ResourceFieldSelector),
  configMapKeyRef: ref(3, ConfigMapKeySelector),
  secretKeyRef: ref(4, SecretKeySelector),
  fileKeyRef: ref(5, FileKeySelector).gate("EnvFiles"),
});
export interface EnvVarSource extends Of<typeof EnvVarSource> {}

export const EnvVar = struct("core.v1.EnvVar", {
  name: string(1).required(),
  value: string(2),
  valueFrom: ref(3, EnvVarSource),
});
export interface EnvVar extends Of<typeof EnvVar> {}
