import { bool, int64, list, type Of, ref, string, struct } from "#machinery/schema";

export const CreateOptions = struct("meta.v1.CreateOptions", {
  kind: string(0),
  apiVersion: string(0),
  dryRun: list(1, string).atomic(),
  fieldManager: string(3),
  fieldValidation: string(4),
});
export interface CreateOptions extends Of<typeof CreateOptions> {}

export const Preconditions = struct("meta.v1.Preconditions", {
  uid: string(1).pointer().doc("The object's uid."),
  resourceVersion: string(2).pointer().doc("Version of the object."),
});
export interface Preconditions extends Of<typeof Preconditions> {}

export const DeleteOptions = struct("meta.v1.DeleteOptions", {
  kind: string(0),
  apiVersion: string(0),
  gracePeriodSeconds: int64(1).pointer(),
  preconditions: ref(2, Preconditions),
  orphanDependents: bool(3).pointer(),
  propagationPolicy: string(4).pointer(),
  dryRun: list(5, string).atomic(),
  ignoreStoreReadErrorWithClusterBreakingPotential: bool(6).pointer(),
});
export interface DeleteOptions extends Of<typeof DeleteOptions> {}

export const GetOptions = struct("meta.v1.GetOptions", {
  kind: string(0),
  apiVersion: string(0),
  resourceVersion: string(1).doc("Version of the object."),
});
export interface GetOptions extends Of<typeof GetOptions> {}

export const ListOptions = struct("meta.v1.ListOptions", {
  kind: string(0),
  apiVersion: string(0),
  labelSelector: string(1).doc("Objects that it is about."),
  fieldSelector: string(2),
  watch: bool(3),
  allowWatchBookmarks: bool(9),
  resourceVersion: string(4).doc("Version of the object."),
  resourceVersionMatch: string(10),
  timeoutSeconds: int64(5).pointer(),
  limit: int64(7),
  continue: string(8),
  sendInitialEvents: bool(11).pointer(),
});
export interface ListOptions extends Of<typeof ListOptions> {}

export const PatchOptions = struct("meta.v1.PatchOptions", {
  kind: string(0),
  apiVersion: string(0),
  dryRun: list(1, string).atomic(),
  force: bool(2).pointer(),
  fieldManager: string(3),
  fieldValidation: string(4),
});
export interface PatchOptions extends Of<typeof PatchOptions> {}

export const UpdateOptions = struct("meta.v1.UpdateOptions", {
  kind: string(0),
  apiVersion: string(0),
  dryRun: list(1, string).atomic(),
  fieldManager: string(2),
  fieldValidation: string(3),
});
export interface UpdateOptions extends Of<typeof UpdateOptions> {}
