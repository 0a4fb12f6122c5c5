/** The Pod Security Standards: what a pod of each level may ask for. */
import type { Container } from "#api/core-v1/container";
import type { PodSpec } from "#api/core-v1/podspec";
import type { SELinuxOptions } from "#api/core-v1/security";
import type { Volume } from "#api/core-v1/volume";

export type Level = "privileged" | "baseline" | "restricted";

/** What is forbidden, and by which part of the pod. */
export interface Violation {
  readonly reason: string;
  readonly detail: string;
}

interface PodParts {
  readonly spec: PodSpec;
  readonly annotations: Readonly<Record<string, string>>;
  readonly containers: readonly Container[];
  readonly windows: boolean;
  /** The rules are those of version 1.minor. */
  readonly minor: number;
}

type Check = (pod: PodParts) => Violation | undefined;

/** What a namespace asks of its pods. */
export interface Policy {
  readonly level: Level;
  /** By the rules of version 1.minor; Infinity for the newest. */
  readonly minor: number;
}

/** Everything in the pod that its namespace's policy forbids. */
export function violations(
  { level, minor }: Policy,
  spec: PodSpec,
  annotations: Readonly<Record<string, string>> = {},
): Violation[] {
  if (level === "privileged") return [];
  const containers = [
    ...spec.containers,
    ...(spec.initContainers ?? []),
    ...((spec.ephemeralContainers ?? []) as readonly Container[]),
  ];
  const pod = { spec, annotations, containers, windows: spec.os?.name === "windows", minor };
  const rules = level === "baseline" ? BASELINE : RESTRICTED;
  return rules
    .filter(({ from = 0, until }) => from <= minor && (until === undefined || minor < until))
    .map(({ check }) => check(pod))
    .filter((violation) => violation !== undefined);
}

const quoted = (names: readonly string[]): string => names.map((name) => JSON.stringify(name)).join(", ");

/** `container "a"`, `containers "a", "b"` */
const containersText = (containers: readonly Container[]): string =>
  `${containers.length === 1 ? "container" : "containers"} ${quoted(containers.map(({ name }) => name))}`;

const plural = (word: string, values: readonly unknown[]): string =>
  values.length === 1 ? word : `${word}s`;
const sorted = (values: Iterable<string>): string[] => [...new Set(values)].toSorted();

const hostNamespaces: Check = ({ spec }) => {
  const set = (["hostNetwork", "hostPID", "hostIPC"] as const).filter((field) => spec[field]);
  return set.length === 0
    ? undefined
    : { reason: "host namespaces", detail: set.map((field) => `${field}=true`).join(", ") };
};

const privilegedContainers: Check = ({ containers }) => {
  const bad = containers.filter(({ securityContext }) => securityContext?.privileged);
  return bad.length === 0
    ? undefined
    : { reason: "privileged", detail: `${containersText(bad)} must not set securityContext.privileged=true` };
};

const BASELINE_CAPABILITIES = new Set([
  "AUDIT_WRITE",
  "CHOWN",
  "DAC_OVERRIDE",
  "FOWNER",
  "FSETID",
  "KILL",
  "MKNOD",
  "NET_BIND_SERVICE",
  "SETFCAP",
  "SETGID",
  "SETPCAP",
  "SETUID",
  "SYS_CHROOT",
]);

const baselineCapabilities: Check = ({ containers }) => {
  const added = (container: Container) =>
    (container.securityContext?.capabilities?.add ?? []).filter((name) => !BASELINE_CAPABILITIES.has(name));
  const bad = containers.filter((container) => added(container).length > 0);
  if (bad.length === 0) return undefined;
  const names = sorted(bad.flatMap(added));
  return {
    reason: "non-default capabilities",
    detail: `${containersText(bad)} must not include ${quoted(names)} in securityContext.capabilities.add`,
  };
};

