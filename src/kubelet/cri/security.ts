/** Security settings of sandboxes and containers, as CRI v1 has them. */
import { bool, int32, int64, list, ref, string, struct, type Of } from "#machinery/schema";

export const NamespaceMode = { pod: 0, container: 1, node: 2, target: 3 } as const;

export const SupplementalGroupsPolicy = { merge: 0, strict: 1 } as const;

export const ProfileType = { runtimeDefault: 0, unconfined: 1, localhost: 2 } as const;

export const Int64Value = struct("cri.v1.Int64Value", {
  value: int64(1).always(),
});
export interface Int64Value extends Of<typeof Int64Value> {}

export const SecurityProfile = struct("cri.v1.SecurityProfile", {
  profileType: int32(1).always(),
  localhostRef: string(2).always(),
});
export interface SecurityProfile extends Of<typeof SecurityProfile> {}

export const NamespaceOption = struct("cri.v1.NamespaceOption", {
  network: int32(1).always(),
  pid: int32(2).always(),
  ipc: int32(3).always(),
  targetId: string(4).always(),
});
export interface NamespaceOption extends Of<typeof NamespaceOption> {}

export const SELinuxOption = struct("cri.v1.SELinuxOption", {
  user: string(1).always(),
  role: string(2).always(),
  type: string(3).always(),
  level: string(4).always(),
});
export interface SELinuxOption extends Of<typeof SELinuxOption> {}

export const Capability = struct("cri.v1.Capability", {
  addCapabilities: list(1, string).always(),
  dropCapabilities: list(2, string).always(),
});
export interface Capability extends Of<typeof Capability> {}

export const LinuxSandboxSecurityContext = struct("cri.v1.LinuxSandboxSecurityContext", {
  namespaceOptions: ref(1, NamespaceOption),
  selinuxOptions: ref(2, SELinuxOption),
  runAsUser: ref(3, Int64Value),
  runAsGroup: ref(8, Int64Value),
  readonlyRootfs: bool(4).always(),
  supplementalGroups: list(5, int64).always(),
  supplementalGroupsPolicy: int32(11).always(),
  privileged: bool(6).always(),
  seccomp: ref(9, SecurityProfile),
  apparmor: ref(10, SecurityProfile),
});
export interface LinuxSandboxSecurityContext extends Of<typeof LinuxSandboxSecurityContext> {}

export const LinuxContainerSecurityContext = struct("cri.v1.LinuxContainerSecurityContext", {
  capabilities: ref(1, Capability),
  privileged: bool(2).always(),
  namespaceOptions: ref(3, NamespaceOption),
  selinuxOptions: ref(4, SELinuxOption),
  runAsUser: ref(5, Int64Value),
  runAsGroup: ref(12, Int64Value),
  runAsUsername: string(6).always(),
  readonlyRootfs: bool(7).always(),
  supplementalGroups: list(8, int64).always(),
  supplementalGroupsPolicy: int32(17).always(),
  noNewPrivs: bool(11).always(),
  maskedPaths: list(13, string).always(),
  readonlyPaths: list(14, string).always(),
  seccomp: ref(15, SecurityProfile),
  apparmor: ref(16, SecurityProfile),
});
export interface LinuxContainerSecurityContext extends Of<typeof LinuxContainerSecurityContext> {}
