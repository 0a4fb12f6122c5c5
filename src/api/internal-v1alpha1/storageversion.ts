import { ObjectMeta } from "#api/meta-v1/objectmeta";
import { int64, list, type Of, resource, string, struct, time } from "#machinery/schema";

export const ServerStorageVersion = struct("internal.v1alpha1.ServerStorageVersion", {
  apiServerID: string(1),
  encodingVersion: string(2),
  decodableVersions: list(3, string).set(),
  servedVersions: list(4, string).set(),
});
export interface ServerStorageVersion extends Of<typeof ServerStorageVersion> {}

export const StorageVersionSpec = struct("internal.v1alpha1.StorageVersionSpec", {});
export interface StorageVersionSpec extends Of<typeof StorageVersionSpec> {}

export const StorageVersionCondition = struct("internal.v1alpha1.StorageVersionCondition", {
  type: string(1).required(),
  status: string(2).required(),
  observedGeneration: int64(3),
  lastTransitionTime: time(4).orNull(),
  reason: string(5).required(),
  message: string(6).required().omitEmpty(),
});
export interface StorageVersionCondition extends Of<typeof StorageVersionCondition> {}

export const StorageVersionStatus = struct("internal.v1alpha1.StorageVersionStatus", {
  storageVersions: list(1, ServerStorageVersion).keyedBy("apiServerID"),
  commonEncodingVersion: string(2).pointer(),
  conditions: list(3, StorageVersionCondition).keyedBy("type"),
});
export interface StorageVersionStatus extends Of<typeof StorageVersionStatus> {}

export const StorageVersion = resource({
  apiVersion: "internal.apiserver.k8s.io/v1alpha1",
  kind: "StorageVersion",
  plural: "storageversions",
  namespaced: false,
  metadata: ObjectMeta,
  spec: StorageVersionSpec,
  specRequired: true,
  status: StorageVersionStatus,
  counted: false,
  unconditionalUpdate: false,
  servedByDefault: false,
});
export interface StorageVersion extends Of<typeof StorageVersion> {}
