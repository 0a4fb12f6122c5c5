import { type Of, string, struct } from "#machinery/schema";

export const LocalObjectReference = struct(
  "core.v1.LocalObjectReference",
  {
    name: string(1),
  },
  { atomic: true },
);
export interface LocalObjectReference extends Of<typeof LocalObjectReference> {}

export const ObjectReference = struct(
  "core.v1.ObjectReference",
  {
    kind: string(1),
    namespace: string(2),
    name: string(3),
    uid: string(4).doc("The object's uid."),
    apiVersion: string(5).doc("Group and version of the kind."),
    resourceVersion: string(6).doc("Version of the object."),
    fieldPath: string(7),
  },
  { atomic: true },
);
export interface ObjectReference extends Of<typeof ObjectReference> {}

export const SecretReference = struct(
  "core.v1.SecretReference",
  {
    name: string(1),
    namespace: string(2),
  },
  { atomic: true },
);
export interface SecretReference extends Of<typeof SecretReference> {}

export const TypedLocalObjectReference = struct(
  "core.v1.TypedLocalObjectReference",
  {
    apiGroup: string(1).pointer().orNull(),
    kind: string(2).required(),
    name: string(3).required(),
  },
  { atomic: true },
);
export interface TypedLocalObjectReference extends Of<typeof TypedLocalObjectReference> {}

export const TypedObjectReference = struct("core.v1.TypedObjectReference", {
  apiGroup: string(1).pointer().orNull(),
  kind: string(2).required(),
  name: string(3).required(),
  namespace: string(4).pointer().gate("CrossNamespaceVolumeDataSource"),
});
export interface TypedObjectReference extends Of<typeof TypedObjectReference> {}
