import { sameValue, unchanged } from "#api/checks";
import { templateWarnings } from "#api/core-v1/pod-warnings";
import type { PodTemplateSpec } from "#api/core-v1/podtemplatespec";
import { selectsOrIsInvalid } from "#machinery/label-selector";
import { at, type FieldProblem, invalid, item, notSupported, required } from "#machinery/schema";
import type { JobSpec, JobStatus, PodFailurePolicyRule } from "./jobspec.ts";

type Problems = Iterable<FieldProblem>;

const PARALLELISM_MAX = 100_000;

/** What is wrong with a job's spec, alone or in a CronJob. */
export function* jobSpecProblems(spec: JobSpec, path: string): Problems {
  yield* indexProblems(spec, path);
  yield* restartProblems(spec, path);
  const { podFailurePolicy, successPolicy } = spec;
  for (const [index, rule] of (podFailurePolicy?.rules ?? []).entries())
    yield* failureRuleProblems(rule, spec, item(at(path, "podFailurePolicy.rules"), index));
  if (successPolicy && successPolicy.rules.length === 0)
    yield required(
      at(path, "successPolicy.rules"),
      "at least one rules must be specified when the successPolicy is specified",
    );
  if (podFailurePolicy && spec.podReplacementPolicy !== undefined && spec.podReplacementPolicy !== "Failed")
    yield notSupported(at(path, "podReplacementPolicy"), spec.podReplacementPolicy, ["Failed"]);
}

function* indexProblems(spec: JobSpec, path: string): Problems {
  const indexed = "requires indexed completion mode";
  if (spec.maxFailedIndexes !== undefined && spec.backoffLimitPerIndex === undefined)
    yield required(at(path, "backoffLimitPerIndex"), "when maxFailedIndexes is specified");
  if (spec.completionMode === "Indexed") {
    if (spec.completions === undefined)
      yield required(at(path, "completions"), "when completion mode is Indexed");
    if (spec.parallelism > PARALLELISM_MAX)
      yield invalid(
        at(path, "parallelism"),
        spec.parallelism,
        `must be less than or equal to ${PARALLELISM_MAX} when completion mode is Indexed`,
      );
    return;
  }
  if (spec.backoffLimitPerIndex !== undefined)
    yield invalid(at(path, "backoffLimitPerIndex"), spec.backoffLimitPerIndex, indexed);
  if (spec.maxFailedIndexes !== undefined)
    yield invalid(at(path, "maxFailedIndexes"), spec.maxFailedIndexes, indexed);
  if (spec.successPolicy) yield invalid(at(path, "successPolicy"), spec.successPolicy, indexed);
}

function* restartProblems({ template, podFailurePolicy }: JobSpec, path: string): Problems {
  const where = at(path, "template.spec.restartPolicy");
  const { restartPolicy } = template.spec;
  if (restartPolicy === "Always") yield required(where, 'valid values: "OnFailure", "Never"');
  else if (podFailurePolicy && restartPolicy !== "Never")
    yield invalid(where, restartPolicy, 'only "Never" is supported when podFailurePolicy is specified');
}

function* failureRuleProblems(rule: PodFailurePolicyRule, spec: JobSpec, path: string): Problems {
  const { action, onExitCodes, onPodConditions = [] } = rule;
  if (action === "FailIndex" && spec.backoffLimitPerIndex === undefined)
    yield invalid(at(path, "action"), action, "requires the backoffLimitPerIndex to be set");
  if (onExitCodes && onPodConditions.length > 0)
    yield invalid(path, rule, "specifying both OnExitCodes and OnPodConditions is not supported");
  if (!onExitCodes && onPodConditions.length === 0)
    yield invalid(path, rule, "specifying one of OnExitCodes and OnPodConditions is required");
  if (!onExitCodes) return;
  const where = at(path, "onExitCodes");
  const { spec: pod } = spec.template;
  const names = [...pod.containers, ...(pod.initContainers ?? [])].map(({ name }) => name);
  if (onExitCodes.containerName !== undefined && !names.includes(onExitCodes.containerName))
    yield invalid(
      at(where, "containerName"),
      onExitCodes.containerName,
      "must be one of the container or initContainer names in the pod template",
    );
  if (onExitCodes.values.length === 0)
    yield invalid(at(where, "values"), [], "at least one value is required");
  for (const [index, code] of onExitCodes.values.entries())
    if (code === 0 && onExitCodes.operator === "In")
      yield invalid(item(at(where, "values"), index), code, "must not be 0 for the In operator");
  if (onExitCodes.values.some((code, index, all) => index > 0 && code <= all[index - 1]!))
    yield invalid(at(where, "values"), onExitCodes.values, "must be ordered");
}

