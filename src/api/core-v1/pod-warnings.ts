import type { ObjectMeta } from "#api/meta-v1/objectmeta";
import { problemsOfName } from "#machinery/names";
import { at, entry, item } from "#machinery/schema";
import { addressWarnings } from "./address-warnings.ts";
import type { PodAffinity } from "./affinity.ts";
import { claimSpecWarnings, fractionWarnings } from "./claim-warnings.ts";
import type { Container, ContainerPort } from "./container.ts";
import { nodeSelectorWarnings, nodeTermWarnings, outdatedNodeLabel } from "./node-label-warnings.ts";
import { APPARMOR_ANNOTATION } from "./pod-apparmor.ts";
import type { PodSpec } from "./podspec.ts";
import type { PodTemplateSpec } from "./podtemplatespec.ts";
import type { Volume } from "./volume.ts";

type Warnings = Iterable<string>;
type Annotations = ObjectMeta["annotations"];

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

const USE_SYSCTLS = 'non-functional in v1.11+; use the "sysctls" field instead';
const USE_SECCOMP = 'non-functional in v1.27+; use the "seccompProfile" field instead';

const OUTDATED_ANNOTATIONS: Readonly<Record<string, string>> = {
  "scheduler.alpha.kubernetes.io/critical-pod":
    'non-functional in v1.16+; use the "priorityClassName" field instead',
  "security.alpha.kubernetes.io/sysctls": USE_SYSCTLS,
  "security.alpha.kubernetes.io/unsafe-sysctls": USE_SYSCTLS,
};

const SECCOMP_POD = "seccomp.security.alpha.kubernetes.io/pod";
const SECCOMP_CONTAINER = "container.seccomp.security.alpha.kubernetes.io/";

/** Annotations that fields have taken the place of. */
function* annotationWarnings(annotations: Annotations, spec: PodSpec, path: string): Warnings {
  if (!annotations) return;
  for (const [name, text] of Object.entries(OUTDATED_ANNOTATIONS))
    if (annotations[name] !== undefined) yield `${entry(path, name)}: ${text}`;
  if (!spec.securityContext.seccompProfile && annotations[SECCOMP_POD] !== undefined)
    yield `${entry(path, SECCOMP_POD)}: ${USE_SECCOMP}`;
  for (const [{ name, securityContext }] of containersOf(spec, path)) {
    const seccomp = SECCOMP_CONTAINER + name;
    if (!securityContext?.seccompProfile && annotations[seccomp] !== undefined)
      yield `${entry(path, seccomp)}: ${USE_SECCOMP}`;
  }
}

/** Of profiles that annotations give to containers. A new pod has them in the fields by now, a template never. */
export function* appArmorWarnings({ metadata, spec }: PodLike, path: string, isSettled: boolean): Warnings {
  const { annotations } = metadata;
  if (!annotations || spec.securityContext.appArmorProfile) return;
  for (const [{ name, securityContext }] of containersOf(spec, path)) {
    const key = APPARMOR_ANNOTATION + name;
    if (annotations[key] === undefined) continue;
    if (isSettled || !securityContext?.appArmorProfile)
      yield `${entry(at(path, "metadata.annotations"), key)}: deprecated since v1.30; use the "appArmorProfile" field instead`;
  }
}

const OUTDATED_VOLUMES = {
  photonPersistentDisk: "deprecated in v1.11, non-functional in v1.16+",
  gitRepo: "deprecated in v1.11, and disabled by default in v1.33+",
  scaleIO: "deprecated in v1.16, non-functional in v1.22+",
  flocker: "deprecated in v1.22, non-functional in v1.25+",
  storageos: "deprecated in v1.22, non-functional in v1.25+",
  quobyte: "deprecated in v1.22, non-functional in v1.25+",
  glusterfs: "deprecated in v1.25, non-functional in v1.26+",
  cephfs: "deprecated in v1.28, non-functional in v1.31+",
  rbd: "deprecated in v1.28, non-functional in v1.31+",
} as const satisfies Partial<Record<keyof Volume, string>>;

