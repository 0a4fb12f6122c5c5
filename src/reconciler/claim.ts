import type { LabelSelector } from "#api/meta-v1/labelselector";
import type { Client } from "#client/client";
import type { Informer } from "#client/informer";
import { compileSelector } from "#machinery/label-selector";
import type { AnyObject, Resource } from "#machinery/schema";
import { conflict, hasReason } from "#machinery/status";
import { inParallel } from "./batches.ts";
import { BY_CONTROLLER, controllerReference, unclaimed } from "./owner.ts";
import type { Writer } from "./write.ts";

export interface ClaimPlan<T> {
  /** Already its own, and matching. */
  readonly keep: readonly T[];
  /** Matching, and nobody's. */
  readonly adopt: readonly T[];
  /** Its own, and no longer matching. */
  readonly release: readonly T[];
}

/** Decides which objects an owner with this selector takes, keeps and lets go. */
export function planClaims<T extends AnyObject>(
  owner: AnyObject,
  matches: (labels: Readonly<Record<string, string>>) => boolean,
  owned: Iterable<T>,
  nobodys: Iterable<T>,
): ClaimPlan<T> {
  const keep: T[] = [];
  const release: T[] = [];
  const leaving = owner.metadata.deletionTimestamp !== undefined;
  for (const object of owned) {
    if (matches(object.metadata.labels ?? {})) keep.push(object);
    else if (!leaving) release.push(object);
  }
  const free = ({ metadata }: T) =>
    metadata.deletionTimestamp === undefined && matches(metadata.labels ?? {});
  const adopt = leaving ? [] : [...nobodys].filter(free);
  return { keep, adopt, release };
}

/** Whose objects of which kind are claimed. */
interface ClaimKinds<O extends AnyObject, T extends AnyObject> {
  readonly owner: Resource<O>;
  readonly owned: Resource<T>;
  /** Owned objects have it; those that are let go do not. */
  readonly finalizer?: string | undefined;
}

/** The objects that belong to the owner: adopts those that match and are nobody's, lets go those that do not match. */
export async function claim<O extends AnyObject, T extends AnyObject>(
  kinds: ClaimKinds<O, T>,
  owner: O,
  selector: LabelSelector,
  {
    cache,
    client,
    write,
    signal,
  }: { cache: Informer<T>; client: Client; write: Writer; signal: AbortSignal },
): Promise<readonly T[]> {
  const { namespace, uid } = owner.metadata;
  const plan = planClaims(
    owner,
    compileSelector(selector),
    cache.byIndex(BY_CONTROLLER, uid),
    cache.byIndex(BY_CONTROLLER, unclaimed(namespace)),
  );
  if (plan.adopt.length > 0) await assertStillWanted(kinds.owner, owner, client, signal);
  const adopted: T[] = [];
  await inParallel(plan.adopt, async (object) => {
    const taken = await adopt(kinds, owner, object, write);
    if (taken) adopted.push(taken);
  });
  await inParallel(plan.release, (object) => letGo(kinds, owner, object, write));
  return [...plan.keep, ...adopted];
}

/** The cache may not know yet that the owner is being deleted or was made anew; adopting for it would leak. */
async function assertStillWanted<O extends AnyObject>(
  resource: Resource<O>,
  owner: O,
  client: Client,
  signal: AbortSignal,
): Promise<void> {
  const { namespace, name, uid } = owner.metadata;
  const fresh = await client.get(resource, { namespace, name }, { signal });
  if (fresh.metadata.uid !== uid) throw conflict(resource, name, "it was replaced by another of that name");
  if (fresh.metadata.deletionTimestamp !== undefined) throw conflict(resource, name, "it is being deleted");
}

async function adopt<O extends AnyObject, T extends AnyObject>(
  kinds: ClaimKinds<O, T>,
  owner: O,
  { metadata }: T,
  write: Writer,
): Promise<T | undefined> {
  const ownerReferences = [controllerReference(kinds.owner, owner)];
  const held = kinds.finalizer === undefined ? {} : { finalizers: [kinds.finalizer] };
  const patch = { metadata: { uid: metadata.uid, ownerReferences, ...held } };
  try {
    return await write.strategicPatch(kinds.owned, metadata, patch);
  } catch (error) {
    // Gone meanwhile, or somebody else's now.
    if (hasReason(error, "NotFound", "Conflict", "Invalid")) return undefined;
    throw error;
  }
}

async function letGo<O extends AnyObject, T extends AnyObject>(
  { owned, finalizer }: ClaimKinds<O, T>,
  owner: O,
  { metadata }: T,
  write: Writer,
): Promise<void> {
  const ownerReferences = [{ $patch: "delete", uid: owner.metadata.uid }];
  const freed = finalizer === undefined ? {} : { "$deleteFromPrimitiveList/finalizers": [finalizer] };
  try {
    const patch = { metadata: { uid: metadata.uid, ownerReferences, ...freed } };
    await write.strategicPatch(owned, metadata, patch);
  } catch (error) {
    if (!hasReason(error, "NotFound", "Conflict", "Invalid")) throw error;
  }
}
