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
  type: string(1).required().doc("What the condition is about."),
  status: string(2).required().doc("True, False or Unknown."),
  observedGeneration: int64(3).doc("Generation of the object that this is about."),
  lastTransitionTime: time(4).orNull().doc("When the status last changed."),
  reason: string(5).required().doc("One word on why."),
  message: string(6).required().omitEmpty().doc("The reason in plain words."),
});
export interface StorageVersionCondition extends Of<typeof StorageVersionCondition> {}

export const StorageVersionStatus = struct("internal.v1alpha1.StorageVersionStatus", {
  storageVersions: list(1, ServerStorageVersion).keyedBy("apiServerID"),
  commonEncodingVersion: string(2).pointer(),
  conditions: list(3, StorageVersionCondition)
    .keyedBy("type")
    .doc("What is known about its state, one entry per type."),
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
