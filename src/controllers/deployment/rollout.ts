import type { Deployment } from "#api/apps-v1/deployment";
import type { ReplicaSet } from "#api/apps-v1/replicaset";
import { DESIRED, MAX, type Sets } from "./revisions.ts";
import { availableOf, type Leeway, leewayOf, wantedOf } from "./sizes.ts";

/** A set and the number of pods that it is to have. */
export interface Resize {
  readonly set: ReplicaSet;
  readonly replicas: number;
}

/** How many pods a set made for the present template starts with, or may grow to. */
export function sizeOfCurrent(deployment: Deployment, { current, old }: Sets): number {
  const { replicas, strategy } = deployment.spec;
  if (strategy.type === "Recreate") return replicas;
  const present = current?.spec.replicas ?? 0;
  const room = replicas + leewayOf(deployment).surge - wantedOf(old) - present;
  if (room <= 0) return present;
  return present + Math.min(room, Math.max(replicas - present, 0));
}

/** The next step of a rolling update: first the new set grows, then the old ones shrink. */
export function planRollingUpdate(
  deployment: Deployment,
  sets: Sets & { readonly current: ReplicaSet },
): readonly Resize[] {
  const { current, old } = sets;
  const wanted = deployment.spec.replicas;
  const size = current.spec.replicas > wanted ? wanted : sizeOfCurrent(deployment, sets);
  if (size !== current.spec.replicas) return [{ set: current, replicas: size }];
  return planShrink(wanted, leewayOf(deployment), current, old);
}

/** Takes pods from old sets: first those that do not serve anyway, then as many as availability allows. */
function planShrink(
  wanted: number,
  { unavailable }: Leeway,
  current: ReplicaSet,
  old: readonly ReplicaSet[],
): readonly Resize[] {
  if (wantedOf(old) === 0) return [];
  const needed = wanted - unavailable;
  const stillComing = current.spec.replicas - (current.status.availableReplicas ?? 0);
  let removable = wantedOf([current, ...old]) - needed - stillComing;
  if (removable <= 0) return [];

  const sizes = new Map(old.map((set) => [set, set.spec.replicas]));
  for (const set of old) {
    const idle = Math.max(0, set.spec.replicas - (set.status.availableReplicas ?? 0));
    const take = Math.min(removable, idle);
    sizes.set(set, set.spec.replicas - take);
    removable -= take;
  }
  let spare = availableOf([current, ...old]) - needed;
  for (const set of old) {
    const take = Math.min(Math.max(spare, 0), sizes.get(set)!);
    sizes.set(set, sizes.get(set)! - take);
    spare -= take;
  }
  return resizesOf(sizes);
}

/** Recreate: all old pods go before a new one comes. */
export const planRecreate = ({ old }: Sets): readonly Resize[] =>
  old.filter(({ spec }) => spec.replicas > 0).map((set) => ({ set, replicas: 0 }));

/** Has the wanted number changed since the sets were sized? */
export const isScaling = ({ spec }: Deployment, { current, old }: Sets): boolean =>
  [current, ...old].some((set) => {
    if (!set || set.spec.replicas === 0) return false;
    const desired = set.metadata.annotations?.[DESIRED];
    return desired !== undefined && Number(desired) !== spec.replicas;
  });

/** A new wanted number, spread over the sets in proportion to their sizes, so that a rollout under way stays where it is. */
export function planScale(deployment: Deployment, { current, old }: Sets): readonly Resize[] {
  const { replicas, strategy } = deployment.spec;
  const oldActive = old.filter(({ spec }) => spec.replicas > 0);
  const active = current && current.spec.replicas > 0 ? [current, ...oldActive] : oldActive;
  const only = active.length === 1 ? active[0] : active.length === 0 ? (current ?? old.at(-1)) : undefined;
  if (only) return only.spec.replicas === replicas ? [] : [{ set: only, replicas }];
  if (current && isSaturated(deployment, current)) return oldActive.map((set) => ({ set, replicas: 0 }));
  return strategy.type === "RollingUpdate" ? inProportion(deployment, active) : [];
}

const isSaturated = ({ spec }: Deployment, set: ReplicaSet): boolean =>
  set.spec.replicas === spec.replicas &&
  Number(set.metadata.annotations?.[DESIRED]) === spec.replicas &&
  (set.status.availableReplicas ?? 0) === spec.replicas;

function inProportion(deployment: Deployment, active: readonly ReplicaSet[]): readonly Resize[] {
  const { replicas } = deployment.spec;
  const allowed = replicas > 0 ? replicas + leewayOf(deployment).surge : 0;
  const missing = allowed - wantedOf(active);
  const newestFirst = missing > 0;
  const sorted = active.toSorted((a, b) => {
    if (a.spec.replicas !== b.spec.replicas) return b.spec.replicas - a.spec.replicas;
    const older = a.metadata.creationTimestamp < b.metadata.creationTimestamp ? -1 : 1;
    return newestFirst ? -older : older;
  });
  let added = 0;
  const sizes = new Map<ReplicaSet, number>();
  for (const set of sorted) {
    const share = shareOf(deployment, set, allowed, missing - added);
    sizes.set(set, set.spec.replicas + share);
    added += share;
  }
  // What rounding left goes to, or is taken from, the largest.
  const [largest] = sorted;
  if (largest) sizes.set(largest, Math.max(0, sizes.get(largest)! + missing - added));
  return resizesOf(sizes);
}

function shareOf({ status }: Deployment, set: ReplicaSet, allowed: number, left: number): number {
  if (left === 0 || set.spec.replicas === 0) return 0;
  const before = Number(set.metadata.annotations?.[MAX] ?? "0") || (status.replicas ?? 0);
  const size = before === 0 ? set.spec.replicas : Math.round((set.spec.replicas * allowed) / before);
  const share = allowed === 0 ? -set.spec.replicas : size - set.spec.replicas;
  return left > 0 ? Math.max(0, Math.min(share, left)) : Math.min(0, Math.max(share, left));
}

const resizesOf = (sizes: ReadonlyMap<ReplicaSet, number>): readonly Resize[] =>
  [...sizes]
    .filter(([set, size]) => size !== set.spec.replicas)
    .map(([set, replicas]) => ({ set, replicas }));
