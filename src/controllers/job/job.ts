/** Runs pods until enough of them have succeeded, and counts each exactly once. */
import { Job } from "#api/batch-v1/job";
import { isJobFinished } from "#api/batch-v1/job-rules";
import { Pod } from "#api/core-v1/pod";
import type { AnyMeta } from "#machinery/schema";
import { hasReason } from "#machinery/status";
import { inParallel } from "#reconciler/batches";
import { controller, type Pass } from "#reconciler/controller";
import { createPods, removePods } from "../pod-creation.ts";
import { counted, countEnded } from "./metrics.ts";
import { type Ending, type Plan, planJob } from "./plan.ts";
import { newPod, TRACKING } from "./pods.ts";

const MANAGER = "kubernetes.io/job-controller";

export const jobs = controller({
  name: "job",
  watches: Job,
  owns: [Pod],
  selectorOf: ({ spec }) => spec.selector,
  writes: [{ kind: Pod, verbs: ["patch"] }],

  async reconcile(job, pass) {
    if (job.spec.managedBy !== undefined && job.spec.managedBy !== MANAGER) return;
    const { selector } = job.spec;
    if (!selector) return;
    return counted(job, pass, async (planned) => {
      const pods = await pass.claim(Pod, selector, TRACKING);
      const plan = planJob(job, pods, pass.clock.now());
      planned(plan);
      await carryOut(plan, job, pass);
      return { afterMs: plan.afterMs };
    });
  },

  /** The job is gone; its pods are held no longer. */
  async gone({ namespace, name }, pass) {
    const orphans = [...pass.cache(Pod).list(namespace)].filter(
      ({ metadata }) => metadata.finalizers?.includes(TRACKING) && isOwnedBy(metadata, name),
    );
    await inParallel(orphans, (pod) => release(pod, pass));
  },
});

async function carryOut(plan: Plan, job: Job, pass: Pass): Promise<void> {
  await pass.write.status(Job, job, plan.status);
  countEnded(job, plan, pass);
  // What is in the status is counted for good: only now may the pods go.
  await inParallel(plan.release, (pod) => release(pod, pass));
  if (plan.ended) tell(job, plan.ended, pass);
  if (job.metadata.deletionTimestamp) return;
  await removePods(plan.remove, job, pass);
  const failure = await createPods(
    plan.create.map(({ index, failures }) => newPod(job, index, failures)),
    job,
    pass,
  );
  if (failure) throw failure;
}

const isOwnedBy = ({ ownerReferences = [] }: AnyMeta, job: string): boolean =>
  ownerReferences.some(({ controller: manages, kind, name }) => manages && kind === "Job" && name === job);

async function release(pod: Pod, { write }: Pass): Promise<void> {
  const { uid, resourceVersion, finalizers = [] } = pod.metadata;
  const kept = finalizers.filter((finalizer) => finalizer !== TRACKING);
  if (kept.length === finalizers.length) return;
  try {
    await write.patch(Pod, pod.metadata, { metadata: { uid, resourceVersion, finalizers: kept } });
  } catch (error) {
    if (!hasReason(error, "NotFound")) throw error;
  }
}

function tell(job: Job, { type, reason, message }: Ending, { event }: Pass): void {
  if (isJobFinished(job.status)) return;
  if (type === "Complete") event(job, "Normal", "Completed", "Job completed");
  else event(job, "Warning", reason, message);
}
