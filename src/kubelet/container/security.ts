/** Security contexts of pod and container, put together for the runtime. */
import { join } from "node:path";
import type { Pod } from "#api/core-v1/pod";
import type { Wire } from "#machinery/schema";
import type { Image } from "../cri/image.ts";
import {
  type LinuxContainerSecurityContext,
  type LinuxSandboxSecurityContext,
  type NamespaceOption,
  NamespaceMode,
  ProfileType,
  type SecurityProfile,
  SupplementalGroupsPolicy,
} from "../cri/security.ts";
import type { Container, EphemeralContainer } from "../pod/spec.ts";
import { ConfigError } from "./environment.ts";

/** What of the kernel's files a container may not see. */
const MASKED_PATHS = [
  "/proc/asound",
  "/proc/acpi",
  "/proc/interrupts",
  "/proc/kcore",
  "/proc/keys",
  "/proc/latency_stats",
  "/proc/timer_list",
  "/proc/timer_stats",
  "/proc/sched_debug",
  "/proc/scsi",
  "/sys/firmware",
  "/sys/devices/virtual/powercap",
] as const;

const READONLY_PATHS = ["/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger"] as const;

export interface SecurityDefaults {
  /** Containers that name no seccomp profile get the runtime's. */
  readonly seccompDefault: boolean;
  /** Where profiles of type Localhost are. */
  readonly seccompDir: string;
}

type PodSecurity = NonNullable<Pod["spec"]["securityContext"]>;
type ContainerSecurity = NonNullable<Container["securityContext"]>;

export function namespaceOptions({ spec }: Pod): Wire<NamespaceOption> {
  const pod = spec.shareProcessNamespace ? NamespaceMode.pod : NamespaceMode.container;
  return {
    network: spec.hostNetwork ? NamespaceMode.node : NamespaceMode.pod,
    pid: spec.hostPID ? NamespaceMode.node : pod,
    ipc: spec.hostIPC ? NamespaceMode.node : NamespaceMode.pod,
  };
}

export function sandboxSecurity(pod: Pod): Wire<LinuxSandboxSecurityContext> {
  const security: PodSecurity = pod.spec.securityContext ?? {};
  const { runAsUser, runAsGroup } = security;
  const hasUser = runAsUser !== undefined;
  return {
    namespaceOptions: namespaceOptions(pod),
    ...(hasUser ? { runAsUser: { value: runAsUser } } : {}),
    ...(hasUser && runAsGroup !== undefined ? { runAsGroup: { value: runAsGroup } } : {}),
    supplementalGroups: supplementalGroups(security),
    privileged: [...pod.spec.containers, ...(pod.spec.initContainers ?? [])].some(
      ({ securityContext }) => securityContext?.privileged,
    ),
    seccomp: { profileType: ProfileType.runtimeDefault },
  };
}

const supplementalGroups = ({ supplementalGroups: groups = [], fsGroup }: PodSecurity): readonly number[] => [
  ...groups.map(Number),
  ...(fsGroup === undefined ? [] : [Number(fsGroup)]),
];

export function containerSecurity(
  pod: Pod,
  container: Container,
  image: Image,
  targetId: string | undefined,
  defaults: SecurityDefaults,
): Wire<LinuxContainerSecurityContext> {
  const own: ContainerSecurity = container.securityContext ?? {};
  const shared: PodSecurity = pod.spec.securityContext ?? {};
  const { capabilities, privileged = false, readOnlyRootFilesystem = false } = own;
  const runAsUser = own.runAsUser ?? shared.runAsUser;
  const runAsGroup = own.runAsGroup ?? shared.runAsGroup;
  checkNonRoot(pod, container, image);
  const bare = privileged || own.procMount === "Unmasked";
  const strict = shared.supplementalGroupsPolicy === "Strict";
  return {
    privileged,
    readonlyRootfs: readOnlyRootFilesystem,
    namespaceOptions: {
      ...namespaceOptions(pod),
      ...(targetId ? { pid: NamespaceMode.target, targetId } : {}),
    },
    capabilities: {
      addCapabilities: capabilities?.add ?? [],
      dropCapabilities: capabilities?.drop ?? [],
    },
    ...userOf(runAsUser, runAsGroup, image),
    supplementalGroups: supplementalGroups(shared),
    supplementalGroupsPolicy: strict ? SupplementalGroupsPolicy.strict : SupplementalGroupsPolicy.merge,
    noNewPrivs: own.allowPrivilegeEscalation === false && !privileged,
    maskedPaths: bare ? [] : MASKED_PATHS,
    readonlyPaths: bare ? [] : READONLY_PATHS,
    seccomp: seccompOf(own.seccompProfile ?? shared.seccompProfile, privileged, defaults),
    ...apparmorOf(own.appArmorProfile ?? shared.appArmorProfile),
    ...selinuxOf(own.seLinuxOptions ?? shared.seLinuxOptions),
  };
}