const volumesText = (volumes: readonly Volume[]): string =>
  `${plural("volume", volumes)} ${quoted(volumes.map(({ name }) => name))}`;

const hostPaths: Check = ({ spec }) => {
  const bad = (spec.volumes ?? []).filter(({ hostPath }) => hostPath);
  return bad.length === 0 ? undefined : { reason: "hostPath volumes", detail: volumesText(bad) };
};

const hostPorts: Check = ({ containers }) => {
  const portsOf = ({ ports = [] }: Container) =>
    ports.flatMap(({ hostPort }) => (hostPort ? [String(hostPort)] : []));
  const bad = containers.filter((container) => portsOf(container).length > 0);
  if (bad.length === 0) return undefined;
  const ports = [...new Set(bad.flatMap(portsOf))];
  const verb = bad.length === 1 ? "uses" : "use";
  return {
    reason: "hostPort",
    detail: `${containersText(bad)} ${verb} ${plural("hostPort", ports)} ${ports.join(", ")}`,
  };
};

const hostProbes: Check = ({ containers }) => {
  const hostsOf = ({ livenessProbe, readinessProbe, startupProbe, lifecycle }: Container) =>
    [livenessProbe, readinessProbe, startupProbe, lifecycle?.postStart, lifecycle?.preStop].flatMap(
      (handler) => {
        const host = handler?.httpGet?.host || handler?.tcpSocket?.host;
        return host && host !== "127.0.0.1" && host !== "::1" ? [host] : [];
      },
    );
  const bad = containers.filter((container) => hostsOf(container).length > 0);
  if (bad.length === 0) return undefined;
  const hosts = sorted(bad.flatMap(hostsOf));
  const verb = bad.length === 1 ? "uses" : "use";
  return {
    reason: "probe or lifecycle host",
    detail: `${containersText(bad)} ${verb} probe or lifecycle ${plural("host", hosts)} ${quoted(hosts)}`,
  };
};

const APPARMOR_ANNOTATION = "container.apparmor.security.beta.kubernetes.io/";

const appArmor: Check = ({ spec, annotations, containers }) => {
  const bad: string[] = [];
  if (spec.securityContext?.appArmorProfile?.type === "Unconfined") {
    bad.push('pod must not set AppArmor profile type to "Unconfined"');
  }
  const unconfined = containers.filter(
    ({ securityContext }) => securityContext?.appArmorProfile?.type === "Unconfined",
  );
  if (unconfined.length > 0) {
    bad.push(`${containersText(unconfined)} must not set AppArmor profile type to "Unconfined"`);
  }
  for (const [key, value] of Object.entries(annotations)) {
    const allowed = value === "" || value === "runtime/default" || value.startsWith("localhost/");
    if (key.startsWith(APPARMOR_ANNOTATION) && !allowed) {
      bad.push(`annotation "${key}" must not be set to "${value}"`);
    }
  }
  return bad.length === 0
    ? undefined
    : { reason: plural("forbidden AppArmor profile", bad), detail: bad.join(" and ") };
};

const SELINUX_TYPES = new Set(["", "container_t", "container_init_t", "container_kvm_t"]);
const SELINUX_TYPES_SINCE_31 = new Set([...SELINUX_TYPES, "container_engine_t"]);

