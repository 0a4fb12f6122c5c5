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
}

type Check = (pod: PodParts) => Violation | undefined;

/** Everything in the pod that its namespace's level forbids. */
export function violations(
  level: Level,
  spec: PodSpec,
  annotations: Readonly<Record<string, string>> = {},
): Violation[] {
  if (level === "privileged") return [];
  const containers = [
    ...spec.containers,
    ...(spec.initContainers ?? []),
    ...((spec.ephemeralContainers ?? []) as readonly Container[]),
  ];
  const pod = { spec, annotations, containers, windows: spec.os?.name === "windows" };
  const checks = level === "baseline" ? BASELINE : RESTRICTED;
  return checks.map((check) => check(pod)).filter((violation) => violation !== undefined);
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

const SELINUX_TYPES = new Set([
  "",
  "container_t",
  "container_init_t",
  "container_kvm_t",
  "container_engine_t",
]);

const seLinux: Check = ({ spec, containers }) => {
  const isBad = (options: SELinuxOptions | undefined) =>
    options !== undefined &&
    (!SELINUX_TYPES.has(options.type ?? "") || Boolean(options.user) || Boolean(options.role));
  const own = spec.securityContext?.seLinuxOptions;
  const bad = containers.filter(({ securityContext }) => isBad(securityContext?.seLinuxOptions));
  const setters = [...(isBad(own) ? ["pod"] : []), ...(bad.length > 0 ? [containersText(bad)] : [])];
  if (setters.length === 0) return undefined;
  const all = [own, ...bad.map(({ securityContext }) => securityContext?.seLinuxOptions)].filter(isBad);
  const types = sorted(all.map((options) => options?.type ?? "").filter((type) => !SELINUX_TYPES.has(type)));
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

const procMount: Check = ({ spec, containers }) => {
  if (spec.hostUsers === false) return undefined;
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

const SAFE_SYSCTLS = new Set([
  "kernel.shm_rmid_forced",
  "net.ipv4.ip_local_port_range",
  "net.ipv4.ip_local_reserved_ports",
  "net.ipv4.ip_unprivileged_port_start",
  "net.ipv4.ping_group_range",
  "net.ipv4.tcp_fin_timeout",
  "net.ipv4.tcp_keepalive_intvl",
  "net.ipv4.tcp_keepalive_probes",
  "net.ipv4.tcp_keepalive_time",
  "net.ipv4.tcp_rmem",
  "net.ipv4.tcp_syncookies",
  "net.ipv4.tcp_wmem",
]);

const sysctls: Check = ({ spec }) => {
  const bad = (spec.securityContext?.sysctls ?? [])
    .map(({ name }) => name)
    .filter((name) => !SAFE_SYSCTLS.has(name));
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

const escalation: Check = ({ containers, windows }) => {
  if (windows) return undefined;
  const bad = containers.filter(({ securityContext }) => securityContext?.allowPrivilegeEscalation !== false);
  return bad.length === 0
    ? undefined
    : {
        reason: "allowPrivilegeEscalation != false",
        detail: `${containersText(bad)} must set securityContext.allowPrivilegeEscalation=false`,
      };
};

const restrictedCapabilities: Check = ({ containers, windows }) => {
  if (windows) return undefined;
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

const nonRoot: Check = ({ spec, containers }) => {
  if (spec.hostUsers === false) return undefined;
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

const rootUser: Check = ({ spec, containers }) => {
  if (spec.hostUsers === false) return undefined;
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

const restrictedSeccomp: Check = ({ spec, containers, windows }) => {
  if (windows) return undefined;
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

const BASELINE: readonly Check[] = [
  hostNamespaces,
  privilegedContainers,
  baselineCapabilities,
  hostPaths,
  hostPorts,
  hostProbes,
  appArmor,
  seLinux,
  procMount,
  baselineSeccomp,
  sysctls,
  hostProcess,
];

/** The stricter form of a check takes the place of the looser one. */
const RESTRICTED: readonly Check[] = [
  hostNamespaces,
  privilegedContainers,
  hostPorts,
  hostProbes,
  appArmor,
  seLinux,
  procMount,
  sysctls,
  hostProcess,
  escalation,
  restrictedCapabilities,
  volumeTypes,
  nonRoot,
  rootUser,
  restrictedSeccomp,
];
