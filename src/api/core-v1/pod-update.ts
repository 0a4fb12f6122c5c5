import { distinct, ipAddress, namedIfSet, onePerFamily, own, sameValue, unchanged } from "#api/checks";
import { at, entry, type FieldProblem, forbidden, invalid, item } from "#machinery/schema";
import type { NodeSelector } from "./affinity.ts";
import type { Container } from "./container.ts";
import type { ContainerStatus } from "./containerstatus.ts";
import type { PodSpec } from "./podspec.ts";
import { MIRROR_ANNOTATION, type PodParts } from "./podstate.ts";
import type { Toleration } from "./taint.ts";

const MAY_CHANGE =
  "pod updates may not change fields other than `spec.containers[*].image`,`spec.initContainers[*].image`,`spec.activeDeadlineSeconds`,`spec.tolerations` (only additions to existing tolerations),`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)";

/** A pod is made once: little of its spec may change afterwards. */
export function* podUpdateProblems(pod: PodParts, old: PodParts): Iterable<FieldProblem> {
  const mirror = (of: PodParts): string | undefined => of.metadata.annotations?.[MIRROR_ANNOTATION];
  if (mirror(pod) !== mirror(old))
    yield forbidden(
      entry("metadata.annotations", MIRROR_ANNOTATION),
      "may not remove or update mirror pod annotation",
    );
  if (pod.spec !== old.spec) yield* specUpdateProblems(pod.spec, old.spec);
}

function* specUpdateProblems(spec: PodSpec, old: PodSpec): Iterable<FieldProblem> {
  for (const sort of ["containers", "initContainers"] as const) {
    if ((spec[sort] ?? []).length === (old[sort] ?? []).length) continue;
    yield forbidden(at("spec", sort), "pod updates may not add or remove containers");
    return;
  }
  yield* deadlineProblems(spec.activeDeadlineSeconds, old.activeDeadlineSeconds);
  const before = new Set((old.schedulingGates ?? []).map(({ name }) => name));
  for (const { name } of spec.schedulingGates ?? [])
    if (!before.has(name))
      yield forbidden(
        "spec.schedulingGates",
        `only deletion is allowed, but found new scheduling gate '${name}'`,
      );
  if (!onlyAdded(spec.tolerations ?? [], old.tolerations ?? []))
    yield forbidden(
      "spec.tolerations",
      "existing toleration can not be modified except its tolerationSeconds",
    );
  const gated = before.size > 0;
  if (gated) yield* narrowingProblems(spec, old);
  const rest = withChangeable(spec, old, gated);
  if (!sameValue(rest, old)) yield forbidden("spec", `${MAY_CHANGE}\n${differences(rest, old)}`);
}

const SECONDS_MAX = 2_147_483_647;

function* deadlineProblems(now: number | undefined, before: number | undefined): Iterable<FieldProblem> {
  const path = "spec.activeDeadlineSeconds";
  if (now === undefined) {
    if (before !== undefined)
      yield invalid(path, null, "must not update from a positive integer to nil value");
    return;
  }
  if (now < 0 || now > SECONDS_MAX)
    yield invalid(path, now, `must be between 0 and ${SECONDS_MAX}, inclusive`);
  if (before !== undefined && now > before)
    yield invalid(path, now, "must be less than or equal to previous value");
}

/** Every old toleration is still there, if only with another length of patience. */
const onlyAdded = (now: readonly Toleration[], before: readonly Toleration[]): boolean =>
  before.every((old) =>
    now.some((one) => sameValue({ ...one, tolerationSeconds: 0 }, { ...old, tolerationSeconds: 0 })),
  );

/** While gates hold a pod back, the set of nodes it could run on may shrink. */
function* narrowingProblems(spec: PodSpec, old: PodSpec): Iterable<FieldProblem> {
  const selector = spec.nodeSelector ?? {};
  for (const [key, value] of Object.entries(old.nodeSelector ?? {}))
    if (own(selector, key) !== value) {
      yield invalid("spec.nodeSelector", selector, "only additions are allowed (no mutations or deletions)");
      break;
    }
  const path = "spec.affinity.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms";
  const before = required(old);
  if (!before) return;
  const now = required(spec);
  if (!now || now.nodeSelectorTerms.length !== before.nodeSelectorTerms.length) {
    yield invalid(
      path,
      now?.nodeSelectorTerms ?? null,
      "no additions/deletions to non-empty NodeSelectorTerms list are allowed",
    );
    return;
  }
  for (const [index, term] of before.nodeSelectorTerms.entries()) {
    const next = now.nodeSelectorTerms[index]!;
    for (const part of ["matchExpressions", "matchFields"] as const) {
      const kept = (next[part] ?? []).slice(0, (term[part] ?? []).length);
      if (!sameValue(kept, term[part] ?? []))
        yield invalid(item(path, index), next, "only additions are allowed (no mutations or deletions)");
    }
  }
}