const seLinux: Check = ({ spec, containers, minor }) => {
  const allowed = minor >= 31 ? SELINUX_TYPES_SINCE_31 : SELINUX_TYPES;
  const isBad = (options: SELinuxOptions | undefined) =>
    options !== undefined &&
    (!allowed.has(options.type ?? "") || Boolean(options.user) || Boolean(options.role));
  const own = spec.securityContext?.seLinuxOptions;
  const bad = containers.filter(({ securityContext }) => isBad(securityContext?.seLinuxOptions));
  const setters = [...(isBad(own) ? ["pod"] : []), ...(bad.length > 0 ? [containersText(bad)] : [])];
  if (setters.length === 0) return undefined;
  const all = [own, ...bad.map(({ securityContext }) => securityContext?.seLinuxOptions)].filter(isBad);
  const types = sorted(all.map((options) => options?.type ?? "").filter((type) => !allowed.has(type)));
  const said = [
    ...(types.length > 0 ? [`${plural("type", types)} ${quoted(types)}`] : []),
    ...(all.some((options) => options?.user) ? ["user may not be set"] : []),
    ...(all.some((options) => options?.role) ? ["role may not be set"] : []),
  ];
  return {
    reason: "seLinuxOptions",
    detail: `${setters.join(" and ")} set forbidden securityContext.seLinuxOptions: ${said.join("; ")}`,
  };
};

/** Users of a pod that are not those of the node may be root inside, since version 1.35 of the rules. */
const hasOwnUsers = ({ spec, minor }: PodParts): boolean => minor >= 35 && spec.hostUsers === false;

const procMount: Check = (pod) => {
  const { containers } = pod;
  if (hasOwnUsers(pod)) return undefined;
  const bad = containers.filter(
    ({ securityContext }) => (securityContext?.procMount ?? "Default") !== "Default",
  );
  return bad.length === 0
    ? undefined
    : {
        reason: "procMount",
        detail: `${containersText(bad)} must not set securityContext.procMount to "Unmasked"`,
      };
};

const SECCOMP_ANNOTATION = /^(container\.)?seccomp\.security\.alpha\.kubernetes\.io\//;

/** Before there were fields for it. */
const annotatedSeccomp: Check = ({ annotations }) => {
  const bad = Object.entries(annotations).filter(
    ([key, value]) => SECCOMP_ANNOTATION.test(key) && value === "unconfined",
  );
  if (bad.length === 0) return undefined;
  const said = bad.map(([key, value]) => `${key}=${JSON.stringify(value)}`).toSorted();
  return { reason: "seccompProfile", detail: `forbidden ${plural("annotation", bad)} ${said.join(", ")}` };
};

const baselineSeccomp: Check = ({ spec, containers }) => {
  const bad = containers.filter(
    ({ securityContext }) => securityContext?.seccompProfile?.type === "Unconfined",
  );
  const setters = [
    ...(spec.securityContext?.seccompProfile?.type === "Unconfined" ? ["pod"] : []),
    ...(bad.length > 0 ? [containersText(bad)] : []),
  ];
  return setters.length === 0
    ? undefined
    : {
        reason: "seccompProfile",
        detail: `${setters.join(" and ")} must not set securityContext.seccompProfile.type to "Unconfined"`,
      };
};

/** By the version since which they are allowed. */
const SAFE_SYSCTLS: ReadonlyMap<string, number> = new Map([
  ["kernel.shm_rmid_forced", 0],
  ["net.ipv4.ip_local_port_range", 0],
  ["net.ipv4.ip_unprivileged_port_start", 0],
  ["net.ipv4.ping_group_range", 0],
  ["net.ipv4.tcp_syncookies", 0],
  ["net.ipv4.ip_local_reserved_ports", 27],
  ["net.ipv4.tcp_fin_timeout", 29],
  ["net.ipv4.tcp_keepalive_intvl", 29],
  ["net.ipv4.tcp_keepalive_probes", 29],
  ["net.ipv4.tcp_keepalive_time", 29],
  ["net.ipv4.tcp_rmem", 32],
  ["net.ipv4.tcp_wmem", 32],
]);

const isSafe = (since: number | undefined, minor: number): boolean => since !== undefined && since <= minor;

const sysctls: Check = ({ spec, minor }) => {
  const bad = (spec.securityContext?.sysctls ?? [])
    .map(({ name }) => name)
    .filter((name) => !isSafe(SAFE_SYSCTLS.get(name), minor));
  return bad.length === 0 ? undefined : { reason: plural("forbidden sysctl", bad), detail: bad.join(", ") };
};

