/** Deletes pods from nodes with NoExecute taints, at once or when they tolerate them no longer. */
import { Node } from "#api/core-v1/node";
import { Pod } from "#api/core-v1/pod";
import { isTerminal } from "#api/core-v1/podstate";
import { hasReason } from "#machinery/status";
import { keyAt, keyOf } from "#client/address";
import { controller, type Pass, wake } from "#reconciler/controller";
import { sameJson } from "#machinery/same-json";
import { withCondition } from "../conditions.ts";
import { isLeaving } from "../pod-facts.ts";
import { leaveAtMs } from "./plan.ts";
import { TaintTimes } from "./taint-times.ts";

const BY_NODE = "node";

export const taintEviction = controller({
  name: "taint-eviction",
  watches: Pod,
  // A pod that comes before its node is looked at when that comes.
  concerns: (pod, { cache }) =>
    pod.spec.nodeName !== undefined && isTainted(cache(Node).get(undefined, pod.spec.nodeName)),
  matters: (pod, before) =>
    pod.spec.nodeName !== before.spec.nodeName || !sameJson(pod.spec.tolerations, before.spec.tolerations),
  wakes: [
    wake(
      Node,
      (node, { cache }) => (isTainted(node) ? cache(Pod).keysByIndex(BY_NODE, node.metadata.name) : []),
      (node, before) => !sameJson(node.spec.taints, before.spec.taints),
    ),
  ],
  writes: [
    { kind: Pod, verbs: ["delete"] },
    { kind: Pod, verbs: ["patch", "update"], subresource: "status" },
  ],
  index: ({ cache }) => cache(Pod).addIndex(BY_NODE, ({ spec }) => (spec.nodeName ? [spec.nodeName] : [])),

  async reconcile(pod, pass) {
    const { nodeName } = pod.spec;
    if (!nodeName || isLeaving(pod) || isTerminal(pod)) return;
    const nodes = pass.cache(Node);
    const taints = nodes.get(undefined, nodeName)?.spec.taints ?? [];
    const now = pass.clock.now();
    const leaveAt = leaveAtMs(pod, taints, now, timesOf(nodes).of(keyOf(pod), pod, taints, now));
    if (leaveAt === undefined) return;
    if (leaveAt > now) return { afterMs: leaveAt - now };
    await evict(pod, pass);
  },

  gone(address, { cache }) {
    timesOf(cache(Node)).forget(keyAt(address));
    return Promise.resolve();
  },
});

const isTainted = (node: Node | undefined): boolean => (node?.spec.taints?.length ?? 0) > 0;

/** What each running controller remembers; its cache of nodes is its own. */
const times = new WeakMap<object, TaintTimes>();

function timesOf(nodes: object): TaintTimes {
  const known = times.get(nodes);
  if (known) return known;
  const made = new TaintTimes();
  times.set(nodes, made);
  return made;
}

async function evict(pod: Pod, { write, event, clock }: Pass): Promise<void> {
  event(pod, "Normal", "TaintManagerEviction", `Marking for deletion Pod ${keyOf(pod)}`);
  const condition = {
    type: "DisruptionTarget",
    status: "True",
    reason: "DeletionByTaintManager",
    message: "Taint manager: deleting due to NoExecute taint",
  };
  try {
    const conditions = withCondition(pod.status.conditions ?? [], condition, clock.now());
    await write.status(Pod, pod, { ...pod.status, conditions });
  } catch (error) {
    if (!hasReason(error, "NotFound")) throw error;
    return;
  }
  await write.remove(Pod, pod);
}
