import type { AnyObject } from "#machinery/schema";
import type { ServedKind } from "../resource-set.ts";
import type { Companions } from "../storage/kind-storage.ts";

/** An object about to be written, and what must be written with it. */
export interface Prepared {
  readonly object: AnyObject;
  readonly companions: Companions;
}

/**
 * What a kind needs beyond its rules: other keys that come and go with its objects. When a companion is lost to
 * somebody else, the hook is asked again.
 */
export interface KindHooks {
  onCreate?(object: AnyObject): Promise<Prepared>;
  onUpdate?(object: AnyObject, old: AnyObject): Promise<Prepared>;
  onDelete?(object: AnyObject): Promise<Companions>;
  /** Nothing keeps an object alive that was asked to go: called where finalizers are looked at. */
  holdsOn?(object: AnyObject): boolean;
}

export const hookKey = ({ resource }: ServedKind): string => `${resource.apiVersion}/${resource.kind}`;
