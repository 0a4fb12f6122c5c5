import { formatTime, parseTime } from "#machinery/time";
import type { AnyObject } from "#machinery/schema";
import type { Removal } from "./delete-options.ts";
import { withMeta } from "./metadata.ts";

/** What becomes of an object that is asked to go. */
export type DeletionPlan =
  /** It is on its way already, and nothing changes that. */
  | { readonly type: "pending" }
  /** It goes at once. */
  | { readonly type: "remove" }
  /** It stays, marked, until its finalizers or its node let it go. */
  | { readonly type: "mark"; readonly object: AnyObject };

const ORPHAN = "orphan";
const FOREGROUND = "foregroundDeletion";
/** Kinds whose dependents stay where nobody says otherwise. */
const ORPHANS_BY_DEFAULT = new Set(["v1/ReplicationController", "batch/v1/Job"]);
/** Kinds that take their time to go. */
const GRACEFUL = new Set(["v1/Pod"]);

/** Decides and does nothing. `kind` is `apiVersion/Kind`. */
export function planDeletion(kind: string, object: AnyObject, removal: Removal, nowMs: number): DeletionPlan {
  const graceful = GRACEFUL.has(kind) ? gracefulPlan(object, removal, nowMs) : undefined;
  if (graceful === "pending") return { type: "pending" };
  const finalizers = finalizersFor(kind, object, removal);
  const marked = graceful ?? object;
  const changed = sameNames(finalizers, marked.metadata.finalizers ?? [])
    ? marked
    : withMeta(marked, { finalizers: finalizers.length === 0 ? undefined : finalizers });
  if (finalizers.length > 0) return { type: "mark", object: graceful ? changed : deleting(changed, nowMs) };
  if (graceful && (graceful.metadata.deletionGracePeriodSeconds ?? 0) > 0)
    return { type: "mark", object: changed };
  return { type: "remove" };
}

/** The object with the time it has left; undefined when it has none. */
function gracefulPlan(object: AnyObject, removal: Removal, nowMs: number): AnyObject | "pending" | undefined {
  const { deletionTimestamp, deletionGracePeriodSeconds, generation } = object.metadata;
  const asked =
    removal.gracePeriodSeconds === undefined ? undefined : atLeastASecond(removal.gracePeriodSeconds);
  if (deletionTimestamp !== undefined) {
    if (deletionGracePeriodSeconds === undefined) return undefined;
    // Once on its way, the time can only become shorter.
    if (asked === undefined || asked >= deletionGracePeriodSeconds) return "pending";
    const startMs = parseTime(deletionTimestamp) - deletionGracePeriodSeconds * 1000;
    return withMeta(object, {
      deletionTimestamp: formatTime(startMs + asked * 1000),
      deletionGracePeriodSeconds: asked,
    });
  }
  const period = podGracePeriod(object, asked);
  return withMeta(object, {
    deletionTimestamp: formatTime(nowMs + period * 1000),
    deletionGracePeriodSeconds: period,
    ...(generation === undefined ? {} : { generation: generation + 1 }),
  });
}

/** Negative periods mean the shortest one that is not at once. */
const atLeastASecond = (seconds: number): number => (seconds < 0 ? 1 : seconds);

interface PodLike {
  readonly spec?: { readonly nodeName?: string; readonly terminationGracePeriodSeconds?: number };
  readonly status?: { readonly phase?: string };
}

/** A pod that runs nowhere, or no more, has nothing to bring to an end. */
function podGracePeriod(object: AnyObject, asked: number | undefined): number {
  const { spec, status } = object as AnyObject & PodLike;
  if (!spec?.nodeName || status?.phase === "Failed" || status?.phase === "Succeeded") return 0;
  return atLeastASecond(asked ?? spec.terminationGracePeriodSeconds ?? 0);
}

function deleting(object: AnyObject, nowMs: number): AnyObject {
  const { deletionTimestamp, deletionGracePeriodSeconds, generation } = object.metadata;
  return withMeta(object, {
    deletionTimestamp: deletionTimestamp ?? formatTime(nowMs),
    deletionGracePeriodSeconds: deletionGracePeriodSeconds ?? 0,
    ...(deletionTimestamp === undefined && generation ? { generation: generation + 1 } : {}),
  });
}

/** The finalizers with those that the garbage collector acts on. */
function finalizersFor(kind: string, object: AnyObject, removal: Removal): readonly string[] {
  const present = object.metadata.finalizers ?? [];
  const wanted = dependentsGo(kind, present, removal);
  const others = present.filter((name) => name !== ORPHAN && name !== FOREGROUND);
  const ours = wanted === "Orphan" ? [ORPHAN] : wanted === "Foreground" ? [FOREGROUND] : [];
  return present.length === others.length + ours.length && ours.every((name) => present.includes(name))
    ? present
    : [...others, ...ours];
}

function dependentsGo(kind: string, present: readonly string[], removal: Removal): string {
  if (kind === "v1/Event") return "Background";
  if (removal.orphanDependents !== undefined) return removal.orphanDependents ? "Orphan" : "Background";
  if (removal.propagationPolicy) return removal.propagationPolicy;
  if (present.includes(ORPHAN)) return "Orphan";
  if (present.includes(FOREGROUND)) return "Foreground";
  return ORPHANS_BY_DEFAULT.has(kind) ? "Orphan" : "Background";
}

const sameNames = (some: readonly string[], others: readonly string[]): boolean =>
  some.length === others.length && some.every((name, index) => name === others[index]);
