/** Starts a Job whenever a CronJob's schedule says so. */
import { CronJob, type CronJobStatus } from "#api/batch-v1/cronjob";
import { Job } from "#api/batch-v1/job";
import { growingBounds, histogram } from "#base/measures";
import type { Wire } from "#machinery/schema";
import { hasReason } from "#machinery/status";
import { formatTime } from "#machinery/time";
import { controller, type Pass } from "#reconciler/controller";
import { referenceTo } from "#reconciler/events";
import { BY_CONTROLLER, controllerReference } from "#reconciler/owner";
import { dueOf, endOf, forgettable } from "./plan.ts";

/** Of starts that a clock or a suspension has delayed by hours, the last bucket says enough. */
const SKEW = histogram(
  "cronjob_controller_job_creation_skew_duration_seconds",
  "How long after its time a job was made, in seconds.",
  growingBounds(1, 2, 10),
);

const SCHEDULED = "batch.kubernetes.io/cronjob-scheduled-timestamp";

export const cronJobs = controller({
  name: "cronjob",
  watches: CronJob,
  owns: [Job],

  async reconcile(cron, pass) {
    const { cache, write, clock } = pass;
    const jobs = [...cache(Job).byIndex(BY_CONTROLLER, cron.metadata.uid)];
    await write.removeAll(Job, forgettable(cron, jobs), { propagationPolicy: "Background" });
    const status = statusOf(cron, jobs, pass);
    if (cron.metadata.deletionTimestamp || cron.spec.suspend)
      return void (await write.status(CronJob, cron, status));
    const now = clock.now();
    const { atMs, tooManyMissed, nextMs } = dueOf(cron, now);
    if (tooManyMissed) {
      const advice = "Set or decrease .spec.startingDeadlineSeconds or check clock skew";
      pass.event(cron, "Warning", "TooManyMissedTimes", `too many missed start times. ${advice}`);
    }
    const started = atMs === undefined ? status : await startDue(cron, atMs, jobs, status, pass);
    await write.status(CronJob, cron, started);
    return nextMs === undefined ? {} : { afterMs: nextMs - now };
  },
});

/** Jobs that run, and the newest success; tells of those that have ended since the last look. */
function statusOf(cron: CronJob, jobs: readonly Job[], { event }: Pass): CronJobStatus {
  const before = new Set((cron.status.active ?? []).map(({ uid }) => uid));
  for (const job of jobs) {
    const end = endOf(job);
    if (end && before.has(job.metadata.uid)) {
      event(cron, "Normal", "SawCompletedJob", `Saw completed job: ${job.metadata.name}, condition: ${end}`);
    }
  }
  const ends = jobs
    .filter((job) => endOf(job) === "Complete")
    .flatMap(({ status }) => status.completionTime ?? []);
  const lastSuccessfulTime = [...ends, cron.status.lastSuccessfulTime ?? ""].toSorted().at(-1);
  const { active: _past, ...kept } = cron.status;
  return {
    ...kept,
    ...withActive(jobs.filter((job) => !endOf(job))),
    ...(lastSuccessfulTime ? { lastSuccessfulTime } : {}),
  };
}

function withActive(running: readonly Job[]): Pick<CronJobStatus, "active"> {
  return running.length > 0
    ? { active: running.map((job) => ({ ...referenceTo(job), apiVersion: Job.apiVersion, kind: Job.kind })) }
    : {};
}

async function startDue(
  cron: CronJob,
  atMs: number,
  jobs: readonly Job[],
  status: CronJobStatus,
  pass: Pass,
): Promise<CronJobStatus> {
  const running = jobs.filter((job) => !endOf(job));
  if (running.length > 0 && cron.spec.concurrencyPolicy === "Forbid") {
    pass.event(
      cron,
      "Normal",
      "JobAlreadyActive",
      "Not starting job because prior execution is running and concurrency policy is Forbid",
    );
    return status;
  }
  const replaced = cron.spec.concurrencyPolicy === "Replace" ? running : [];
  await pass.write.removeAll(Job, replaced, { propagationPolicy: "Background" });
  const made = await start(cron, atMs, pass);
  const now = [...running.filter((job) => !replaced.includes(job)), ...(made ? [made] : [])];
  return { ...status, ...withActive(now), lastScheduleTime: formatTime(atMs) };
}

/** The name holds the minute: the same start is never made twice. */
async function start(cron: CronJob, atMs: number, pass: Pass): Promise<Job | undefined> {
  const { write, event, clock, measures } = pass;
  const { name, namespace = "" } = cron.metadata;
  const { metadata, spec } = cron.spec.jobTemplate;
  const job: Wire<Job> = {
    metadata: {
      name: `${name}-${Math.floor(atMs / 60_000)}`,
      namespace,
      ...(metadata.labels ? { labels: metadata.labels } : {}),
      annotations: { ...metadata.annotations, [SCHEDULED]: formatTime(atMs) },
      ownerReferences: [controllerReference(CronJob, cron)],
    },
    spec,
  };
  try {
    const made = await write.create(Job, job);
    measures.meter(SKEW).add((clock.now() - atMs) / 1000);
    event(cron, "Normal", "SuccessfulCreate", `Created job ${made.metadata.name}`);
    return made;
  } catch (error) {
    if (hasReason(error, "AlreadyExists")) return undefined;
    event(cron, "Warning", "FailedCreate", `Error creating job: ${(error as Error).message}`);
    throw error;
  }
}
