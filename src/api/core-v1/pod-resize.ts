import { sameValue } from "#api/checks";
import { at, type FieldProblem, forbidden, invalid, item } from "#machinery/schema";
import type { Container } from "./container.ts";
import { qosClassOf } from "./podresources.ts";
import type { PodSpec } from "./podspec.ts";
import { isMirror, type PodParts } from "./podstate.ts";
import type { ResourceList, ResourceRequirements } from "./resources.ts";

const RESIZABLE = ["cpu", "memory"];

/** A running pod may get more or less cpu and memory; what kind of pod it is stays. */
export function* podResizeProblems(pod: PodParts, old: PodParts): Iterable<FieldProblem> {
  if (isMirror(old)) yield forbidden("", "static pods cannot be resized");
  if (old.spec.os?.name === "windows") yield forbidden("", "windows pods cannot be resized");
  for (const sort of ["containers", "initContainers"] as const)
    yield* containerProblems(sort, pod.spec, old.spec);
  const [now, before] = [qosClassOf(pod.spec), old.status.qosClass ?? qosClassOf(old.spec)];
  if (now !== before) yield invalid("spec", now, "Pod QOS Class may not change as a result of resizing");
}

function* containerProblems(
  sort: "containers" | "initContainers",
  spec: PodSpec,
  old: PodSpec,
): Iterable<FieldProblem> {
  for (const [index, before] of (old[sort] ?? []).entries()) {
    const now: Container | undefined = spec[sort]?.[index];
    if (!now || sameValue(now.resources, before.resources)) continue;
    const path = at(item(at("spec", sort), index), "resources");
    if (sort === "initContainers" && before.restartPolicy !== "Always")
      yield forbidden(path, "only restartable init containers can be resized");
    yield* changeProblems(now.resources, before.resources, path);
  }
}

function* changeProblems(now: ResourceRequirements, before: ResourceRequirements, path: string) {
  for (const part of ["limits", "requests"] as const) {
    for (const name of Object.keys(before[part] ?? {}))
      if (!Object.hasOwn(now[part] ?? {}, name))
        yield forbidden(at(path, part), `resource ${part} cannot be removed`);
    if (!sameValue(rest(now[part]), rest(before[part])))
      yield forbidden("spec", "only cpu and memory resources are mutable");
  }
}

const rest = (list: ResourceList = {}): ResourceList =>
  Object.fromEntries(Object.entries(list).filter(([name]) => !RESIZABLE.includes(name)));
