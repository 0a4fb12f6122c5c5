import type { Deployment } from "#api/apps-v1/deployment";
import type { ReplicaSet } from "#api/apps-v1/replicaset";
import { scaledValue } from "#machinery/int-or-string";

/** How many pods a rolling update may add beyond the wanted number, and how many of those may be missing. */
export interface Leeway {
  readonly surge: number;
  readonly unavailable: number;
}

export function leewayOf({ spec: { replicas, strategy } }: Deployment): Leeway {
  if (strategy.type === "Recreate") return { surge: 0, unavailable: 0 };
  const { maxSurge = "25%", maxUnavailable = "25%" } = strategy.rollingUpdate ?? {};
  const surge = scaledValue(maxSurge, replicas, { roundUp: true });
  const unavailable = Math.min(scaledValue(maxUnavailable, replicas, { roundUp: false }), replicas);
  // With neither, nothing could ever be replaced.
  return surge === 0 && unavailable === 0 ? { surge, unavailable: 1 } : { surge, unavailable };
}

export const wantedOf = (sets: readonly ReplicaSet[]): number => sum(sets, ({ spec }) => spec.replicas);
export const actualOf = (sets: readonly ReplicaSet[]): number => sum(sets, ({ status }) => status.replicas);
export const availableOf = (sets: readonly ReplicaSet[]): number =>
  sum(sets, ({ status }) => status.availableReplicas ?? 0);

export const sum = <T>(items: readonly T[], of: (item: T) => number): number =>
  items.reduce((total, item) => total + of(item), 0);
