import type { AnyObject, AnyOwner, Resource } from "#machinery/schema";

/** The reference by which an object names the one that manages it. */
export const controllerOf = ({ metadata }: Pick<AnyObject, "metadata">): AnyOwner | undefined =>
  metadata.ownerReferences?.find((owner) => owner.controller === true);

export const isControlledBy = (object: AnyObject, owner: AnyObject): boolean =>
  controllerOf(object)?.uid === owner.metadata.uid;

/** What an owned object says of its controller. */
export const controllerReference = <T extends AnyObject>(
  { apiVersion, kind }: Resource<T>,
  { metadata: { name, uid } }: AnyObject,
): AnyOwner => ({ apiVersion, kind, name, uid, controller: true, blockOwnerDeletion: true });

/** Does the reference name this kind, in whatever version of its group? */
export function refersTo<T extends AnyObject>(owner: AnyOwner, { kind, group }: Resource<T>): boolean {
  if (owner.kind !== kind) return false;
  const slash = owner.apiVersion.indexOf("/");
  return group === (slash < 0 ? "" : owner.apiVersion.slice(0, slash));
}

/** Index of owned objects: by their controller's uid; those without one by `unclaimed(namespace)`. */
export const BY_CONTROLLER = "controller";

export const unclaimed = (namespace: string | undefined): string => `none in ${namespace ?? ""}`;

export function controllerKeys(object: AnyObject): readonly [string] {
  return [controllerOf(object)?.uid ?? unclaimed(object.metadata.namespace)];
}
