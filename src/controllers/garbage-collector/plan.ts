import type { AnyOwner } from "#machinery/schema";
import { awaitsDependents, FOREGROUND, hasFinalizer, isLeaving, type Node, ORPHAN } from "./graph.ts";

/** How one owner of an object stands. */
export interface OwnerState {
  readonly owner: AnyOwner;
  /** `waiting`: it is on its way out, once its dependents are gone. */
  readonly is: "there" | "absent" | "waiting";
}

export type Step =
  | { readonly do: "nothing" }
  /** Its last owner is gone, or waits for it to go. */
  | { readonly do: "delete"; readonly propagation: "Background" | "Foreground" | "Orphan" }
  /** It has other owners; these references are of no use. */
  | { readonly do: "drop owners"; readonly uids: readonly string[] }
  /** Its own dependents wait for theirs in a ring: it stops blocking its owners, and goes first. */
  | { readonly do: "unblock and delete" }
  /** Nothing blocks it any more. */
  | { readonly do: "finish foreground" }
  /** It waits for these. */
  | { readonly do: "check"; readonly nodes: readonly Node[] };

/** Decides what becomes of a node, once it is known how its owners stand. */
export function planFor(node: Node, owners: readonly OwnerState[]): Step {
  if (!node.known) return { do: "nothing" };
  if (awaitsDependents(node)) return planForeground(node);
  if (isLeaving(node) || owners.length === 0) return { do: "nothing" };
  const useless = owners.filter(({ is }) => is !== "there");
  if (useless.length === 0) return { do: "nothing" };
  if (useless.length < owners.length)
    return { do: "drop owners", uids: useless.map(({ owner }) => owner.uid) };
  const isWaitedFor = owners.some(({ is }) => is === "waiting");
  if (isWaitedFor && node.dependents.size > 0) {
    const inRing = [...node.dependents].some(awaitsDependents);
    return inRing ? { do: "unblock and delete" } : { do: "delete", propagation: "Foreground" };
  }
  return { do: "delete", propagation: propagationOf(node) };
}

/** As its finalizers say how it wants to go. */
function propagationOf(node: Node): "Background" | "Foreground" | "Orphan" {
  if (hasFinalizer(node, ORPHAN)) return "Orphan";
  return hasFinalizer(node, FOREGROUND) ? "Foreground" : "Background";
}

function planForeground(node: Node): Step {
  const blocking = [...node.dependents].filter(({ known }) =>
    known?.ownerReferences?.some(({ uid, blockOwnerDeletion }) => uid === node.uid && blockOwnerDeletion),
  );
  if (blocking.length === 0) return { do: "finish foreground" };
  return { do: "check", nodes: blocking.filter((dependent) => !isLeaving(dependent)) };
}
