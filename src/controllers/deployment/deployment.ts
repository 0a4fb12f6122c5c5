/** Replaces the pods of a Deployment step by step when its template changes, and keeps old ReplicaSets to go back to. */
import { Deployment } from "#api/apps-v1/deployment";
import { ReplicaSet } from "#api/apps-v1/replicaset";
import { Pod } from "#api/core-v1/pod";
import { asError } from "#base/attempt";
import { isTerminal } from "#api/core-v1/podstate";
import { hasReason } from "#machinery/status";
import { type Caches, controller, type Pass, wake } from "#reconciler/controller";
import { sameJson } from "#machinery/same-json";
import {
  BY_CONTROLLER,
  controllerKeys,
  controllerOf,
  controllerReference,
  isControlledBy,
} from "#reconciler/owner";
import {
  annotationsOf,
  DESIRED,
  forgettable,
  MAX,
  nextRevision,
  REVISION,
  revisionOf,
  type Sets,
  sortSets,
} from "./revisions.ts";
import {
  isScaling,
  planRecreate,
  planRollingUpdate,
  planScale,
  type Resize,
  sizeOfCurrent,
} from "./rollout.ts";
import { leewayOf } from "./sizes.ts";
import { conditionOf, deadlineAfterMs, isComplete, type News, observe } from "./status.ts";
import { sameTemplate, TEMPLATE_HASH, templateHash, withHash } from "./template-hash.ts";

export const deployments = controller({
  name: "deployment",
  watches: Deployment,
  owns: [ReplicaSet],
  selectorOf: ({ spec }) => spec.selector,
  wakes: [wake(Pod, recreated, (pod, before) => isTerminal(pod) !== isTerminal(before))],
  writes: [{ kind: Deployment as never, verbs: ["patch"] }],
  index: ({ cache }) => cache(Pod).addIndex(BY_CONTROLLER, controllerKeys),

  async reconcile(deployment, pass) {
    if (selectsEverything(deployment)) {
      const message = "This deployment is selecting all pods. A non-empty selector is required.";
      return pass.event(deployment, "Warning", "SelectingAll", message);
    }
    const owned = await pass.claim(ReplicaSet, deployment.spec.selector);
    const { sets, news, error, judgeProgress } = await progress(
      deployment,
      sortSets(deployment, owned),
      pass,
    );
    const status = observe(deployment, sets, news, pass.clock.now(), judgeProgress);
    await pass.write.status(Deployment, deployment, status);
    if (error) throw error;
    return { afterMs: deadlineAfterMs(deployment, status, pass.clock.now()) };
  },
});

interface Progress {
  readonly sets: Sets;
  readonly judgeProgress: boolean;
  readonly news?: News;
  readonly error?: Error;
}

/** One step towards what is wanted. */
async function progress(deployment: Deployment, sets: Sets, pass: Pass): Promise<Progress> {
  if (deployment.metadata.deletionTimestamp) return { sets, judgeProgress: false };
  if (deployment.spec.paused || isScaling(deployment, sets)) {
    const resized = await resize(deployment, sets, planScale(deployment, sets), pass);
    if (deployment.spec.paused) await forget(deployment, sets, pass);
    return { sets: resized, judgeProgress: false };
  }
  if (deployment.spec.strategy.type === "Recreate") {
    const resizes = planRecreate(sets);
    if (resizes.length > 0)
      return { sets: await resize(deployment, sets, resizes, pass), judgeProgress: true };
    if (hasOldPods(sets, pass)) return { sets, judgeProgress: true };
  }
  return roll(deployment, sets, pass);
}

async function roll(deployment: Deployment, sets: Sets, pass: Pass): Promise<Progress> {
  const { current, news, error } = await ensureCurrent(deployment, sets, pass);
  if (!current) return { sets, judgeProgress: true, ...(news ? { news } : {}), ...(error ? { error } : {}) };
  const ready = { current, old: sets.old };
  const resized = await resize(deployment, ready, stepsOf(deployment, ready), pass);
  if (isComplete(deployment, deployment.status)) await forget(deployment, resized, pass);
  return { sets: resized, judgeProgress: true, ...(news ? { news } : {}) };
}

