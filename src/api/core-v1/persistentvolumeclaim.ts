import { TypedLocalObjectReference, TypedObjectReference } from "#api/core-v1/reference";
import { VolumeResourceRequirements } from "#api/core-v1/resources";
import { LabelSelector } from "#api/meta-v1/labelselector";
import { ObjectMeta } from "#api/meta-v1/objectmeta";
import { list, map, type Of, quantity, ref, resource, string, struct, time, value } from "#machinery/schema";

export const ModifyVolumeStatus = struct("core.v1.ModifyVolumeStatus", {
  targetVolumeAttributesClassName: string(1),
  status: string(2).oneOf("Pending", "InProgress", "Infeasible").required(),
});
export interface ModifyVolumeStatus extends Of<typeof ModifyVolumeStatus> {}

export const PersistentVolumeClaimSpec = struct("core.v1.PersistentVolumeClaimSpec", {
  accessModes: list(1, string).atomic(),
  selector: ref(4, LabelSelector),
  resources: value(2, VolumeResourceRequirements),
  volumeName: string(3),
  storageClassName: string(5).pointer(),
  volumeMode: string(6).pointer().oneOf("Block", "Filesystem"),
  dataSource: ref(7, TypedLocalObjectReference),
  dataSourceRef: ref(8, TypedObjectReference),
  volumeAttributesClassName: string(9).pointer().gate("VolumeAttributesClass"),
});
export interface PersistentVolumeClaimSpec extends Of<typeof PersistentVolumeClaimSpec> {}

export const PersistentVolumeClaimCondition = struct("core.v1.PersistentVolumeClaimCondition", {
  type: string(1).required(),
  status: string(2).required(),
  lastProbeTime: time(3).orNull(),
  lastTransitionTime: time(4).orNull(),
  reason: string(5),
  message: string(6),
});
export interface PersistentVolumeClaimCondition extends Of<typeof PersistentVolumeClaimCondition> {}

export const PersistentVolumeClaimStatus = struct("core.v1.PersistentVolumeClaimStatus", {
  phase: string(1).oneOf("Pending", "Bound", "Lost"),
  accessModes: list(2, string).atomic(),
  capacity: map(3, quantity),
  conditions: list(4, PersistentVolumeClaimCondition).mergedBy("type"),
  allocatedResources: map(5, quantity),
  allocatedResourceStatuses: map(7, string).granular(),
  currentVolumeAttributesClassName: string(8).pointer().gate("VolumeAttributesClass"),
  modifyVolumeStatus: ref(9, ModifyVolumeStatus).gate("VolumeAttributesClass"),
});
export interface PersistentVolumeClaimStatus extends Of<typeof PersistentVolumeClaimStatus> {}

export const PersistentVolumeClaim = resource({
  apiVersion: "v1",
  kind: "PersistentVolumeClaim",
  plural: "persistentvolumeclaims",
  shortNames: ["pvc"],
  namespaced: true,
  metadata: ObjectMeta,
  spec: PersistentVolumeClaimSpec,
  status: PersistentVolumeClaimStatus,
  counted: false,
});
export interface PersistentVolumeClaim extends Of<typeof PersistentVolumeClaim> {}

export const PersistentVolumeClaimTemplate = struct("core.v1.PersistentVolumeClaimTemplate", {
  metadata: value(1, ObjectMeta),
  spec: value(2, PersistentVolumeClaimSpec).required(),
});
export interface PersistentVolumeClaimTemplate extends Of<typeof PersistentVolumeClaimTemplate> {}
