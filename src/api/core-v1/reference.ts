import { type Of, string, struct } from "#machinery/schema";

export const LocalObjectReference = struct(
  "core.v1.LocalObjectReference",
  {
    name: string(1).doc("Name of the object."),
  },
  { atomic: true },
);
export interface LocalObjectReference extends Of<typeof LocalObjectReference> {}

export const ObjectReference = struct(
  "core.v1.ObjectReference",
  {
    kind: string(1).doc("Kind of the object."),
    namespace: string(2).doc("Namespace of the object."),
    name: string(3).doc("Name of the object."),
    uid: string(4).doc("The object's uid."),
    apiVersion: string(5).doc("Group and version of the kind."),
    resourceVersion: string(6).doc("Version of the object."),
    fieldPath: string(7).doc("Which part of the object is meant, such as spec.containers{web}."),
  },
  { atomic: true },
);
export interface ObjectReference extends Of<typeof ObjectReference> {}

export const SecretReference = struct(
  "core.v1.SecretReference",
  {
    name: string(1).doc("Name of the secret."),
    namespace: string(2).doc("Namespace of the secret."),
  },
  { atomic: true },
);
export interface SecretReference extends Of<typeof SecretReference> {}

export const TypedLocalObjectReference = struct(
  "core.v1.TypedLocalObjectReference",
  {
    apiGroup: string(1).pointer().orNull().doc("Group of the object; empty for the core group."),
    kind: string(2).required().doc("Kind of the object."),
    name: string(3).required().doc("Name of the object."),
  },
  { atomic: true },
);
export interface TypedLocalObjectReference extends Of<typeof TypedLocalObjectReference> {}

export const TypedObjectReference = struct("core.v1.TypedObjectReference", {
  apiGroup: string(1).pointer().orNull().doc("Group of the object; empty for the core group."),
  kind: string(2).required().doc("Kind of the object."),
  name: string(3).required().doc("Name of the object."),
  namespace: string(4)
    .pointer()
    .gate("CrossNamespaceVolumeDataSource")
    .doc("Namespace of the object, where it is another one."),
});
export interface TypedObjectReference extends Of<typeof TypedObjectReference> {}