/** A group alone is refused by runtimes, so the image's user goes with it. */
function userOf(
  runAsUser: number | undefined,
  runAsGroup: number | undefined,
  image: Image,
): Wire<LinuxContainerSecurityContext> {
  const group = runAsGroup === undefined ? {} : { runAsGroup: { value: runAsGroup } };
  if (runAsUser !== undefined) return { runAsUser: { value: runAsUser }, ...group };
  if (runAsGroup === undefined) return {};
  if (image.username) return { runAsUsername: image.username, ...group };
  return { runAsUser: { value: image.uid?.value ?? 0 }, ...group };
}

function checkNonRoot(pod: Pod, container: Container, image: Image): void {
  const own = container.securityContext;
  const shared = pod.spec.securityContext;
  if (!(own?.runAsNonRoot ?? shared?.runAsNonRoot)) return;
  const runAsUser = own?.runAsUser ?? shared?.runAsUser;
  const where = `(pod: "${pod.metadata.name}_${pod.metadata.namespace}(${pod.metadata.uid})", container: ${container.name})`;
  if (runAsUser !== undefined) {
    if (Number(runAsUser) === 0)
      throw new ConfigError(`container's runAsUser breaks non-root policy ${where}`);
  } else if (image.uid) {
    if (Number(image.uid.value) === 0)
      throw new ConfigError(`container has runAsNonRoot and image will run as root ${where}`);
  } else if (image.username) {
    throw new ConfigError(
      `container has runAsNonRoot and image has non-numeric user (${image.username}), cannot verify user is non-root ${where}`,
    );
  } else {
    throw new ConfigError(`container has runAsNonRoot and image will run as root ${where}`);
  }
}

interface Profile {
  readonly type: string;
  readonly localhostProfile?: string;
}

function seccompOf(
  profile: Profile | undefined,
  privileged: boolean,
  { seccompDefault, seccompDir }: SecurityDefaults,
): Wire<SecurityProfile> {
  if (profile?.type === "Localhost")
    return {
      profileType: ProfileType.localhost,
      localhostRef: join(seccompDir, profile.localhostProfile ?? ""),
    };
  const asked = profile ? profile.type === "RuntimeDefault" : seccompDefault && !privileged;
  return { profileType: asked ? ProfileType.runtimeDefault : ProfileType.unconfined };
}

function apparmorOf(profile: Profile | undefined): Wire<LinuxContainerSecurityContext> {
  if (!profile) return {};
  if (profile.type === "Localhost")
    return {
      apparmor: { profileType: ProfileType.localhost, localhostRef: profile.localhostProfile ?? "" },
    };
  const profileType = profile.type === "RuntimeDefault" ? ProfileType.runtimeDefault : ProfileType.unconfined;
  return { apparmor: { profileType } };
}

function selinuxOf(options: ContainerSecurity["seLinuxOptions"]): Wire<LinuxContainerSecurityContext> {
  return options ? { selinuxOptions: options } : {};
}

/** The container whose processes an ephemeral container asks to see. */
export const targetNameOf = (container: Container): string | undefined =>
  (container as unknown as EphemeralContainer).targetContainerName;