const hostProcess: Check = ({ spec, containers }) => {
  const bad = containers.filter(({ securityContext }) => securityContext?.windowsOptions?.hostProcess);
  const setters = [
    ...(spec.securityContext?.windowsOptions?.hostProcess ? ["pod"] : []),
    ...(bad.length > 0 ? [containersText(bad)] : []),
  ];
  return setters.length === 0
    ? undefined
    : {
        reason: "hostProcess",
        detail: `${setters.join(" and ")} must not set securityContext.windowsOptions.hostProcess=true`,
      };
};

/** Pods of Windows know nothing of these, which was taken note of in version 1.25 of the rules. */
const isExempt = ({ windows, minor }: PodParts): boolean => windows && minor >= 25;

const escalation: Check = (pod) => {
  const { containers } = pod;
  if (isExempt(pod)) return undefined;
  const bad = containers.filter(({ securityContext }) => securityContext?.allowPrivilegeEscalation !== false);
  return bad.length === 0
    ? undefined
    : {
        reason: "allowPrivilegeEscalation != false",
        detail: `${containersText(bad)} must set securityContext.allowPrivilegeEscalation=false`,
      };
};

const restrictedCapabilities: Check = (pod) => {
  const { containers } = pod;
  if (isExempt(pod)) return undefined;
  const keeping = containers.filter(
    ({ securityContext }) => !securityContext?.capabilities?.drop?.includes("ALL"),
  );
  const added = ({ securityContext }: Container) =>
    (securityContext?.capabilities?.add ?? []).filter((name) => name !== "NET_BIND_SERVICE");
  const adding = containers.filter((container) => added(container).length > 0);
  const said = [
    ...(keeping.length > 0
      ? [`${containersText(keeping)} must set securityContext.capabilities.drop=["ALL"]`]
      : []),
    ...(adding.length > 0
      ? [
          `${containersText(adding)} must not include ${quoted(sorted(adding.flatMap(added)))} in securityContext.capabilities.add`,
        ]
      : []),
  ];
  return said.length === 0 ? undefined : { reason: "unrestricted capabilities", detail: said.join("; ") };
};

const RESTRICTED_VOLUMES = new Set([
  "configMap",
  "csi",
  "downwardAPI",
  "emptyDir",
  "ephemeral",
  "image",
  "persistentVolumeClaim",
  "projected",
  "secret",
]);

const volumeTypes: Check = ({ spec }) => {
  const typeOf = (volume: Volume) => Object.keys(volume).find((key) => key !== "name") ?? "emptyDir";
  const bad = (spec.volumes ?? []).filter((volume) => !RESTRICTED_VOLUMES.has(typeOf(volume)));
  if (bad.length === 0) return undefined;
  const types = sorted(bad.map(typeOf));
  const verb = bad.length === 1 ? "uses" : "use";
  return {
    reason: "restricted volume types",
    detail: `${volumesText(bad)} ${verb} restricted volume ${plural("type", types)} ${quoted(types)}`,
  };
};

const nonRoot: Check = (parts) => {
  const { spec, containers } = parts;
  if (hasOwnUsers(parts)) return undefined;
  const pod = spec.securityContext?.runAsNonRoot;
  const denying = containers.filter(({ securityContext }) => securityContext?.runAsNonRoot === false);
  const silent = containers.filter(({ securityContext }) => securityContext?.runAsNonRoot === undefined);
  if (denying.length > 0 || (pod === false && silent.length > 0)) {
    const setters = [
      ...(pod === false ? ["pod"] : []),
      ...(denying.length > 0 ? [containersText(denying)] : []),
    ];
    return {
      reason: "runAsNonRoot != true",
      detail: `${setters.join(" and ")} must not set securityContext.runAsNonRoot=false`,
    };
  }
  if (pod || silent.length === 0) return undefined;
  return {
    reason: "runAsNonRoot != true",
    detail: `pod or ${containersText(silent)} must set securityContext.runAsNonRoot=true`,
  };
};