/** The selector, given by hand or made by the server. */
export function* jobSelectorProblems({ selector, template }: JobSpec): Problems {
  if (!selector) yield required("spec.selector");
  else if (!selectsOrIsInvalid(selector, template.metadata.labels))
    yield invalid(
      "spec.template.metadata.labels",
      template.metadata.labels ?? {},
      "`selector` does not match template `labels`",
    );
}

const TRACKED_COMPLETIONS_MAX = 100_000;
const TRACKED_PARALLELISM_MAX = 10_000;

/** `path` leads to the spec; `now` and `old` are the objects around it. */
export function* jobSpecWarnings(
  spec: JobSpec,
  path: string,
  now: Generation,
  old: Generation | undefined,
): Iterable<string> {
  if (old && now.metadata.generation === old.metadata.generation) return;
  const { completionMode, completions = 0, parallelism = 1 } = spec;
  const isLarge = completions > TRACKED_COMPLETIONS_MAX && parallelism > TRACKED_PARALLELISM_MAX;
  if (completionMode === "Indexed" && isLarge)
    yield "In Indexed Jobs with a number of completions higher than 10^5 and a parallelism higher than 10^4, Kubernetes might not be able to track completedIndexes when a big number of indexes fail";
  yield* templateWarnings(spec.template, at(path, "template"), now, old);
}

type Generation = Parameters<typeof templateWarnings>[2];

const FIXED = [
  "selector",
  "completionMode",
  "podFailurePolicy",
  "backoffLimitPerIndex",
  "managedBy",
  "successPolicy",
] as const satisfies readonly (keyof JobSpec)[];

/** While a job is suspended and has never run, where its pods go may still change. */
export function* jobUpdateProblems(spec: JobSpec, old: JobSpec, { startTime }: JobStatus): Problems {
  for (const name of FIXED) yield* unchanged(at("spec", name), spec[name], old[name]);
  if (spec.completions !== old.completions) {
    if (old.completionMode !== "Indexed")
      yield* unchanged("spec.completions", spec.completions, old.completions);
    else if (spec.completions !== spec.parallelism)
      yield invalid(
        "spec.completions",
        spec.completions ?? null,
        `must be modified in tandem with spec.parallelism`,
      );
  }
  const mayMove = old.suspend && startTime === undefined;
  const template = mayMove ? withPlacementOf(spec.template, old.template) : spec.template;
  if (!sameValue(template, old.template)) yield invalid("spec.template", spec.template, "field is immutable");
}

function withPlacementOf(template: PodTemplateSpec, old: PodTemplateSpec): PodTemplateSpec {
  const { nodeSelector, tolerations, schedulingGates } = old.spec;
  const affinity =
    template.spec.affinity || old.spec.affinity
      ? { ...template.spec.affinity, nodeAffinity: old.spec.affinity?.nodeAffinity }
      : undefined;
  const { labels, annotations } = old.metadata;
  return {
    metadata: { ...template.metadata, labels, annotations },
    spec: { ...template.spec, nodeSelector, tolerations, schedulingGates, affinity },
  };
}

const FINAL = ["Complete", "Failed"] as const;

const holds = ({ conditions }: JobStatus, type: string): boolean =>
  conditions?.some((condition) => condition.type === type && condition.status === "True") ?? false;

export const isJobFinished = (status: JobStatus): boolean => FINAL.some((type) => holds(status, type));

/** A job ends once, in one way. */
export function* jobStatusProblems(status: JobStatus, old: JobStatus): Problems {
  if (FINAL.every((type) => holds(status, type)))
    yield invalid("status.conditions", "", "cannot set Complete=True and Failed=true conditions");
  for (const type of FINAL)
    if (holds(old, type) && !holds(status, type))
      yield invalid("status.conditions", "", `cannot disable the terminal ${type}=True condition`);
  if (status.completionTime !== undefined && !holds(status, "Complete"))
    yield invalid(
      "status.completionTime",
      status.completionTime,
      "cannot set completionTime when there is no Complete=True condition",
    );
  if (holds(status, "Complete") && status.completionTime === undefined)
    yield required("status.completionTime", "completionTime is required for Complete jobs");
  if (isJobFinished(status) && (status.active ?? 0) > 0)
    yield invalid("status.active", status.active, "active>0 is invalid for finished job");
}