const required = ({ affinity }: PodSpec): NodeSelector | undefined =>
  affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution;

/** The new spec with all that may change put back as it was. */
function withChangeable(spec: PodSpec, old: PodSpec, gated: boolean): PodSpec {
  const images = (containers: readonly Container[] | undefined, before: readonly Container[] | undefined) =>
    containers?.map((container, index) => ({ ...container, image: before?.[index]?.image }));
  const grace =
    old.terminationGracePeriodSeconds < 0 && spec.terminationGracePeriodSeconds === 1
      ? old.terminationGracePeriodSeconds
      : spec.terminationGracePeriodSeconds;
  const kept: PodSpec = {
    ...spec,
    containers: images(spec.containers, old.containers) ?? [],
    ...(spec.initContainers ? { initContainers: images(spec.initContainers, old.initContainers) } : {}),
    activeDeadlineSeconds: old.activeDeadlineSeconds,
    terminationGracePeriodSeconds: grace,
    tolerations: old.tolerations,
    schedulingGates: old.schedulingGates,
  };
  if (!gated) return kept;
  const affinity = {
    ...kept.affinity,
    nodeAffinity: old.affinity?.nodeAffinity,
  };
  return {
    ...kept,
    nodeSelector: old.nodeSelector,
    affinity:
      old.affinity === undefined && !affinity.podAffinity && !affinity.podAntiAffinity ? undefined : affinity,
  };
}

/** The members that differ, one a line. */
function differences(now: PodSpec, before: PodSpec): string {
  const names = new Set([...Object.keys(now), ...Object.keys(before)]) as Set<keyof PodSpec>;
  return [...names]
    .filter((name) => !sameValue(now[name], before[name]))
    .map(
      (name) => `  ${name}: ${JSON.stringify(before[name] ?? null)} -> ${JSON.stringify(now[name] ?? null)}`,
    )
    .join("\n");
}

/** Addresses of the pod and of its node, at most one of each family. */
function* addressProblems({ podIPs, hostIP, hostIPs }: PodParts["status"]): Iterable<FieldProblem> {
  if (hostIPs?.[0] && hostIPs[0].ip !== (hostIP ?? ""))
    yield invalid("status.hostIPs[0].ip", hostIPs[0].ip, "must be equal to `hostIP`");
  for (const [name, addresses] of Object.entries({ podIPs, hostIPs })) {
    if (!addresses) continue;
    const ips = addresses.map(({ ip }) => ip);
    const path = at("status", name);
    for (const [index, ip] of ips.entries()) yield* ipAddress(item(path, index), ip);
    yield* distinct(path, ips, (ip) => ip);
    yield* onePerFamily(path, ips, "may specify no more than one IP for each IP family");
  }
}

/** What the kubelet and others may not say about a pod. */
export function* podStatusUpdateProblems(pod: PodParts, old: PodParts): Iterable<FieldProblem> {
  if ((pod.spec.nodeName ?? "") !== (old.spec.nodeName ?? ""))
    yield forbidden("status.nodeName", "may not be changed directly");
  yield* addressProblems(pod.status);
  yield* namedIfSet("status.nominatedNodeName", pod.status.nominatedNodeName, "dns-subdomain");
  const claims = new Set((pod.spec.resourceClaims ?? []).map(({ name }) => name));
  for (const [index, { name }] of (pod.status.resourceClaimStatuses ?? []).entries())
    if (!claims.has(name))
      yield invalid(
        at(item("status.resourceClaimStatuses", index), "name"),
        name,
        "must match the name of an entry in `spec.resourceClaims`",
      );
  if (old.status.qosClass !== undefined)
    yield* unchanged("status.qosClass", pod.status.qosClass, old.status.qosClass);
  if (old.spec.restartPolicy === "Always") return;
  yield* revivalProblems(
    pod.status.containerStatuses,
    old.status.containerStatuses,
    old,
    "status.containerStatuses",
  );
}

/** A container that has ended for good stays ended. */
function* revivalProblems(
  now: readonly ContainerStatus[] | undefined,
  before: readonly ContainerStatus[] | undefined,
  { spec }: PodParts,
  path: string,
): Iterable<FieldProblem> {
  const ended = (before ?? []).filter(
    ({ name, state }) =>
      state.terminated &&
      !(state.terminated.exitCode !== 0 && spec.restartPolicy === "OnFailure") &&
      spec.containers.find((container) => container.name === name)?.restartPolicy === undefined,
  );
  for (const { name } of ended) {
    const index = (now ?? []).findIndex((status) => status.name === name);
    if (index >= 0 && !now![index]!.state.terminated)
      yield forbidden(at(item(path, index), "state"), "may not be transitioned to non-terminated state");
  }
}
