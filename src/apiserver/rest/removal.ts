import { present } from "#base/assert";
import type { AnyObject } from "#machinery/schema";
import type { Operation } from "../request/operation.ts";
import type { Item } from "../storage/item.ts";
import type { WriteOutcome } from "../storage/kind-storage.ts";
import type { RestDeps } from "./deps.ts";
import { hookKey, type KindHooks } from "./kind-hooks.ts";

/** Has an update taken away the last thing that kept a deleted object alive? */
export function mayGoNow(object: AnyObject, old: AnyObject, hooks: KindHooks | undefined): boolean {
  if (object.metadata.finalizers?.length || hooks?.holdsOn?.(object)) return false;
  return old.metadata.deletionTimestamp !== undefined && (old.metadata.deletionGracePeriodSeconds ?? 0) === 0;
}

/** Deletes this state of the object with everything that comes and goes with it. */
export async function removeForGood(
  { kind }: Operation,
  deps: RestDeps,
  item: Item,
  object: AnyObject,
): Promise<WriteOutcome> {
  const companions = await deps.hooks.get(hookKey(kind))?.onDelete?.(object);
  return present(kind.storage, "storage of a deleted kind").remove(item, companions);
}