function stepsOf(deployment: Deployment, sets: Sets & { readonly current: ReplicaSet }): readonly Resize[] {
  if (deployment.spec.strategy.type === "RollingUpdate") return planRollingUpdate(deployment, sets);
  const { replicas } = deployment.spec;
  return sets.current.spec.replicas === replicas ? [] : [{ set: sets.current, replicas }];
}

/** The set with the present template, made where there is none, and with the right annotations. */
async function ensureCurrent(
  deployment: Deployment,
  sets: Sets,
  pass: Pass,
): Promise<{ readonly current?: ReplicaSet; readonly news?: News; readonly error?: Error }> {
  const revision = nextRevision(sets.old);
  const { current } = sets;
  if (current) {
    const updated = await annotate(deployment, current, revision, pass);
    await setRevision(deployment, revisionOf(updated), pass);
    const news: News = { what: "found", set: current.metadata.name };
    return { current: updated, ...(conditionOf(deployment, "Progressing") ? {} : { news }) };
  }
  try {
    const made = await createSet(deployment, sets, revision, pass);
    await setRevision(deployment, revision, pass);
    return { current: made, news: { what: "created", set: made.metadata.name } };
  } catch (thrown) {
    const error = asError(thrown);
    if (hasReason(error, "AlreadyExists", "Conflict")) throw error;
    pass.event(
      deployment,
      "Warning",
      "ReplicaSetCreateError",
      `Failed to create new replica set: ${error.message}`,
    );
    return { news: { what: "failed", message: error.message }, error };
  }
}

async function annotate(deployment: Deployment, current: ReplicaSet, revision: number, { write }: Pass) {
  const annotations = annotationsOf(deployment, current, revision);
  const minReadySeconds = deployment.spec.minReadySeconds ?? 0;
  const same = sameJson(annotations, current.metadata.annotations ?? {});
  if (same && (current.spec.minReadySeconds ?? 0) === minReadySeconds) return current;
  const metadata = { ...current.metadata, annotations };
  return write.update(ReplicaSet, { ...current, metadata, spec: { ...current.spec, minReadySeconds } });
}

async function setRevision({ metadata }: Deployment, revision: number, { write }: Pass): Promise<void> {
  if (metadata.annotations?.[REVISION] === String(revision)) return;
  const annotations = { [REVISION]: String(revision) };
  // By way of the status: a change of annotations alone would count as a new generation.
  await write.patch(Deployment, metadata, { metadata: { annotations } }, { subresource: "status" });
}

async function createSet(
  deployment: Deployment,
  sets: Sets,
  revision: number,
  pass: Pass,
): Promise<ReplicaSet> {
  const { spec, metadata, status } = deployment;
  const hash = templateHash(spec.template, status.collisionCount ?? 0);
  const replicas = sizeOfCurrent(deployment, sets);
  const template = withHash(spec.template, hash);
  const name = `${metadata.name}-${hash}`;
  const set = {
    metadata: {
      name,
      ...(metadata.namespace ? { namespace: metadata.namespace } : {}),
      labels: template.metadata.labels ?? {},
      annotations: { ...annotationsOf(deployment, undefined, revision), ...sizesOf(deployment) },
      ownerReferences: [controllerReference(Deployment, deployment)],
    },
    spec: {
      replicas,
      minReadySeconds: spec.minReadySeconds ?? 0,
      selector: {
        ...spec.selector,
        matchLabels: { ...spec.selector.matchLabels, [TEMPLATE_HASH]: hash },
      },
      template,
    },
  };
  try {
    const made = await pass.write.create(ReplicaSet, set);
    if (replicas > 0) {
      pass.event(
        deployment,
        "Normal",
        "ScalingReplicaSet",
        `Scaled up replica set ${name} from 0 to ${replicas}`,
      );
    }
    return made;
  } catch (error) {
    if (!hasReason(error, "AlreadyExists")) throw error;
    return settleCollision(deployment, name, error, pass);
  }
}

