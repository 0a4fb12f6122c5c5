import { bool, int64, json, list, map, type Of, string, struct, time } from "#machinery/schema";

export const ManagedFieldsEntry = struct("meta.v1.ManagedFieldsEntry", {
  manager: string(1),
  operation: string(2),
  apiVersion: string(3),
  time: time(4).pointer(),
  fieldsType: string(6),
  fieldsV1: json(7).pointer(),
  subresource: string(8),
});
export interface ManagedFieldsEntry extends Of<typeof ManagedFieldsEntry> {}

export const OwnerReference = struct(
  "meta.v1.OwnerReference",
  {
    apiVersion: string(5).required(),
    kind: string(1).required(),
    name: string(3).required(),
    uid: string(4).required(),
    controller: bool(6).pointer(),
    blockOwnerDeletion: bool(7).pointer(),
  },
  {
    atomic: true,
  },
);
export interface OwnerReference extends Of<typeof OwnerReference> {}

export const ObjectMeta = struct("meta.v1.ObjectMeta", {
  name: string(1).assigned(),
  generateName: string(2),
  namespace: string(3),
  selfLink: string(4),
  uid: string(5).assigned(),
  resourceVersion: string(6).assigned(),
  generation: int64(7),
  creationTimestamp: time(8).omitZero().assigned(),
  deletionTimestamp: time(9).pointer(),
  deletionGracePeriodSeconds: int64(10).pointer(),
  labels: map(11, string),
  annotations: map(12, string),
  ownerReferences: list(13, OwnerReference).mergedBy("uid"),
  finalizers: list(14, string).mergedSet(),
  managedFields: list(17, ManagedFieldsEntry).atomic(),
});
export interface ObjectMeta extends Of<typeof ObjectMeta> {}

/** The owner that manages an object, if one does. */
export const controllerOf = ({
  ownerReferences,
}: {
  readonly ownerReferences?: readonly OwnerReference[];
}): OwnerReference | undefined => ownerReferences?.find(({ controller }) => controller);
