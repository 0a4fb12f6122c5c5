import { distinct, inRange, ipAddress, named, namedIfSet, own } from "#api/checks";
import { compareQuantities, quantityOf, quantityOfMilli } from "#machinery/quantity";
import { labelProblems } from "#machinery/object-meta-validation";
import {
  at,
  duplicate,
  entry,
  type FieldProblem,
  forbidden,
  invalid,
  item,
  notFound,
  notSupported,
  required,
  tooLong,
} from "#machinery/schema";
import type { Container, ContainerPort } from "./container.ts";
import type { PodDNSConfig, PodResourceClaim, PodSpec } from "./podspec.ts";
import { amountOf, containerRequestsOf } from "./podresources.ts";
import { amountProblems, isHugePages, type ResourceRequirements } from "./resources.ts";
import type { Lifecycle } from "./probe.ts";
import type { Volume } from "./volume.ts";
import { operatingSystemProblems } from "./windows-rules.ts";

const SECONDS_MAX = 2_147_483_647;

/** What is wrong with a pod's spec, alone or in a template, beyond what its parts say about themselves. */
export function* podSpecProblems(spec: PodSpec, path: string): Iterable<FieldProblem> {
  yield* containerProblems(spec, path);
  yield* nameProblems(spec, path);
  yield* networkProblems(spec, path);
  yield* schedulingProblems(spec, path);
  yield* isolationProblems(spec, path);
  yield* resourceProblems(spec, path);
  yield* inRange(at(path, "activeDeadlineSeconds"), spec.activeDeadlineSeconds, 1, SECONDS_MAX);
}

function* containerProblems(spec: PodSpec, path: string): Iterable<FieldProblem> {
  yield* distinct(at(path, "volumes"), spec.volumes, ({ name }) => name, "name");
  const volumes = new Map((spec.volumes ?? []).map((volume) => [volume.name, volume]));
  const claims = new Set((spec.resourceClaims ?? []).map(({ name }) => name));
  const taken = new Set<string>();
  for (const sort of ["containers", "initContainers", "ephemeralContainers"] as const) {
    for (const [index, container] of (spec[sort] ?? []).entries()) {
      const where = item(at(path, sort), index);
      if (taken.has(container.name)) yield duplicate(at(where, "name"), container.name);
      if (container.name !== "") taken.add(container.name);
      yield* mountProblems(container, volumes, where);
      yield* claimUseProblems(container, claims, where);
      yield* sleepProblems(container.lifecycle, spec.terminationGracePeriodSeconds, at(where, "lifecycle"));
    }
  }
  yield* restartProblems(spec, path);
  yield* ephemeralProblems(spec, path);
}

function* mountProblems(
  { volumeMounts, volumeDevices }: Pick<Container, "volumeMounts" | "volumeDevices">,
  volumes: ReadonlyMap<string, Volume>,
  path: string,
): Iterable<FieldProblem> {
  for (const [index, { name }] of (volumeMounts ?? []).entries())
    if (name !== "" && !volumes.has(name))
      yield notFound(at(item(at(path, "volumeMounts"), index), "name"), name);
  for (const [index, { name }] of (volumeDevices ?? []).entries()) {
    const where = at(item(at(path, "volumeDevices"), index), "name");
    const volume = volumes.get(name);
    if (name !== "" && !volume) yield notFound(where, name);
    if (volume && !volume.persistentVolumeClaim && !volume.ephemeral)
      yield invalid(
        where,
        name,
        "can only use volume source type of PersistentVolumeClaim or Ephemeral for block mode",
      );
    if (volume && volumeMounts?.some((mount) => mount.name === name))
      yield invalid(where, name, "must not already exist in volumeMounts");
  }
}

function* claimUseProblems(
  { resources }: Pick<Container, "resources">,
  claims: ReadonlySet<string>,
  path: string,
): Iterable<FieldProblem> {
  for (const [index, { name }] of (resources.claims ?? []).entries())
    if (name !== "" && !claims.has(name))
      yield notFound(at(item(at(path, "resources.claims"), index), "name"), name);
}

