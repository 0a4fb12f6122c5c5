import { distinct, named, notNegative, own, sameValue, unchanged } from "#api/checks";
import { templateWarnings } from "#api/core-v1/pod-warnings";
import type { ObjectMeta } from "#api/meta-v1/objectmeta";
import type { PodTemplateSpec } from "#api/core-v1/podtemplatespec";
import { selectsOrIsInvalid } from "#machinery/label-selector";
import { at, entry, type FieldProblem, invalid, item, notSupported, required } from "#machinery/schema";
import type { JobSpec, JobStatus, PodFailurePolicyRule, SuccessPolicy } from "./jobspec.ts";

type Problems = Iterable<FieldProblem>;

const PARALLELISM_MAX = 100_000;

/** What is wrong with a job's spec, alone or in a CronJob. */
export function* jobSpecProblems(spec: JobSpec, path: string): Problems {
  yield* indexProblems(spec, path);
  yield* restartProblems(spec, path);
  const { podFailurePolicy, successPolicy } = spec;
  for (const [index, rule] of (podFailurePolicy?.rules ?? []).entries())
    yield* failureRuleProblems(rule, spec, item(at(path, "podFailurePolicy.rules"), index));
  if (spec.managedBy !== undefined && !DOMAIN_PATH.test(spec.managedBy))
    yield invalid(
      at(path, "managedBy"),
      spec.managedBy,
      'must be a domain-prefixed path (such as "acme.io/foo")',
    );
  if (successPolicy) yield* successProblems(successPolicy, spec, at(path, "successPolicy.rules"));
  if (podFailurePolicy && spec.podReplacementPolicy !== undefined && spec.podReplacementPolicy !== "Failed")
    yield notSupported(at(path, "podReplacementPolicy"), spec.podReplacementPolicy, ["Failed"]);
}

/** A domain, a slash, and at least one more character. */
const DOMAIN_PATH = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*\/[-._~A-Za-z0-9%/]+$/;

const COMPLETIONS_SOFT_MAX = 100_000;
const WITH_MANY_COMPLETIONS_MAX = 10_000;

/** Jobs of very many indexes keep what each of them has done, and that must fit into their status. */
function* manyIndexesProblems(spec: JobSpec, path: string): Problems {
  const { completions, parallelism, maxFailedIndexes, backoffLimitPerIndex } = spec;
  if (completions === undefined) return;
  if (maxFailedIndexes !== undefined && maxFailedIndexes > completions)
    yield invalid(
      at(path, "maxFailedIndexes"),
      maxFailedIndexes,
      "must be less than or equal to completions",
    );
  if (maxFailedIndexes !== undefined && maxFailedIndexes > COMPLETIONS_SOFT_MAX)
    yield invalid(
      at(path, "maxFailedIndexes"),
      maxFailedIndexes,
      `must be less than or equal to ${COMPLETIONS_SOFT_MAX}`,
    );
  if (backoffLimitPerIndex === undefined || completions <= COMPLETIONS_SOFT_MAX) return;
  if (maxFailedIndexes === undefined)
    yield required(
      at(path, "maxFailedIndexes"),
      `must be specified when completions is above ${COMPLETIONS_SOFT_MAX}`,
    );
  for (const [name, count] of Object.entries({ parallelism, maxFailedIndexes }))
    if (count !== undefined && count > WITH_MANY_COMPLETIONS_MAX)
      yield invalid(
        at(path, name),
        count,
        `must be less than or equal to ${WITH_MANY_COMPLETIONS_MAX} when completions are above ${COMPLETIONS_SOFT_MAX} and used with backoff limit per index`,
      );
}