const rootUser: Check = (pod) => {
  const { spec, containers } = pod;
  if (hasOwnUsers(pod)) return undefined;
  const bad = containers.filter(({ securityContext }) => securityContext?.runAsUser === 0);
  const setters = [
    ...(spec.securityContext?.runAsUser === 0 ? ["pod"] : []),
    ...(bad.length > 0 ? [containersText(bad)] : []),
  ];
  return setters.length === 0
    ? undefined
    : { reason: "runAsUser=0", detail: `${setters.join(" and ")} must not set runAsUser=0` };
};

const SECCOMP_TYPES = ["RuntimeDefault", "Localhost"];

const restrictedSeccomp: Check = (pod) => {
  const { spec, containers } = pod;
  if (isExempt(pod)) return undefined;
  const isGood = (type: string | undefined) => type !== undefined && SECCOMP_TYPES.includes(type);
  const own = spec.securityContext?.seccompProfile?.type;
  const typeOf = ({ securityContext }: Container) => securityContext?.seccompProfile?.type;
  const bad = containers.filter((container) => typeOf(container) !== undefined && !isGood(typeOf(container)));
  const silent = containers.filter((container) => typeOf(container) === undefined);
  const podBad = own !== undefined && !isGood(own);
  if (podBad || bad.length > 0) {
    const setters = [...(podBad ? ["pod"] : []), ...(bad.length > 0 ? [containersText(bad)] : [])];
    const types = sorted([...(podBad ? [own] : []), ...bad.map((container) => typeOf(container)!)]);
    return {
      reason: "seccompProfile",
      detail: `${setters.join(" and ")} must not set securityContext.seccompProfile.type to ${quoted(types)}`,
    };
  }
  if (isGood(own) || silent.length === 0) return undefined;
  return {
    reason: "seccompProfile",
    detail: `pod or ${containersText(silent)} must set securityContext.seccompProfile.type to "RuntimeDefault" or "Localhost"`,
  };
};

/** A check, and the versions of the rules that it is part of. */
interface Rule {
  readonly check: Check;
  readonly from?: number;
  /** The first version without it. */
  readonly until?: number;
}

const SECCOMP_FIELDS_SINCE = 19;
const ALL_CAPABILITIES_SINCE = 22;

/** In the order in which they are told. */
const COMMON: readonly Rule[] = [
  { check: appArmor },
  { check: baselineCapabilities },
  { check: hostNamespaces },
  { check: hostPaths },
  { check: hostPorts },
  { check: hostProbes, from: 34 },
  { check: privilegedContainers },
  { check: procMount },
  { check: seLinux },
  { check: annotatedSeccomp, until: SECCOMP_FIELDS_SINCE },
  { check: baselineSeccomp, from: SECCOMP_FIELDS_SINCE },
  { check: sysctls },
  { check: hostProcess },
];

const STRICTER: readonly Rule[] = [
  { check: escalation, from: 8 },
  { check: restrictedCapabilities, from: ALL_CAPABILITIES_SINCE },
  { check: volumeTypes },
  { check: nonRoot },
  { check: rootUser, from: 23 },
  { check: restrictedSeccomp, from: SECCOMP_FIELDS_SINCE },
];

/** Those that have a stricter form, and since when. */
const REPLACED: ReadonlyMap<Check, number> = new Map([
  [baselineCapabilities, ALL_CAPABILITIES_SINCE],
  [hostPaths, 0],
  [baselineSeccomp, SECCOMP_FIELDS_SINCE],
]);

const BASELINE = COMMON;
const RESTRICTED: readonly Rule[] = [
  ...COMMON.map((rule) => {
    const until = REPLACED.get(rule.check);
    return until === undefined ? rule : { ...rule, until };
  }),
  ...STRICTER,
];