/** A sleep ends before the container has to. */
function* sleepProblems(
  lifecycle: Lifecycle | undefined,
  grace: number,
  path: string,
): Iterable<FieldProblem> {
  if (!lifecycle) return;
  for (const name of ["postStart", "preStop"] as const) {
    const seconds = lifecycle[name]?.sleep?.seconds;
    if (seconds !== undefined && (seconds < 0 || seconds > grace))
      yield invalid(
        at(path, `${name}.sleep`),
        seconds,
        `must be non-negative and less than terminationGracePeriodSeconds (${grace})`,
      );
  }
}

const ONLY_FOR_SIDECARS = ["lifecycle", "livenessProbe", "readinessProbe", "startupProbe"] as const;

function* restartProblems(spec: PodSpec, path: string): Iterable<FieldProblem> {
  for (const sort of ["containers", "initContainers"] as const) {
    for (const [index, container] of (spec[sort] ?? []).entries()) {
      const where = item(at(path, sort), index);
      if (container.restartPolicyRules && container.restartPolicy === undefined)
        yield required(at(where, "restartPolicy"), "must specify restartPolicy when restart rules are used");
      if (sort === "containers" || container.restartPolicy === "Always") continue;
      for (const field of ONLY_FOR_SIDECARS)
        if (container[field] !== undefined)
          yield forbidden(
            at(where, field),
            "may not be set for init containers without restartPolicy=Always",
          );
    }
  }
}

function* ephemeralProblems({ containers, initContainers, ephemeralContainers }: PodSpec, path: string) {
  const names = [...(containers ?? []), ...(initContainers ?? [])].map(({ name }) => name);
  for (const [index, { targetContainerName: target }] of (ephemeralContainers ?? []).entries())
    if (target && !names.includes(target))
      yield notFound(at(item(at(path, "ephemeralContainers"), index), "targetContainerName"), target);
}

/** The kernel holds no longer host names. */
const HOSTNAME_BYTES_MAX = 64;

function* nameProblems(spec: PodSpec, path: string): Iterable<FieldProblem> {
  yield* namedIfSet(at(path, "serviceAccountName"), spec.serviceAccountName, "dns-subdomain");
  yield* namedIfSet(at(path, "nodeName"), spec.nodeName, "dns-subdomain");
  yield* namedIfSet(at(path, "priorityClassName"), spec.priorityClassName, "dns-subdomain");
  yield* namedIfSet(at(path, "runtimeClassName"), spec.runtimeClassName, "dns-subdomain");
  yield* namedIfSet(at(path, "hostname"), spec.hostname, "dns-label");
  yield* namedIfSet(at(path, "subdomain"), spec.subdomain, "dns-label");
  if (spec.hostnameOverride !== undefined) {
    const where = at(path, "hostnameOverride");
    if (spec.hostnameOverride.length > HOSTNAME_BYTES_MAX) yield tooLong(where, HOSTNAME_BYTES_MAX);
    yield* named(where, spec.hostnameOverride, "dns-subdomain");
    for (const name of ["setHostnameAsFQDN", "hostNetwork"] as const)
      if (spec[name]) yield forbidden(at(path, name), "may not be true when `hostnameOverride` is set");
  }
  for (const [index, { name }] of (spec.readinessGates ?? [])
    .map(({ conditionType: name }) => ({ name }))
    .entries())
    yield* named(at(item(at(path, "readinessGates"), index), "conditionType"), name, "qualified-name");
}

const NAMESERVERS_MAX = 3;
const SEARCHES_MAX = 32;
const SEARCH_CHARACTERS_MAX = 2048;

function* networkProblems(spec: PodSpec, path: string): Iterable<FieldProblem> {
  if (spec.dnsPolicy === "None") {
    if (!spec.dnsConfig)
      yield required(at(path, "dnsConfig"), "must provide `dnsConfig` when `dnsPolicy` is None");
    else if ((spec.dnsConfig.nameservers ?? []).length === 0)
      yield required(
        at(path, "dnsConfig.nameservers"),
        "must provide at least one DNS nameserver when `dnsPolicy` is None",
      );
  }
  if (spec.dnsConfig) yield* dnsProblems(spec.dnsConfig, at(path, "dnsConfig"));
  for (const [index, { ip, hostnames }] of (spec.hostAliases ?? []).entries()) {
    const where = item(at(path, "hostAliases"), index);
    yield* ipAddress(at(where, "ip"), ip);
    for (const name of hostnames ?? []) yield* named(at(where, "hostnames"), name, "dns-subdomain");
  }
  yield* hostPortProblems(spec, path);
}

