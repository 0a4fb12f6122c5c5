/** Keeps the pods of each StatefulSet, every one with a name and volumes of its own, and changes them in order. */
import { ControllerRevision } from "#api/apps-v1/controllerrevision";
import { StatefulSet } from "#api/apps-v1/statefulset";
import { PersistentVolumeClaim } from "#api/core-v1/persistentvolumeclaim";
import { Pod } from "#api/core-v1/pod";
import { attempt } from "#base/attempt";
import { controller, type Pass } from "#reconciler/controller";
import { forgetRevisions, type History, syncHistory, templateOf } from "../history/revisions.ts";
import { isActive, nextAvailabilityMs } from "../pod-facts.ts";
import { ensureClaims, syncRetention } from "./claims.ts";
import { nameOf, ordinalOf, podOf, revisionOf } from "./identity.ts";
import { observe, type Plan, planStateful, type Revisions } from "./plan.ts";

export const statefulSets = controller({
  name: "statefulset",
  watches: StatefulSet,
  owns: [Pod, ControllerRevision],
  reads: [PersistentVolumeClaim],
  writes: [{ kind: PersistentVolumeClaim, verbs: ["create", "patch"] }],
  selectorOf: ({ spec }) => spec.selector,

  async reconcile(set, pass) {
    const claimed = await pass.claim(Pod, set.spec.selector);
    const pods = claimed.filter((pod) => ordinalOf(set, pod) !== undefined);
    if (set.metadata.deletionTimestamp) return;
    const history = await syncHistory(StatefulSet, set, pass);
    const revisions = revisionsOf(set, history);
    const now = pass.clock.now();
    const plan = planStateful(set, pods, revisions, now);
    const failure = await attempt(() => carryOut(plan, set, pods, history, pass));
    await pass.write.status(StatefulSet, set, observe(set, pods, revisions, now));
    if (failure) throw failure;
    const inUse = new Set([...pods.map(revisionOf), revisions.current]);
    await forgetRevisions(history, inUse, set.spec.revisionHistoryLimit, pass);
    return { afterMs: nextAvailabilityMs(pods.filter(isActive), set.spec.minReadySeconds ?? 0, now) };
  },
});

/** Pods carry the name of their revision; the one before the update is in the status. */
function revisionsOf({ status }: StatefulSet, { revisions, current }: History): Revisions {
  const update = current.metadata.name;
  const known = revisions.some(({ metadata }) => metadata.name === status.currentRevision);
  return { update, current: known && status.currentRevision ? status.currentRevision : update };
}

async function carryOut(
  plan: Plan,
  set: StatefulSet,
  pods: readonly Pod[],
  history: History,
  pass: Pass,
): Promise<void> {
  const { write, event } = pass;
  await syncRetention(set, pods, pass);
  for (const { ordinal, revision } of plan.create) {
    const name = nameOf(set, ordinal);
    await ensureClaims(set, name, pass);
    const held = history.revisions.find(({ metadata }) => metadata.name === revision);
    const template = (held && templateOf(held)) ?? set.spec.template;
    const made = await attempt(() => write.create(Pod, podOf(set, ordinal, template, revision)));
    const what = `create Pod ${name} in StatefulSet ${set.metadata.name}`;
    if (made) {
      event(set, "Warning", "FailedCreate", `${what} failed error: ${made.message}`);
      throw made;
    }
    event(set, "Normal", "SuccessfulCreate", `${what} successful`);
  }
  await write.removeAll(Pod, plan.remove, {
    removed: ({ metadata }) =>
      event(
        set,
        "Normal",
        "SuccessfulDelete",
        `delete Pod ${metadata.name} in StatefulSet ${set.metadata.name} successful`,
      ),
  });
}
