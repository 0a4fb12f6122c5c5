/** Deletes finished Jobs when their time to stay is over. */
import { Job } from "#api/batch-v1/job";
import { parseTime } from "#machinery/time";
import { controller } from "#reconciler/controller";

export const ttlAfterFinished = controller({
  name: "ttl-after-finished",
  watches: Job,
  writes: [{ kind: Job, verbs: ["delete"] }],

  async reconcile(job, { clock, write }) {
    const at = expiresAtMs(job);
    if (at === undefined || job.metadata.deletionTimestamp) return;
    const leftMs = at - clock.now();
    if (leftMs > 0) return { afterMs: leftMs };
    const { resourceVersion, uid } = job.metadata;
    await write.remove(Job, job, {
      propagationPolicy: "Foreground",
      preconditions: { uid, resourceVersion },
    });
  },
});

/** Undefined: it has not finished, or stays for good. */
export function expiresAtMs({ spec, status }: Pick<Job, "spec" | "status">): number | undefined {
  if (spec.ttlSecondsAfterFinished === undefined) return undefined;
  const finished = status.conditions?.find(
    (condition) =>
      condition.status === "True" && (condition.type === "Complete" || condition.type === "Failed"),
  );
  if (!finished?.lastTransitionTime) return undefined;
  return parseTime(finished.lastTransitionTime) + spec.ttlSecondsAfterFinished * 1000;
}
