import type { AnyObject, Resource } from "#machinery/schema";

/** What is left of one kind in a namespace. */
export interface Remainder {
  readonly kind: Resource;
  readonly objects: readonly AnyObject[];
}

export interface Emptying {
  readonly remaining: readonly Remainder[];
  readonly failures: readonly Error[];
  /** Groups and versions whose kinds could not be learned: what they hold is not known. */
  readonly undiscovered: readonly Undiscovered[];
}

export interface Undiscovered {
  readonly apiVersion: string;
  readonly error: Error;
}

export const isEmpty = ({ remaining, failures, undiscovered }: Emptying): boolean =>
  remaining.length === 0 && failures.length === 0 && undiscovered.length === 0;

/** `deployments.apps`; with the dot also where the group is empty, as users know it from conditions. */
const nameOf = ({ plural, group }: Resource): string => `${plural}.${group}`;

/** `Some resources are remaining: pods. has 2 resource instances` */
export function remainingText(remaining: readonly Remainder[]): string {
  const parts = remaining.map(
    ({ kind, objects }) => `${nameOf(kind)} has ${objects.length} resource instances`,
  );
  return `Some resources are remaining: ${parts.toSorted().join(", ")}`;
}

/** How many objects each finalizer holds back. */
export function finalizersIn(remaining: readonly Remainder[]): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  for (const { objects } of remaining) {
    for (const { metadata } of objects) {
      for (const finalizer of metadata.finalizers ?? [])
        counts.set(finalizer, (counts.get(finalizer) ?? 0) + 1);
    }
  }
  return counts;
}

export function finalizersText(counts: ReadonlyMap<string, number>): string {
  const parts = [...counts].map(([finalizer, count]) => `${finalizer} in ${count} resource instances`);
  return `Some content in the namespace has finalizers remaining: ${parts.toSorted().join(", ")}`;
}
