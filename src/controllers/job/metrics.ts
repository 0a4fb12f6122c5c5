import type { Job } from "#api/batch-v1/job";
import { counter, growingBounds, histogram } from "#base/measures";
import type { Pass } from "#reconciler/controller";
import type { Plan } from "./plan.ts";

const SYNCS = counter("job_controller_job_syncs_total", "Looks at jobs, by what they led to.");
const SYNC = histogram(
  "job_controller_job_sync_duration_seconds",
  "How long a look at a job took, in seconds.",
  growingBounds(0.004, 2, 15),
);
const PODS = counter(
  "job_controller_job_pods_finished_total",
  "Pods of jobs that have ended and are counted for good.",
);
const JOBS = counter("job_controller_jobs_finished_total", "Jobs that have ended, by how and why.");

const modeOf = ({ spec }: Job): string => spec.completionMode ?? "NonIndexed";

/** Counts a look at a job, and gives what it gives. `plan` is told what is going to be done. */
export async function counted<T>(
  job: Job,
  { clock, measures }: Pass,
  look: (planned: (plan: Plan) => void) => Promise<T>,
): Promise<T> {
  const sinceMs = clock.monotonic();
  let action = "reconciling";
  const count = (result: "success" | "error"): void => {
    const labels = { action, completion_mode: modeOf(job), result };
    measures.meter(SYNCS, labels).add(1);
    measures.meter(SYNC, labels).add((clock.monotonic() - sinceMs) / 1000);
  };
  try {
    const given = await look((plan) => (action = actionOf(plan)));
    count("success");
    return given;
  } catch (error) {
    count("error");
    throw error;
  }
}

function actionOf({ create, remove }: Plan): string {
  if (create.length > 0) return "pods_created";
  return remove.length > 0 ? "pods_deleted" : "tracking";
}

/** What is in the status now and was not before. */
export function countEnded(before: Job, { status, ended }: Plan, { measures }: Pass): void {
  const completion_mode = modeOf(before);
  for (const result of ["succeeded", "failed"] as const) {
    const more = (status[result] ?? 0) - (before.status[result] ?? 0);
    if (more > 0) measures.meter(PODS, { completion_mode, result }).add(more);
  }
  if (!ended) return;
  const result = ended.type === "Complete" ? "succeeded" : "failed";
  measures.meter(JOBS, { completion_mode, reason: ended.reason, result }).add(1);
}