function* successProblems({ rules }: SuccessPolicy, { completions = 0 }: JobSpec, path: string): Problems {
  if (rules.length === 0)
    yield required(path, "at least one rules must be specified when the successPolicy is specified");
  for (const [index, { succeededCount: count, succeededIndexes: indexes }] of rules.entries()) {
    const where = item(path, index);
    if (count === undefined && indexes === undefined)
      yield required(where, "at least one of succeededCount or succeededIndexes must be specified");
    const total = indexes === undefined ? undefined : countedIndexes(indexes, completions);
    if (typeof total === "string")
      yield invalid(at(where, "succeededIndexes"), indexes, `error parsing succeededIndexes: ${total}`);
    if (count === undefined) continue;
    yield* notNegative(at(where, "succeededCount"), count);
    if (count > completions)
      yield invalid(
        at(where, "succeededCount"),
        count,
        `must be less than or equal to ${completions} (the number of specified completions)`,
      );
    else if (typeof total === "number" && count > total)
      yield invalid(
        at(where, "succeededCount"),
        count,
        `must be less than or equal to ${total} (the number of indexes in the specified succeededIndexes field)`,
      );
  }
}

/** How many indexes `1,3-5` are; what is wrong with them otherwise. */
function countedIndexes(text: string, completions: number): number | string {
  let [total, last] = [0, -1];
  if (text === "") return total;
  for (const interval of text.split(",")) {
    const limits = interval.split("-");
    if (limits.length > 2)
      return `the fragment "${interval}" violates the requirement that an index interval can have at most two parts separated by '-'`;
    for (const limit of limits) {
      if (!/^[0-9]+$/.test(limit)) return `cannot convert string to integer for index: "${limit}"`;
      const index = Number(limit);
      if (index >= completions) return `too large index: "${limit}"`;
      if (index <= last) return `non-increasing order, previous: ${last}, current: ${index}`;
      last = index;
    }
    total += limits.length === 1 ? 1 : last - Number(limits[0]) + 1;
  }
  return total;
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
    yield* manyIndexesProblems(spec, path);
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
  for (const [index, { type, status }] of onPodConditions.entries()) {
    const there = item(at(path, "onPodConditions"), index);
    yield* named(at(there, "type"), type, "qualified-name");
    if (!["True", "False", "Unknown"].includes(status))
      yield notSupported(at(there, "status"), status, ["False", "True", "Unknown"]);
  }
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
  yield* distinct(at(where, "values"), onExitCodes.values, (code) => code);
  if (onExitCodes.values.some((code, index, all) => index > 0 && code < all[index - 1]!))
    yield invalid(at(where, "values"), onExitCodes.values, "must be ordered");
}

const UID_LABELS = ["batch.kubernetes.io/controller-uid", "controller-uid"] as const;
const NAME_LABELS = ["batch.kubernetes.io/job-name", "job-name"] as const;

/** What every pod of a job is labelled with that makes its own selector. */
export const ownLabels = ({
  uid,
  name,
}: Pick<ObjectMeta, "uid" | "name">): Readonly<Record<string, string>> => ({
  ...Object.fromEntries(UID_LABELS.map((label) => [label, uid])),
  ...Object.fromEntries(NAME_LABELS.map((label) => [label, name])),
});

/** Of a job that makes its own selector and is new: nobody else chooses what is in there. */
export function* generatedSelectorProblems(metadata: ObjectMeta, { selector, template }: JobSpec): Problems {
  const path = "spec.template.metadata.labels";
  const expected = ownLabels(metadata);
  const labels = template.metadata.labels ?? {};
  for (const [label, value] of Object.entries(expected))
    if (own(labels, label) === undefined) yield required(entry(path, label), `must be '${value}'`);
    else if (labels[label] !== value) yield invalid(entry(path, label), labels, `must be '${value}'`);
  if (selector && !selectsOrIsInvalid(selector, expected))
    yield invalid("spec.selector", selector, "`selector` not auto-generated");
}

/** The selector, given by hand or made by the server. */
export function* jobSelectorProblems({ selector, template }: JobSpec): Problems {
  if (!selector) yield required("spec.selector");
  else if (!selectsOrIsInvalid(selector, template.metadata.labels))
    yield invalid(
      "spec.template.metadata.labels",
      template.metadata.labels ?? null,
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