/** The sources that volumes of pods and of the cluster have in common and that no node serves any more. */
export function* outdatedVolumeWarnings(
  source: { readonly [Name in keyof typeof OUTDATED_VOLUMES]?: object },
  path: string,
): Warnings {
  for (const [name, text] of Object.entries(OUTDATED_VOLUMES) as [keyof typeof OUTDATED_VOLUMES, string][])
    if (source[name]) yield `${at(path, name === "storageos" ? "storageOS" : name)}: ${text}`;
}

function* volumeWarnings(volume: Volume, path: string): Warnings {
  yield* outdatedVolumeWarnings(volume, path);
  const template = volume.ephemeral?.volumeClaimTemplate;
  if (template) yield* claimSpecWarnings(template.spec, at(path, "ephemeral.volumeClaimTemplate.spec"));
}

/** A file that is in the way of a token. */
function* tokenPathWarnings(volumes: readonly Volume[], path: string): Warnings {
  const tokens = new Set<string>();
  for (const { projected } of volumes)
    for (const { serviceAccountToken } of projected?.sources ?? [])
      if (serviceAccountToken) tokens.add(serviceAccountToken.path);
  if (tokens.size === 0) return;
  for (const [index, { projected }] of volumes.entries()) {
    const sources = at(item(path, index), "projected.sources");
    for (const { configMap, secret, downwardAPI, clusterTrustBundle } of projected?.sources ?? []) {
      const files = {
        configMap: configMap?.items ?? [],
        secrets: secret?.items ?? [],
        downwardAPI: downwardAPI?.items ?? [],
      };
      for (const [name, items] of Object.entries(files))
        for (const [place, { path: file }] of items.entries())
          if (tokens.has(file)) yield `${item(at(sources, name), place)}: ${isToken(file)}`;
      if (clusterTrustBundle && tokens.has(clusterTrustBundle.path))
        yield `${at(sources, "ClusterTrustBundle")}: ${isToken(clusterTrustBundle.path)}`;
    }
  }
}

const isToken = (file: string): string => `has duplicated path with ServiceAccountToken "${file}"`;

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

interface Place {
  readonly path: string;
  readonly port: ContainerPort;
}

function* portWarnings(spec: PodSpec, path: string): Warnings {
  const places = new Map<string, Place[]>();
  for (const [{ ports }, there] of containersOf(spec, path)) {
    for (const [index, port] of (ports ?? []).entries()) {
      const place = { path: item(at(there, "ports"), index), port };
      if (port.hostIP && !port.hostPort)
        yield `${place.path}: hostIP set without hostPort: ${shownPort(port)}`;
      const key = `${port.containerPort}/${port.protocol}`;
      const others = places.get(key);
      if (!others) places.set(key, [place]);
      else {
        for (const other of others) yield* overlapWarnings(place, other);
        others.push(place);
      }
    }
  }
}

const shownPort = ({
  name = "",
  hostPort = 0,
  containerPort,
  protocol,
  hostIP = "",
}: ContainerPort): string =>
  `{Name:${name} HostPort:${hostPort} ContainerPort:${containerPort} Protocol:${protocol} HostIP:${hostIP}}`;

function* overlapWarnings({ path, port }: Place, { path: other, port: before }: Place): Warnings {
  const [ip, ipBefore] = [port.hostIP ?? "", before.hostIP ?? ""];
  const [host, hostBefore] = [port.hostPort ?? 0, before.hostPort ?? 0];
  if (ip === ipBefore && host === hostBefore) yield `${path}: duplicate port definition with ${other}`;
  else if (host === 0 || hostBefore === 0) yield `${path}: overlapping port definition with ${other}`;
  else if (host === hostBefore && (ip === "") !== (ipBefore === ""))
    yield `${path}: dangerously ambiguous port definition with ${other}`;
}

/** Every container with the path that leads to it. */
function* containersOf(spec: PodSpec, path: string): Iterable<readonly [Container, string]> {
  for (const sort of ["initContainers", "containers", "ephemeralContainers"] as const)
    for (const [index, container] of (spec[sort] ?? []).entries())
      yield [container as Container, item(at(path, sort), index)];
}
