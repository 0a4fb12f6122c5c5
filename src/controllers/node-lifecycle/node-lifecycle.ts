/** Notices nodes that are lost or ill, says so in their conditions, and taints them so that pods go elsewhere. */
import { Lease } from "#api/coordination-v1/lease";
import { Node } from "#api/core-v1/node";
import { Pod } from "#api/core-v1/pod";
import { conditionOf as podConditionOf, isReady } from "#api/core-v1/podstate";
import { counter } from "#base/measures";
import type { Informer } from "#client/informer";
import { hasReason } from "#machinery/status";
import { inParallel } from "#reconciler/batches";
import { type Controller, controller, type Pass, wake } from "#reconciler/controller";
import { withCondition } from "../conditions.ts";
import { EvictionPace, isReady as isNodeReady, paceOf, type Zone, zoneOf } from "./eviction-pace.ts";
import { conditionOf, graceLeftMs, lostConditions, sight, type Sighting } from "./health.ts";
import { drivesAway, evictingKey, planTaints } from "./taints.ts";

const EVICTIONS = counter(
  "node_collector_evictions_total",
  "Nodes that were given up, so that their pods leave.",
);

const LEASES = "kube-node-lease";
/** Index of pods by their node. */
export const BY_NODE = "node";

/** Index of nodes: those that are ready, those of each zone, and those of each zone that are not ready. */
const BY_HEALTH = "health";
const READY = "ready";
const illIn = (node: Node): string => `ill in ${zoneOf(node)}`;

export function nodeLifecycle(): Controller {
  const sightings = new Map<string, Sighting>();
  const pace = new EvictionPace();

  return controller({
    name: "node",
    watches: Node,
    wakes: [wake(Lease, ({ metadata: { namespace, name } }) => (namespace === LEASES ? [name] : []))],
    reads: [Pod],
    writes: [
      { kind: Node, verbs: ["patch", "update"] },
      { kind: Pod, verbs: ["patch", "update"], subresource: "status" },
    ],
    index: ({ cache }) => {
      cache(Pod).addIndex(BY_NODE, ({ spec }) => (spec.nodeName ? [spec.nodeName] : []));
      cache(Node).addIndex(BY_HEALTH, (node) =>
        isNodeReady(node) ? [READY, zoneOf(node)] : [zoneOf(node), illIn(node)],
      );
    },

    async reconcile(node, pass) {
      const { name } = node.metadata;
      const now = pass.clock.now();
      if (!sightings.has(name)) {
        pass.event(
          node,
          "Normal",
          "RegisteredNode",
          `Node ${name} event: Registered Node ${name} in Controller`,
        );
      }
      const sighting = sight(sightings.get(name), signsOfLife(node, pass), now);
      sightings.set(name, sighting);
      const leftMs = graceLeftMs(node, sighting, now);
      const current = leftMs > 0 ? node : await declareLost(node, pass);

      const evictAfterMs = evictionWaitMs(current, pass, pace);
      const taints = planTaints(current, evictAfterMs === 0, now);
      if (taints) {
        await pass.write.patch(
          Node,
          { name },
          { metadata: { resourceVersion: current.metadata.resourceVersion }, spec: { taints } },
        );
        if (taints.some(drivesAway) && !current.spec.taints?.some(drivesAway))
          pass.measures.meter(EVICTIONS, { zone: zoneOf(current) }).add(1);
      }
      if (evictingKey(current)) await markPodsNotReady(current, pass);

      const waits = [leftMs > 0 ? leftMs : undefined, evictAfterMs || undefined].filter(
        (ms) => ms !== undefined,
      );
      return waits.length > 0 ? { afterMs: Math.min(...waits) } : {};
    },

    async gone({ name }) {
      sightings.delete(name);
    },
  });
}

const signsOfLife = (node: Node, { cache }: Pass): Pick<Sighting, "renewTime" | "heartbeat"> => ({
  renewTime: cache(Lease).get(LEASES, node.metadata.name)?.spec?.renewTime ?? "",
  heartbeat: conditionOf(node, "Ready")?.lastHeartbeatTime ?? "",
});

async function declareLost(node: Node, { write, clock, event }: Pass): Promise<Node> {
  const conditions = lostConditions(node, clock.now());
  if (!conditions) return node;
  const { name } = node.metadata;
  event(node, "Normal", "NodeNotReady", `Node ${name} status is now: NodeNotReady`);
  return write.status(Node, node, { ...node.status, conditions });
}

/** 0: the node may lose its pods now, or need not. */
function evictionWaitMs(node: Node, { cache, clock }: Pass, pace: EvictionPace): number {
  const key = evictingKey(node);
  if (!key || node.spec.taints?.some((taint) => taint.key === key && taint.effect === "NoExecute")) return 0;
  const { zone, ready } = countsAround(node, cache(Node));
  return pace.waitMs(zoneOf(node), paceOf(zone, ready), clock.monotonic());
}

/** As the cache has it, but for this node, which may just have been found ill. */
function countsAround(node: Node, nodes: Informer<Node>): { readonly zone: Zone; readonly ready: number } {
  const count = (key: string) => nodes.countByIndex(BY_HEALTH, key);
  const known = nodes.get(undefined, node.metadata.name);
  const fallen = known && isNodeReady(known) && !isNodeReady(node) ? 1 : 0;
  const zone = { size: count(zoneOf(node)), ill: count(illIn(node)) + fallen };
  return { zone, ready: count(READY) - fallen };
}

/** Services must not send anything to pods that nobody can vouch for. */
async function markPodsNotReady(node: Node, { cache, write, clock, event }: Pass): Promise<void> {
  const pods = [...cache(Pod).byIndex(BY_NODE, node.metadata.name)].filter(isReady);
  await inParallel(pods, async (pod) => {
    const ready = podConditionOf(pod, "Ready");
    if (!ready) return;
    const conditions = withCondition(pod.status.conditions ?? [], { ...ready, status: "False" }, clock.now());
    event(pod, "Warning", "NodeNotReady", "Node is not ready");
    try {
      await write.status(Pod, pod, { ...pod.status, conditions });
    } catch (error) {
      if (!hasReason(error, "NotFound")) throw error;
    }
  });
}
