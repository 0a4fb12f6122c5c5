import { Condition } from "#api/meta-v1/condition";
import { GroupResource } from "#api/meta-v1/groupversion";
import { ObjectMeta } from "#api/meta-v1/objectmeta";
import { list, type Of, resource, string, struct, value } from "#machinery/schema";

export const StorageVersionMigrationSpec = struct("storagemigration.v1beta1.StorageVersionMigrationSpec", {
  resource: value(1, GroupResource).required(),
});
export interface StorageVersionMigrationSpec extends Of<typeof StorageVersionMigrationSpec> {}

export const StorageVersionMigrationStatus = struct(
  "storagemigration.v1beta1.StorageVersionMigrationStatus",
  {
    conditions: list(1, Condition).mergedBy("type").doc("What is known about its state, one entry per type."),
    resourceVersion: string(2).doc("Version of the object."),
  },
);
export interface StorageVersionMigrationStatus extends Of<typeof StorageVersionMigrationStatus> {}

export const StorageVersionMigration = resource({
  apiVersion: "storagemigration.k8s.io/v1beta1",
  kind: "StorageVersionMigration",
  plural: "storageversionmigrations",
  namespaced: false,
  metadata: ObjectMeta,
  spec: StorageVersionMigrationSpec,
  status: StorageVersionMigrationStatus,
  counted: false,
  servedByDefault: false,
});
export interface StorageVersionMigration extends Of<typeof StorageVersionMigration> {}
