import type { CronJob } from "#api/batch-v1/cronjob";
import type { Job } from "#api/batch-v1/job";
import { parseTime } from "#machinery/time";
import { parseSchedule, type Schedule } from "./schedule.ts";

/** More missed starts than this are not made up for: a clock that jumped is likelier. */
const MISSED_MAX = 100;

export interface Due {
  /** The newest time that has come and was not started yet. */
  readonly atMs: number | undefined;
  readonly tooManyMissed: boolean;
  readonly nextMs: number | undefined;
}

/** Which start is due, and when the next one is. */
export function dueOf({ spec, status, metadata }: CronJob, nowMs: number): Due {
  const schedule = parseSchedule(spec.schedule, spec.timeZone);
  const last = status.lastScheduleTime ?? metadata.creationTimestamp;
  let fromMs = parseTime(last);
  if (spec.startingDeadlineSeconds !== undefined) {
    fromMs = Math.max(fromMs, nowMs - spec.startingDeadlineSeconds * 1000);
  }
  const { atMs, missed } = newestDue(schedule, fromMs, nowMs);
  return { atMs, tooManyMissed: missed > MISSED_MAX, nextMs: schedule.nextAfter(nowMs) };
}

function newestDue(schedule: Schedule, fromMs: number, nowMs: number) {
  let atMs: number | undefined;
  let missed = 0;
  let next = schedule.nextAfter(fromMs);
  while (next !== undefined && next <= nowMs) {
    atMs = next;
    // So many at equal distances: the newest can be reckoned from the distance.
    if (++missed > MISSED_MAX) {
      const after = schedule.nextAfter(nowMs - (schedule.nextAfter(next)! - next) * 2);
      next = after === undefined || after <= atMs ? schedule.nextAfter(next) : after;
    } else next = schedule.nextAfter(next);
  }
  return { atMs, missed };
}

export const endOf = ({ status }: Job): "Complete" | "Failed" | undefined => {
  const final = status.conditions?.find(
    (condition) =>
      condition.status === "True" && (condition.type === "Complete" || condition.type === "Failed"),
  );
  return final?.type as "Complete" | "Failed" | undefined;
};

/** Finished jobs beyond those that are kept, oldest first. */
export function forgettable({ spec }: CronJob, jobs: readonly Job[]): readonly Job[] {
  const oldest = (end: "Complete" | "Failed", keep: number): readonly Job[] => {
    const ended = jobs
      .filter((job) => endOf(job) === end)
      .toSorted((a, b) => (startOf(a) < startOf(b) ? -1 : 1));
    return ended.slice(0, Math.max(0, ended.length - keep));
  };
  return [
    ...oldest("Complete", spec.successfulJobsHistoryLimit),
    ...oldest("Failed", spec.failedJobsHistoryLimit),
  ];
}

const startOf = ({ status, metadata }: Job): string => status.startTime ?? metadata.creationTimestamp;
