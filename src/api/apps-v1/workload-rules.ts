import type { PodTemplateSpec } from "#api/core-v1/podtemplatespec";
import { type LabelSelector, selectsAll } from "#api/meta-v1/labelselector";
import { selectsOrIsInvalid } from "#machinery/label-selector";
import { type FieldProblem, forbidden, invalid, notSupported, required } from "#machinery/schema";

interface Workload {
  readonly selector: LabelSelector;
  readonly template: PodTemplateSpec;
}

/** The selector of a workload: there, not empty, and true of its own template. */
export function* selectorProblems({ selector, template }: Workload, kind: string): Iterable<FieldProblem> {
  const path = "spec.selector";
  if (!selector) yield required(path);
  if (selector && selectsAll(selector))
    yield invalid(path, selector, `empty selector is invalid for ${kind}`);
  else if (!selectsOrIsInvalid(selector, template.metadata.labels))
    yield invalid(
      "spec.template.metadata.labels",
      template.metadata.labels ?? null,
      "`selector` does not match template `labels`",
    );
}

/** Pods that are replaced when they end must be allowed to run for ever. */
export function* endlessProblems(spec: PodTemplateSpec["spec"], kind: string): Iterable<FieldProblem> {
  if (spec.restartPolicy !== "Always")
    yield notSupported("spec.template.spec.restartPolicy", spec.restartPolicy, ["Always"]);
  if (spec.activeDeadlineSeconds !== undefined)
    yield forbidden(
      "spec.template.spec.activeDeadlineSeconds",
      `activeDeadlineSeconds in ${kind} is not Supported`,
    );
}

type Counts = Readonly<Record<string, number | undefined>>;

/** Parts of the replicas cannot be more than there are. */
export function* statusProblems(counts: Counts, total: number, ready: number): Iterable<FieldProblem> {
  for (const [name, count] of Object.entries(counts))
    if ((count ?? 0) > total)
      yield invalid(`status.${name}`, count, "cannot be greater than status.replicas");
  if ((counts.availableReplicas ?? 0) > ready)
    yield invalid(
      "status.availableReplicas",
      counts.availableReplicas,
      "cannot be greater than readyReplicas",
    );
}

export function* collisionProblems(
  now: number | undefined,
  before: number | undefined,
): Iterable<FieldProblem> {
  if (before === undefined) return;
  if (now === undefined) yield invalid("status.collisionCount", null, "cannot be decremented");
  else if (now < before) yield invalid("status.collisionCount", now, "cannot be decremented");
}
