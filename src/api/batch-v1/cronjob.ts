import { ageOf } from "#machinery/elapsed";
import {
  ageColumn,
  containerColumns,
  integer,
  nameColumn,
  NONE,
  selectorText,
  text,
  wide,
} from "#api/columns";
import { templateDefaults } from "#api/core-v1/podspec-defaults";
import { isTimeZone, scheduleProblem } from "./cron-schedule.ts";
import { podNameWarnings } from "#api/core-v1/pod-warnings";
import { jobSpecProblems, jobSpecWarnings } from "./job-rules.ts";
import { JobTemplateSpec } from "#api/batch-v1/job";
import { ObjectReference } from "#api/core-v1/reference";
import { ObjectMeta } from "#api/meta-v1/objectmeta";
import {
  bool,
  int32,
  int64,
  invalid,
  list,
  notSupported,
  type Of,
  resource,
  string,
  struct,
  time,
  value,
} from "#machinery/schema";

export const CronJobSpec = struct("batch.v1.CronJobSpec", {
  schedule: string(1).required().notEmpty().doc("When, as in crontab."),
  timeZone: string(8).pointer().doc("Time zone of the schedule."),
  startingDeadlineSeconds: int64(2).pointer().min(0).doc("A run that is later than this is left out."),
  concurrencyPolicy: string(3)
    .oneOf("Allow", "Forbid", "Replace")
    .default("Allow")
    .doc("What happens while the last run is still going."),
  suspend: bool(4).pointer().default(false).doc("No further runs."),
  jobTemplate: value(5, JobTemplateSpec).required().doc("What each run is made from."),
  successfulJobsHistoryLimit: int32(6).pointer().default(3).min(0).doc("Runs that succeeded and are kept."),
  failedJobsHistoryLimit: int32(7).pointer().default(1).min(0).doc("Runs that failed and are kept."),
});
export interface CronJobSpec extends Of<typeof CronJobSpec> {}

export const CronJobStatus = struct("batch.v1.CronJobStatus", {
  active: list(1, ObjectReference).atomic().doc("Jobs that run now."),
  lastScheduleTime: time(4).pointer().doc("When a job was last due and made."),
  lastSuccessfulTime: time(5).pointer().doc("When a job last succeeded."),
});
export interface CronJobStatus extends Of<typeof CronJobStatus> {}

interface CronJobParts {
  readonly spec: CronJobSpec;
}

/** The names of its jobs have 11 more characters. */
const NAME_MAX = 52;

function* scheduleProblems({ schedule, timeZone }: CronJobSpec) {
  const path = "spec.schedule";
  if (schedule === "") return;
  if (/^(CRON_)?TZ=/.test(schedule))
    yield invalid(path, schedule, "cannot use TZ or CRON_TZ in schedule, use timeZone field instead");
  else {
    const problem = scheduleProblem(schedule);
    if (problem) yield invalid(path, schedule, problem);
  }
  if (timeZone === undefined) return;
  if (timeZone === "") yield invalid("spec.timeZone", timeZone, "timeZone must be nil or non-empty string");
  else if (timeZone.toLowerCase() === "local")
    yield invalid(
      "spec.timeZone",
      timeZone,
      "timeZone must be an explicit time zone as defined in https://www.iana.org/time-zones",
    );
  else if (!isTimeZone(timeZone)) yield invalid("spec.timeZone", timeZone, `unknown time zone ${timeZone}`);
}

export const CronJob = resource({
  apiVersion: "batch/v1",
  kind: "CronJob",
  doc: "Makes jobs by the clock.",
  plural: "cronjobs",
  shortNames: ["cj"],
  categories: ["all"],
  namespaced: true,
  metadata: ObjectMeta,
  spec: CronJobSpec,
  status: CronJobStatus,

  columns: [
    nameColumn,
    text("Schedule", ({ spec }) => spec.schedule),
    text("Timezone", ({ spec }) => spec.timeZone ?? NONE),
    { name: "Suspend", type: "boolean", cell: ({ spec }) => (spec.suspend ? "True" : "False") },
    integer("Active", ({ status }) => status.active?.length ?? 0),
    text("Last Schedule", ({ status }, now) =>
      status.lastScheduleTime ? ageOf(status.lastScheduleTime, now) : NONE,
    ),
    ageColumn,
    ...containerColumns<CronJobParts>(({ spec }) => spec.jobTemplate.spec.template.spec),
    wide("Selector", ({ spec }) => selectorText(spec.jobTemplate.spec.selector)),
  ],
  rules: {
    defaults(cron) {
      const { jobTemplate } = cron.spec;
      const template = templateDefaults(jobTemplate.spec.template);
      return {
        ...cron,
        spec: { ...cron.spec, jobTemplate: { ...jobTemplate, spec: { ...jobTemplate.spec, template } } },
      };
    },
    *validate({ spec }) {
      yield* scheduleProblems(spec);
      const path = "spec.jobTemplate.spec";
      if (spec.jobTemplate.spec.manualSelector)
        yield notSupported(`${path}.manualSelector`, true, ["nil", "false"]);
      if (spec.jobTemplate.spec.selector)
        yield invalid(
          `${path}.selector`,
          spec.jobTemplate.spec.selector,
          "`selector` will be auto-generated",
        );
      yield* jobSpecProblems(spec.jobTemplate.spec, path);
    },
    *validateCreate({ metadata }) {
      if ((metadata.name ?? "").length > NAME_MAX)
        yield invalid("metadata.name", metadata.name, `must be no more than ${NAME_MAX} characters`);
    },
    *warnings(now, old) {
      yield* podNameWarnings(now.metadata, old);
      yield* jobSpecWarnings(now.spec.jobTemplate.spec, "spec.jobTemplate.spec", now, old);
    },
  },
});
export interface CronJob extends Of<typeof CronJob> {}
