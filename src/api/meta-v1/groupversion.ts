import { type Of, string, struct } from "#machinery/schema";

export const GroupKind = struct("meta.v1.GroupKind", {
  group: string(1).required(),
  kind: string(2).required(),
});
export interface GroupKind extends Of<typeof GroupKind> {}

export const GroupResource = struct("meta.v1.GroupResource", {
  group: string(1).required(),
  resource: string(2).required(),
});
export interface GroupResource extends Of<typeof GroupResource> {}

export const GroupVersion = struct("meta.v1.GroupVersion", {
  group: string(1).required(),
  version: string(2).required(),
});
export interface GroupVersion extends Of<typeof GroupVersion> {}

export const GroupVersionKind = struct("meta.v1.GroupVersionKind", {
  group: string(1).required(),
  version: string(2).required(),
  kind: string(3).required(),
});
export interface GroupVersionKind extends Of<typeof GroupVersionKind> {}

export const GroupVersionResource = struct("meta.v1.GroupVersionResource", {
  group: string(1).required(),
  version: string(2).required(),
  resource: string(3).required(),
});
export interface GroupVersionResource extends Of<typeof GroupVersionResource> {}