function* dnsProblems(
  { nameservers, searches, options }: PodDNSConfig,
  path: string,
): Iterable<FieldProblem> {
  if ((nameservers ?? []).length > NAMESERVERS_MAX)
    yield invalid(
      at(path, "nameservers"),
      nameservers,
      `must not have more than ${NAMESERVERS_MAX} nameservers`,
    );
  for (const [index, ip] of (nameservers ?? []).entries())
    yield* ipAddress(item(at(path, "nameservers"), index), ip);
  if ((searches ?? []).length > SEARCHES_MAX)
    yield invalid(at(path, "searches"), searches, `must not have more than ${SEARCHES_MAX} search paths`);
  if ((searches ?? []).join(" ").length > SEARCH_CHARACTERS_MAX)
    yield invalid(
      at(path, "searches"),
      searches,
      `must not have more than ${SEARCH_CHARACTERS_MAX} characters (including spaces) in the search list`,
    );
  for (const [index, search] of (searches ?? []).entries())
    if (search !== ".")
      yield* named(item(at(path, "searches"), index), search.replace(/\.$/, ""), "dns-subdomain");
  for (const [index, { name }] of (options ?? []).entries())
    if (!name) yield required(item(at(path, "options"), index), "must not be empty");
}

/** Two containers of a pod cannot own the same port of the node. */
function* hostPortProblems(spec: PodSpec, path: string): Iterable<FieldProblem> {
  const taken = new Set<string>();
  for (const sort of ["containers", "initContainers"] as const) {
    for (const [index, container] of (spec[sort] ?? []).entries()) {
      if (sort === "initContainers" && container.restartPolicy !== "Always") continue;
      for (const [at_, port] of (container.ports ?? []).entries())
        yield* hostPortProblem(spec, port, taken, item(at(item(at(path, sort), index), "ports"), at_));
    }
  }
}

function* hostPortProblem(
  { hostNetwork }: PodSpec,
  { hostPort, containerPort, protocol, hostIP }: ContainerPort,
  taken: Set<string>,
  path: string,
): Iterable<FieldProblem> {
  if (hostNetwork && (hostPort ?? 0) !== containerPort)
    yield invalid(
      at(path, "containerPort"),
      containerPort,
      "must match `hostPort` when `hostNetwork` is true",
    );
  if (!hostPort) return;
  const key = `${protocol}/${hostIP ?? ""}/${hostPort}`;
  if (taken.has(key)) yield duplicate(at(path, "hostPort"), key);
  taken.add(key);
}

function* schedulingProblems(spec: PodSpec, path: string): Iterable<FieldProblem> {
  yield* labelProblems(spec.nodeSelector, at(path, "nodeSelector"));
  for (const [index, { name }] of (spec.schedulingGates ?? []).entries())
    yield* named(item(at(path, "schedulingGates"), index), name, "qualified-name");
  yield* distinct(at(path, "schedulingGates"), spec.schedulingGates, ({ name }) => name);
  yield* distinct(
    at(path, "topologySpreadConstraints"),
    spec.topologySpreadConstraints,
    ({ topologyKey, whenUnsatisfiable }) => `{${topologyKey}, ${whenUnsatisfiable}}`,
    "{topologyKey, whenUnsatisfiable}",
  );
}

function* isolationProblems(spec: PodSpec, path: string): Iterable<FieldProblem> {
  const { hostPID, hostIPC, hostNetwork, hostUsers, shareProcessNamespace } = spec;
  if (shareProcessNamespace && hostPID)
    yield invalid(
      at(path, "shareProcessNamespace"),
      true,
      "ShareProcessNamespace and HostPID cannot both be enabled",
    );
  if (hostUsers === false) {
    for (const [name, used] of Object.entries({ hostNetwork, hostPID, hostIPC }))
      if (used) yield forbidden(at(path, name), "when `hostUsers` is false");
  }
  yield* operatingSystemProblems(spec, path);
  yield* hostSysctlProblems(spec, path);
}

