import { bool, int64, json, list, map, type Of, string, struct, time } from "#machinery/schema";

export const ManagedFieldsEntry = struct("meta.v1.ManagedFieldsEntry", {
  manager: string(1).doc("Who wrote."),
  operation: string(2).doc("Apply, or Update for every other way of writing."),
  apiVersion: string(3).doc("Group and version of the kind."),
  time: time(4).pointer().doc("When this manager's fields last changed."),
  fieldsType: string(6).doc("Format of what follows; always FieldsV1."),
  fieldsV1: json(7).pointer().doc("The fields, as a tree of their names."),
  subresource: string(8).doc("Endpoint that was written to, empty for the object itself."),
});
export interface ManagedFieldsEntry extends Of<typeof ManagedFieldsEntry> {}

export const OwnerReference = struct(
  "meta.v1.OwnerReference",
  {
    apiVersion: string(5).required().doc("Group and version of the kind."),
    kind: string(1).required().doc("Kind of the owner."),
    name: string(3).required().doc("Name of the owner."),
    uid: string(4).required().doc("The object's uid."),
    controller: bool(6).pointer().doc("This owner manages the object; only one may."),
    blockOwnerDeletion: bool(7)
      .pointer()
      .doc("The owner cannot go in the foreground before this object is gone."),
  },
  {
    atomic: true,
  },
);
export interface OwnerReference extends Of<typeof OwnerReference> {}

export const ObjectMeta = struct("meta.v1.ObjectMeta", {
  name: string(1).assigned().doc("Unique among objects of its kind in the namespace; never changes."),
  generateName: string(2).doc("Start of the name when the server is to make one up."),
  namespace: string(3).doc("Where the object lives; empty for what belongs to the whole cluster."),
  selfLink: string(4).doc("No longer filled in."),
  uid: string(5)
    .assigned()
    .doc("Given by the server; tells this object from others of the same name before and after it."),
  resourceVersion: string(6)
    .assigned()
    .doc("Changes with every write; sent back, it makes a write fail if somebody else was faster."),
  generation: int64(7).doc("Counts the changes to what is wanted."),
  creationTimestamp: time(8).omitZero().assigned().doc("When the server stored the object first."),
  deletionTimestamp: time(9)
    .pointer()
    .doc("When deletion was asked for, or will be due; nothing can take it back."),
  deletionGracePeriodSeconds: int64(10).pointer().doc("Time the object has to end in order."),
  labels: map(11, string).doc("Short facts that selectors look at."),
  annotations: map(12, string).doc("Notes of tools and people; not for selecting."),
  ownerReferences: list(13, OwnerReference)
    .mergedBy("uid")
    .doc("Objects whose end is this one's end as well."),
  finalizers: list(14, string).mergedSet().doc("Who must be done before the object may go."),
  managedFields: list(17, ManagedFieldsEntry).atomic().doc("Which writer set which fields."),
});
export interface ObjectMeta extends Of<typeof ObjectMeta> {}

/** The owner that manages an object, if one does. */
export const controllerOf = ({
  ownerReferences,
}: {
  readonly ownerReferences?: readonly OwnerReference[];
}): OwnerReference | undefined => ownerReferences?.find(({ controller }) => controller);
