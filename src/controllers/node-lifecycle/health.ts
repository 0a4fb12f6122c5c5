import type { Node } from "#api/core-v1/node";
import { formatTime } from "#machinery/time";

export type NodeCondition = NonNullable<Node["status"]["conditions"]>[number];

/** A node that has not been heard of for so long counts as unreachable. */
export const GRACE_MS = 50_000;
/** A node that has never been heard of gets so long to start. */
export const START_GRACE_MS = 60_000;

/** When a node was last heard of, by this process's own clock: the node's clock may be wrong. */
export interface Sighting {
  readonly renewTime: string;
  readonly heartbeat: string;
  readonly seenMs: number;
}

const WATCHED = ["Ready", "MemoryPressure", "DiskPressure", "PIDPressure"] as const;

export const conditionOf = ({ status }: Node, type: string): NodeCondition | undefined =>
  status.conditions?.find((condition) => condition.type === type);

/** The sighting after a look at the node and its lease. */
export function sight(
  before: Sighting | undefined,
  { renewTime, heartbeat }: Pick<Sighting, "renewTime" | "heartbeat">,
  nowMs: number,
): Sighting {
  const same = before?.renewTime === renewTime && before.heartbeat === heartbeat;
  return same ? before : { renewTime, heartbeat, seenMs: nowMs };
}

/** How long until the node counts as lost if nothing is heard of it; 0 or less: it does. */
export function graceLeftMs(node: Node, { seenMs, renewTime }: Sighting, nowMs: number): number {
  const neverHeard = renewTime === "" && conditionOf(node, "Ready") === undefined;
  return seenMs + (neverHeard ? START_GRACE_MS : GRACE_MS) - nowMs;
}

/** The conditions of a node that nobody hears of any more; undefined when they say so already. */
export function lostConditions(node: Node, nowMs: number): readonly NodeCondition[] | undefined {
  const conditions = node.status.conditions ?? [];
  const stale = WATCHED.filter((type) => conditionOf(node, type)?.status !== "Unknown");
  if (stale.length === 0) return undefined;
  const now = formatTime(nowMs);
  const lost = stale.map((type): NodeCondition => {
    const known = conditionOf(node, type);
    return {
      type,
      status: "Unknown",
      lastHeartbeatTime: known?.lastHeartbeatTime ?? node.metadata.creationTimestamp,
      lastTransitionTime: now,
      reason: known ? "NodeStatusUnknown" : "NodeStatusNeverUpdated",
      message: known ? "Kubelet stopped posting node status." : "Kubelet never posted node status.",
    };
  });
  return [...conditions.filter(({ type }) => !lost.some((made) => made.type === type)), ...lost];
}
