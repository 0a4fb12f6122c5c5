import { elapsed } from "#machinery/elapsed";
import { ageColumn, containerColumns, nameColumn, selectorText, text, wide } from "#api/columns";
import { podNameWarnings } from "#api/core-v1/pod-warnings";
import { templateDefaults } from "#api/core-v1/podspec-defaults";
import { ObjectMeta } from "#api/meta-v1/objectmeta";
import { parseTime } from "#machinery/time";
import { type Of, resource, struct, value } from "#machinery/schema";
import {
  generatedSelectorProblems,
  jobSelectorProblems,
  jobSpecProblems,
  jobSpecWarnings,
  jobStatusProblems,
  jobUpdateProblems,
  ownLabels,
} from "./job-rules.ts";
import { JobSpec, JobStatus } from "./jobspec.ts";

const BACKOFF_LIMIT = 6;
const NO_LIMIT = 2_147_483_647;

/** Defaults of jobs; the template of a CronJob keeps what it says, and its jobs get them when they are made. */
function jobSpecDefaults(sent: JobSpec): JobSpec {
  const spec: Partial<JobSpec> & Pick<JobSpec, "template"> = sent;
  const once = spec.completions === undefined && spec.parallelism === undefined;
  const unbounded = spec.backoffLimitPerIndex !== undefined;
  return {
    ...spec,
    template: templateDefaults(spec.template),
    ...(once ? { completions: 1 } : {}),
    parallelism: spec.parallelism ?? 1,
    completionMode: spec.completionMode ?? "NonIndexed",
    suspend: spec.suspend ?? false,
    manualSelector: spec.manualSelector ?? false,
    backoffLimit: spec.backoffLimit ?? (unbounded ? NO_LIMIT : BACKOFF_LIMIT),
    podReplacementPolicy:
      spec.podReplacementPolicy ?? (spec.podFailurePolicy ? "Failed" : "TerminatingOrFailed"),
  };
}

interface JobParts {
  readonly metadata: ObjectMeta;
  readonly spec: JobSpec;
  readonly status: JobStatus;
}

const UID_LABEL = "batch.kubernetes.io/controller-uid";

/** The selector that no other job can have: by the job's own uid. */
function withSelector<J extends JobParts>(job: J): J {
  const { spec, metadata } = job;
  if (spec.manualSelector) return job;
  // What somebody else has put in their place stays, and is refused.
  const labels = { ...ownLabels(metadata), ...spec.template.metadata.labels };
  const { selector } = spec;
  const matchLabels = { [UID_LABEL]: metadata.uid, ...selector?.matchLabels };
  const template = { ...spec.template, metadata: { ...spec.template.metadata, labels } };
  return { ...job, spec: { ...spec, template, selector: { ...selector, matchLabels } } };
}

/** States in the order in which they have the word. */
const WORDS = ["Complete", "Failed"] as const;
const LATE_WORDS = ["Suspended", "FailureTarget", "SuccessCriteriaMet"] as const;

function statusText({ metadata, status }: JobParts): string {
  const holds = (type: string): boolean =>
    status.conditions?.some((condition) => condition.type === type && condition.status === "True") ?? false;
  const word = WORDS.find(holds);
  if (word) return word;
  if (metadata.deletionTimestamp !== undefined) return "Terminating";
  return LATE_WORDS.find(holds) ?? "Running";
}

function completionsText({ spec, status }: JobParts): string {
  const done = status.succeeded ?? 0;
  if (spec.completions !== undefined) return `${done}/${spec.completions}`;
  return spec.parallelism > 1 ? `${done}/1 of ${spec.parallelism}` : `${done}/1`;
}

function durationText({ status }: JobParts, now: number): string {
  if (status.startTime === undefined) return "";
  const end = status.completionTime === undefined ? now : parseTime(status.completionTime);
  return elapsed(end - parseTime(status.startTime));
}

/** A job without labels has those of its pods. */
function withLabels<T extends JobParts>(job: T): T {
  if (Object.keys(job.metadata.labels ?? {}).length > 0) return job;
  return { ...job, metadata: { ...job.metadata, labels: job.spec.template.metadata.labels ?? {} } };
}

export const Job = resource({
  apiVersion: "batch/v1",
  kind: "Job",
  doc: "Runs pods until enough of them have succeeded.",
  plural: "jobs",
  categories: ["all"],
  namespaced: true,
  metadata: ObjectMeta,
  spec: JobSpec,
  status: JobStatus,

  fieldSelectors: { "status.successful": ({ status }) => String(status.succeeded ?? 0) },
  columns: [
    nameColumn,
    text("Status", statusText),
    text("Completions", completionsText),
    text("Duration", durationText),
    ageColumn,
    ...containerColumns<JobParts>(({ spec }) => spec.template.spec),
    wide("Selector", ({ spec }) => selectorText(spec.selector)),
  ],
  rules: {
    defaults: (job) => withLabels({ ...job, spec: jobSpecDefaults(job.spec) }),
    prepareForCreate: (job) => withLabels(withSelector(job)),
    *validate({ spec }) {
      yield* jobSpecProblems(spec, "spec");
      yield* jobSelectorProblems(spec);
    },
    *validateCreate({ metadata, spec }) {
      if (!spec.manualSelector) yield* generatedSelectorProblems(metadata, spec);
    },
    validateUpdate: ({ spec }, old) => jobUpdateProblems(spec, old.spec, old.status),
    validateStatusUpdate: ({ status }, old) => jobStatusProblems(status, old.status),
    *warnings(now, old) {
      yield* podNameWarnings(now.metadata, old);
      yield* jobSpecWarnings(now.spec, "spec", now, old);
    },
  },
});
export interface Job extends Of<typeof Job> {}

export const JobTemplateSpec = struct("batch.v1.JobTemplateSpec", {
  metadata: value(1, ObjectMeta).doc("Labels and annotations of the jobs."),
  spec: value(2, JobSpec).doc("What the jobs want."),
});
export interface JobTemplateSpec extends Of<typeof JobTemplateSpec> {}
