/** Keeps one pod of each DaemonSet on every node that it belongs on. */
import { ControllerRevision } from "#api/apps-v1/controllerrevision";
import { DaemonSet } from "#api/apps-v1/daemonset";
import { Node } from "#api/core-v1/node";
import { Pod } from "#api/core-v1/pod";
import { keyOf } from "#client/address";
import { controller, wake } from "#reconciler/controller";
import { sameJson } from "#machinery/same-json";
import { forgetRevisions, hashOf, REVISION_HASH, syncHistory } from "../history/revisions.ts";
import { createPods, podFrom, removePods } from "../pod-creation.ts";
import { nextAvailabilityMs } from "../pod-facts.ts";
import { specFor } from "./node-fit.ts";
import { planDaemons } from "./plan.ts";

const GENERATION = "pod-template-generation";
/** A pod that fails at once is not made anew at once. */
const FAILED_RETRY_MS = 1_000;

export const daemonSets = controller({
  name: "daemon-set",
  watches: DaemonSet,
  owns: [Pod, ControllerRevision],
  selectorOf: ({ spec }) => spec.selector,
  wakes: [
    wake(
      Node,
      (_node, { cache }) => [...cache(DaemonSet).list()].map(keyOf),
      (node, before) =>
        !sameJson(node.metadata.labels, before.metadata.labels) ||
        !sameJson(node.spec.taints, before.spec.taints),
    ),
  ],

  async reconcile(set, pass) {
    const pods = await pass.claim(Pod, set.spec.selector);
    const leaving = set.metadata.deletionTimestamp !== undefined;
    const history = leaving ? undefined : await syncHistory(DaemonSet, set, pass);
    const hash = history ? hashOf(history.current) : "";
    const now = pass.clock.now();
    const plan = planDaemons(set, pass.cache(Node).list(), pods, hash, now);
    for (const { metadata, spec } of plan.failed) {
      const message = `Found failed daemon pod ${metadata.namespace}/${metadata.name} on node ${spec.nodeName}, will try to kill it`;
      pass.event(set, "Warning", "FailedDaemonPod", message);
    }
    await removePods([...plan.remove, ...plan.failed], set, pass);
    const failure = await createPods(
      plan.create.map((node) => daemonFor(set, node, hash)),
      set,
      pass,
    );
    await pass.write.status(DaemonSet, set, plan.status);
    if (failure) throw failure;
    if (history) {
      const inUse = new Set(pods.map(({ metadata }) => metadata.labels?.[REVISION_HASH] ?? ""));
      await forgetRevisions(history, inUse, set.spec.revisionHistoryLimit, pass);
    }
    const availableMs = nextAvailabilityMs(pods, set.spec.minReadySeconds ?? 0, now);
    return { afterMs: plan.failed.length > 0 ? FAILED_RETRY_MS : availableMs };
  },
});

function daemonFor(set: DaemonSet, node: string, hash: string) {
  const generation = String(set.metadata.generation ?? 1);
  const labels = { [REVISION_HASH]: hash, [GENERATION]: generation };
  const pod = podFrom(set.spec.template, DaemonSet, set, { labels });
  return { ...pod, spec: specFor(set.spec.template.spec, node) };
}