/** Settings of the network or of shared memory are the host's where the pod has none of its own. */
function* hostSysctlProblems({ securityContext, hostNetwork, hostIPC }: PodSpec, path: string) {
  if (!hostNetwork && !hostIPC) return;
  for (const [index, { name }] of (securityContext.sysctls ?? []).entries()) {
    const where = at(item(at(path, "securityContext.sysctls"), index), "name");
    const setting = name.replaceAll("/", ".");
    if (hostNetwork && setting.startsWith("net."))
      yield invalid(where, name, "may not be specified when 'hostNetwork' is true");
    else if (hostIPC && IPC_SYSCTL.test(setting))
      yield invalid(where, name, "may not be specified when 'hostIPC' is true");
  }
}

const IPC_SYSCTL = /^(kernel\.(sem$|shm|msg)|fs\.mqueue\.)/;

const POD_LEVEL = ["cpu", "memory"];
const isPodLevel = (name: string): boolean => POD_LEVEL.includes(name) || isHugePages(name);

function* resourceProblems(spec: PodSpec, path: string): Iterable<FieldProblem> {
  for (const [name, amount] of Object.entries(spec.overhead ?? {}))
    yield* amountProblems(name, amount, `${at(path, "overhead")}[${name}]`);
  for (const [index, claim] of (spec.resourceClaims ?? []).entries())
    yield* claimProblems(claim, item(at(path, "resourceClaims"), index));
  yield* distinct(at(path, "resourceClaims"), spec.resourceClaims, ({ name }) => name, "name");
  if (!spec.resources) return;
  for (const part of ["limits", "requests"] as const)
    for (const name of Object.keys(spec.resources[part] ?? {}))
      if (!isPodLevel(name))
        yield notSupported(`${at(path, "resources")}.${part}[${name}]`, name, [...POD_LEVEL, "hugepages-"]);
  if (spec.resources.claims)
    yield forbidden(at(path, "resources.claims"), "claims cannot be set for Resources at pod-level");
  yield* podLevelProblems(spec, spec.resources, at(path, "resources"));
}

/** All containers together ask for no more than the pod, and none of them may use more. */
function* podLevelProblems(spec: PodSpec, { limits, requests }: ResourceRequirements, path: string) {
  const asked = containerRequestsOf(spec);
  for (const [name, amount] of asked) {
    const granted = own(requests, name) ?? "0";
    if (!isPodLevel(name) || amount <= amountOf(name, granted)) continue;
    const total = name === "cpu" ? quantityOfMilli(amount) : quantityOf(amount, "BinarySI");
    yield invalid(
      entry(at(path, "requests"), name),
      granted,
      `must be greater than or equal to aggregate container requests of ${total}`,
    );
  }
  for (const [index, { resources }] of spec.containers.entries())
    for (const [name, limit] of Object.entries(resources.limits ?? {})) {
      const most = own(limits, name);
      if (most === undefined || compareQuantities(limit, most) <= 0) continue;
      yield invalid(
        `${item(at(path, "containers"), index)}[${name}].limits`,
        limit,
        `must be less than or equal to pod limits of ${most}`,
      );
    }
}

function* claimProblems(
  { name, resourceClaimName, resourceClaimTemplateName }: PodResourceClaim,
  path: string,
): Iterable<FieldProblem> {
  yield* namedIfSet(at(path, "name"), name, "dns-label");
  if (resourceClaimName !== undefined && resourceClaimTemplateName !== undefined)
    yield invalid(
      path,
      name,
      "at most one of `resourceClaimName` or `resourceClaimTemplateName` may be specified",
    );
  if (resourceClaimName === undefined && resourceClaimTemplateName === undefined)
    yield invalid(path, name, "must specify one of: `resourceClaimName`, `resourceClaimTemplateName`");
  yield* named(at(path, "resourceClaimName"), resourceClaimName, "dns-subdomain");
  yield* named(at(path, "resourceClaimTemplateName"), resourceClaimTemplateName, "dns-subdomain");
}
