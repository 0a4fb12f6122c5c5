import type { Node } from "#api/core-v1/node";
import { conditionOf } from "./health.ts";

/** One node of a zone starts to lose its pods in so long. */
const PACE_MS = 10_000;
/** The same, while a large part of a big zone is ill: that is likely the network's fault and not the nodes'. */
const SLOW_PACE_MS = 100_000;
const ILL_SHARE = 0.55;
/** Below this a zone that is ill in large part loses no pods at all. */
const BIG_ZONE = 50;

/** Nodes of one zone, and how many of them are not ready. */
export interface Zone {
  readonly size: number;
  readonly ill: number;
}

export const isReady = (node: Node): boolean => conditionOf(node, "Ready")?.status === "True";

export const zoneOf = ({ metadata: { labels = {} } }: Node): string =>
  `${labels["topology.kubernetes.io/region"] ?? ""}/${labels["topology.kubernetes.io/zone"] ?? ""}`;

/**
 * How fast nodes of a zone may start to lose their pods, in milliseconds between two; undefined: not at all. `ready`:
 * nodes of the whole cluster.
 */
export function paceOf({ size, ill }: Zone, ready: number): number | undefined {
  // When nobody is ready it is us who cannot see.
  if (ready === 0) return undefined;
  if (ill / size < ILL_SHARE || ill <= 2) return PACE_MS;
  return size > BIG_ZONE ? SLOW_PACE_MS : undefined;
}

/** Lets nodes lose their pods one after the other, so that a mistake does not empty the cluster. */
export class EvictionPace {
  readonly #lastMs = new Map<string, number>();

  /** 0: now. Otherwise how long to wait before asking again. */
  waitMs(zone: string, paceMs: number | undefined, nowMs: number): number {
    if (paceMs === undefined) return PACE_MS;
    const leftMs = (this.#lastMs.get(zone) ?? -Infinity) + paceMs - nowMs;
    if (leftMs > 0) return leftMs;
    this.#lastMs.set(zone, nowMs);
    return 0;
  }
}
