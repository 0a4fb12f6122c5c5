import type { ObjectMeta } from "#api/meta-v1/objectmeta";
import { problemsOfName } from "#machinery/names";
import { at, item } from "#machinery/schema";
import { annotationWarnings, appArmorWarnings } from "./annotation-warnings.ts";
import { addressWarnings } from "./address-warnings.ts";
import type { PodAffinity } from "./affinity.ts";
import { fractionWarnings } from "./claim-warnings.ts";
import type { Container } from "./container.ts";
import { nodeSelectorWarnings, nodeTermWarnings, outdatedNodeLabel } from "./node-label-warnings.ts";
import { containersOf } from "./pod-containers.ts";
import type { PodSpec } from "./podspec.ts";
import type { PodTemplateSpec } from "./podtemplatespec.ts";
import { portWarnings } from "./port-warnings.ts";
import { tokenPathWarnings, volumeWarnings } from "./volume-warnings.ts";

type Warnings = Iterable<string>;

interface PodLike {
  readonly metadata: Pick<ObjectMeta, "annotations">;
  readonly spec: PodSpec;
}

/** What works, yet is probably not what was meant. `path` leads to the pod or template, empty for a pod itself. */
export function* podWarnings({ metadata, spec }: PodLike, path: string): Warnings {
  const where = at(path, "spec");
  yield* placementWarnings(spec, where);
  yield* annotationWarnings(metadata.annotations, spec, at(path, "metadata.annotations"));
  for (const [index, volume] of (spec.volumes ?? []).entries())
    yield* volumeWarnings(volume, item(at(where, "volumes"), index));
  yield* tokenPathWarnings(spec.volumes ?? [], at(where, "volumes"));
  yield* nameWarnings(spec, where);
  yield* fractionWarnings(spec.overhead, BYTES, at(where, "overhead"));
  for (const [container, there] of containersOf(spec, where)) yield* containerWarnings(container, there);
  yield* portWarnings(spec, where);
  if (spec.terminationGracePeriodSeconds < 0)
    yield `${at(where, "terminationGracePeriodSeconds")}: must be >= 0; negative values are invalid and will be treated as 1`;
  yield* neighbourWarnings(spec.affinity?.podAffinity, at(where, "affinity.podAffinity"));
  yield* neighbourWarnings(spec.affinity?.podAntiAffinity, at(where, "affinity.podAntiAffinity"));
}

interface Counted {
  readonly metadata: Pick<ObjectMeta, "generation">;
}

/** Of a template, when it is new or the object around it has changed. */
export function* templateWarnings(
  template: PodTemplateSpec | undefined,
  path: string,
  now: Counted,
  old: Counted | undefined,
): Warnings {
  if (!template || (old && now.metadata.generation === old.metadata.generation)) return;
  yield* podWarnings(template, path);
  yield* appArmorWarnings(template, path, false);
}

/** Names of pods follow from this one, and those are host names, too. */
export const podNameWarnings = ({ name }: ObjectMeta, old: object | undefined): Warnings =>
  hostNameWarnings(name, old, "Pod names and hostnames");

/** `use` is what the name is used in. */
export function* hostNameWarnings(name: string, old: object | undefined, use: string): Warnings {
  if (old) return;
  const problems = problemsOfName("dns-label", name);
  if (problems.length > 0)
    yield `metadata.name: this is used in ${use}, which can result in surprising behavior; a DNS label is recommended: [${problems.join(" ")}]`;
}

function* placementWarnings(spec: PodSpec, path: string): Warnings {
  yield* nodeSelectorWarnings(spec.nodeSelector, at(path, "nodeSelector"));
  const nodes = spec.affinity?.nodeAffinity;
  const required = nodes?.requiredDuringSchedulingIgnoredDuringExecution?.nodeSelectorTerms ?? [];
  const affinity = at(path, "affinity.nodeAffinity");
  for (const [index, term] of required.entries())
    yield* nodeTermWarnings(
      term,
      item(at(affinity, "requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms"), index),
    );
  for (const [index, { preference }] of (
    nodes?.preferredDuringSchedulingIgnoredDuringExecution ?? []
  ).entries())
    yield* nodeTermWarnings(
      preference,
      at(item(at(affinity, "preferredDuringSchedulingIgnoredDuringExecution"), index), "preference"),
    );
  for (const [index, { topologyKey, labelSelector }] of (spec.topologySpreadConstraints ?? []).entries()) {
    const where = item(at(path, "topologySpreadConstraints"), index);
    const text = outdatedNodeLabel(topologyKey);
    if (text) yield `${at(where, "topologyKey")}: ${topologyKey} is ${text}`;
    if (!labelSelector) yield matchesNothing(at(where, "labelSelector"));
  }
}

const matchesNothing = (path: string): string => `${path}: a null labelSelector results in matching no pod`;

function* neighbourWarnings(affinity: PodAffinity | undefined, path: string): Warnings {
  if (!affinity) return;
  const {
    requiredDuringSchedulingIgnoredDuringExecution: required = [],
    preferredDuringSchedulingIgnoredDuringExecution: preferred = [],
  } = affinity;
  for (const [index, { labelSelector }] of required.entries())
    if (!labelSelector)
      yield matchesNothing(
        at(item(at(path, "requiredDuringSchedulingIgnoredDuringExecution"), index), "labelSelector"),
      );
  for (const [index, { podAffinityTerm }] of preferred.entries())
    if (!podAffinityTerm.labelSelector)
      yield matchesNothing(
        at(
          item(at(path, "preferredDuringSchedulingIgnoredDuringExecution"), index),
          "podAffinityTerm.labelSelector",
        ),
      );
}

function* nameWarnings(spec: PodSpec, path: string): Warnings {
  const { hostAliases = [], imagePullSecrets = [], dnsConfig } = spec;
  for (const [index, server] of (dnsConfig?.nameservers ?? []).entries())
    yield* addressWarnings(server, item(at(path, "dnsConfig.nameservers"), index));
  for (const [index, { ip }] of hostAliases.entries())
    yield* addressWarnings(ip, at(item(at(path, "hostAliases"), index), "ip"));
  for (const [index, { ip }] of hostAliases.entries())
    if (hostAliases.findIndex((other) => other.ip === ip) < index)
      yield `${at(item(at(path, "hostAliases"), index), "ip")}: duplicate ip "${ip}"`;
  for (const [index, { name = "" }] of imagePullSecrets.entries()) {
    const where = at(item(at(path, "imagePullSecrets"), index), "name");
    if (imagePullSecrets.findIndex((other) => (other.name ?? "") === name) < index)
      yield `${where}: duplicate name "${name}"`;
    if (name === "") yield `${where}: invalid empty name "${name}"`;
  }
}

const BYTES = ["memory", "ephemeral-storage"];

function* containerWarnings({ resources, env }: Container, path: string): Warnings {
  yield* fractionWarnings(resources.limits, BYTES, at(path, "resources.limits"));
  yield* fractionWarnings(resources.requests, BYTES, at(path, "resources.requests"));
  if (!env || env.length < 2) return;
  const known = new Set<string>();
  for (const [index, { name, value = "", valueFrom }] of env.entries()) {
    const own = `$(${name})`;
    // Who builds on what was said before means to say it twice.
    const builds = !valueFrom && value !== own && value.includes(own);
    if (known.has(name) && !builds)
      yield `${item(at(path, "env"), index)}: hides previous definition of "${name}", which may be dropped when using apply`;
    known.add(name);
  }
}
