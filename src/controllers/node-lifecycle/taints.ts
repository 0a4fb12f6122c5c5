import type { Node } from "#api/core-v1/node";
import { formatTime } from "#machinery/time";
import { conditionOf } from "./health.ts";

export type Taint = NonNullable<Node["spec"]["taints"]>[number];

export const NOT_READY = "node.kubernetes.io/not-ready";
export const UNREACHABLE = "node.kubernetes.io/unreachable";

/** Condition, status and the taint that follows. */
const BY_CONDITION: readonly (readonly [type: string, status: string, key: string])[] = [
  ["Ready", "False", NOT_READY],
  ["Ready", "Unknown", UNREACHABLE],
  ["MemoryPressure", "True", "node.kubernetes.io/memory-pressure"],
  ["DiskPressure", "True", "node.kubernetes.io/disk-pressure"],
  ["NetworkUnavailable", "True", "node.kubernetes.io/network-unavailable"],
  ["PIDPressure", "True", "node.kubernetes.io/pid-pressure"],
];
const UNSCHEDULABLE = "node.kubernetes.io/unschedulable";

const MANAGED: ReadonlySet<string> = new Set([...BY_CONDITION.map(([, , key]) => key), UNSCHEDULABLE]);

/** Does the node's state ask that its pods leave? */
export const evictingKey = (node: Node): string | undefined => {
  const status = conditionOf(node, "Ready")?.status;
  return status === "Unknown" ? UNREACHABLE : status === "False" ? NOT_READY : undefined;
};

/** One of ours that lets no pod stay. */
export const drivesAway = ({ key, effect }: Taint): boolean =>
  effect === "NoExecute" && (key === NOT_READY || key === UNREACHABLE);

/**
 * The taints that a node is to have; `mayEvict`: those that drive pods away may be put on now. Undefined when it has
 * them already.
 */
export function planTaints(node: Node, mayEvict: boolean, nowMs: number): readonly Taint[] | undefined {
  const present = node.spec.taints ?? [];
  const wanted = wantedTaints(node, present, mayEvict);
  const kept = present.filter((taint) => !isManaged(taint) || wanted.some((other) => same(other, taint)));
  const missing = wanted.filter((taint) => !present.some((other) => same(other, taint)));
  if (missing.length === 0 && kept.length === present.length) return undefined;
  const timeAdded = formatTime(nowMs);
  return [...kept, ...missing.map((taint) => ({ ...taint, timeAdded }))];
}

function wantedTaints(node: Node, present: readonly Taint[], mayEvict: boolean): readonly Taint[] {
  const keys = BY_CONDITION.filter(([type, status]) => conditionOf(node, type)?.status === status).map(
    ([, , key]) => key,
  );
  if (node.spec.unschedulable) keys.push(UNSCHEDULABLE);
  const wanted = keys.map((key): Taint => ({ key, effect: "NoSchedule" }));
  const evicting = evictingKey(node);
  if (evicting) {
    const already = present.some(({ key, effect }) => key === evicting && effect === "NoExecute");
    if (mayEvict || already) wanted.push({ key: evicting, effect: "NoExecute" });
  }
  return wanted;
}

const isManaged = (taint: Taint): boolean =>
  drivesAway(taint) || (taint.effect === "NoSchedule" && MANAGED.has(taint.key));

const same = (a: Taint, b: Taint): boolean => a.key === b.key && a.effect === b.effect;
