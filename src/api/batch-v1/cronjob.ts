import { JobTemplateSpec } from "#api/batch-v1/job";
import { ObjectReference } from "#api/core-v1/reference";
import { ObjectMeta } from "#api/meta-v1/objectmeta";
import { bool, int32, int64, list, type Of, resource, string, struct, time, value } from "#machinery/schema";

export const CronJobSpec = struct("batch.v1.CronJobSpec", {
  schedule: string(1).required(),
  timeZone: string(8).pointer(),
  startingDeadlineSeconds: int64(2).pointer(),
  concurrencyPolicy: string(3).oneOf("Allow", "Forbid", "Replace").default("Allow"),
  suspend: bool(4).pointer().default(false),
  jobTemplate: value(5, JobTemplateSpec).required(),
  successfulJobsHistoryLimit: int32(6).pointer().default(3),
  failedJobsHistoryLimit: int32(7).pointer().default(1),
});
export interface CronJobSpec extends Of<typeof CronJobSpec> {}

export const CronJobStatus = struct("batch.v1.CronJobStatus", {
  active: list(1, ObjectReference).atomic(),
  lastScheduleTime: time(4).pointer(),
  lastSuccessfulTime: time(5).pointer(),
});
export interface CronJobStatus extends Of<typeof CronJobStatus> {}

export const CronJob = resource({
  apiVersion: "batch/v1",
  kind: "CronJob",
  plural: "cronjobs",
  shortNames: ["cj"],
  categories: ["all"],
  namespaced: true,
  metadata: ObjectMeta,
  spec: CronJobSpec,
  status: CronJobStatus,
});
export interface CronJob extends Of<typeof CronJob> {}