/** The name is taken: by a set of ours that the cache does not know yet, or by another with the same hash. */
async function settleCollision(
  deployment: Deployment,
  name: string,
  error: Error,
  pass: Pass,
): Promise<ReplicaSet> {
  const { namespace } = deployment.metadata;
  const taken = await pass.client.get(
    ReplicaSet,
    { ...(namespace ? { namespace } : {}), name },
    { signal: pass.signal },
  );
  const isOurs =
    isControlledBy(taken, deployment) && sameTemplate(taken.spec.template, deployment.spec.template);
  if (isOurs) return taken;
  const collisionCount = (deployment.status.collisionCount ?? 0) + 1;
  await pass.write.status(Deployment, deployment, { ...deployment.status, collisionCount });
  throw error;
}

const sizesOf = (deployment: Deployment): Readonly<Record<string, string>> => ({
  [DESIRED]: String(deployment.spec.replicas),
  [MAX]: String(deployment.spec.replicas + leewayOf(deployment).surge),
});

/** Resizes sets and notes with every active one for how many pods it was sized. */
async function resize(
  deployment: Deployment,
  sets: Sets,
  resizes: readonly Resize[],
  pass: Pass,
): Promise<Sets> {
  const wanted = new Map(resizes.map(({ set, replicas }) => [set, replicas]));
  const annotations = sizesOf(deployment);
  const one = async (set: ReplicaSet): Promise<ReplicaSet> => {
    const replicas = wanted.get(set) ?? set.spec.replicas;
    const noted = Object.keys(annotations).every(
      (key) => set.metadata.annotations?.[key] === annotations[key],
    );
    if (replicas === set.spec.replicas && (noted || replicas === 0)) return set;
    const metadata = { ...set.metadata, annotations: { ...set.metadata.annotations, ...annotations } };
    const updated = await pass.write.update(ReplicaSet, {
      ...set,
      metadata,
      spec: { ...set.spec, replicas },
    });
    tell(deployment, set, replicas, pass);
    return updated;
  };
  return {
    current: sets.current && (await one(sets.current)),
    old: await Promise.all(sets.old.map(one)),
  };
}

function tell(
  deployment: Deployment,
  { metadata, spec }: ReplicaSet,
  replicas: number,
  { event }: Pass,
): void {
  if (replicas === spec.replicas) return;
  const direction = replicas > spec.replicas ? "up" : "down";
  const message = `Scaled ${direction} replica set ${metadata.name} from ${spec.replicas} to ${replicas}`;
  event(deployment, "Normal", "ScalingReplicaSet", message);
}

const forget = (deployment: Deployment, { old }: Sets, { write }: Pass): Promise<void> =>
  write.removeAll(ReplicaSet, forgettable(deployment, old));

/** Pods of old sets that have not ended; Recreate waits for them. */
function hasOldPods({ old }: Sets, { cache }: Pass): boolean {
  const pods = cache(Pod);
  return old.some(({ metadata }) =>
    [...pods.byIndex(BY_CONTROLLER, metadata.uid)].some((pod) => !isTerminal(pod)),
  );
}

/** Deployments that replace all pods at once wait for the end of old ones. */
function* recreated(pod: Pod, { cache }: Caches): Iterable<string> {
  const { namespace = "" } = pod.metadata;
  const set = cache(ReplicaSet).get(namespace, controllerOf(pod)?.name ?? "");
  const owner = set && controllerOf(set);
  const deployment = owner && cache(Deployment).get(namespace, owner.name);
  if (deployment?.spec.strategy.type === "Recreate") yield `${namespace}/${deployment.metadata.name}`;
}

const selectsEverything = ({ spec: { selector } }: Deployment): boolean =>
  Object.keys(selector.matchLabels ?? {}).length === 0 && (selector.matchExpressions ?? []).length === 0;
