import { descendingPath } from "./paths.ts";
import { windowsOptionsProblems } from "./windows-rules.ts";
import { distinct, kernelId } from "#api/checks";
import {
  at,
  bool,
  type FieldProblem,
  int64,
  invalid,
  item,
  list,
  type Of,
  ref,
  required,
  string,
  struct,
  tooLong,
} from "#machinery/schema";

function* localhostProblems(
  type: string,
  profile: string | undefined,
  path: string,
  what: string,
): Iterable<FieldProblem> {
  if (type !== "Localhost") {
    if (profile !== undefined) yield invalid(path, profile, `can only be set when ${what} type is Localhost`);
  } else if (!profile) yield required(path, `must be set when ${what} type is Localhost`);
  else yield* descendingPath(profile, path);
}

const PROFILE_BYTES_MAX = 4095;

export const AppArmorProfile = struct(
  "core.v1.AppArmorProfile",
  {
    type: string(1)
      .oneOf("Unconfined", "RuntimeDefault", "Localhost")
      .required()
      .union("d")
      .notEmpty()
      .doc("Localhost, RuntimeDefault or Unconfined."),
    localhostProfile: string(2)
      .pointer()
      .union("LocalhostProfile")
      .doc("Profile loaded on the node, for Localhost."),
  },
  {
    *validate({ type, localhostProfile }, path) {
      const where = at(path, "localhostProfile");
      if (type !== "Localhost" || !localhostProfile) {
        yield* localhostProblems(type, localhostProfile, where, "AppArmor");
        return;
      }
      if (localhostProfile.trim() !== localhostProfile)
        yield invalid(where, localhostProfile, "must not be padded with whitespace");
      if (localhostProfile.length > PROFILE_BYTES_MAX) yield tooLong(where, PROFILE_BYTES_MAX);
    },
  },
);
export interface AppArmorProfile extends Of<typeof AppArmorProfile> {}

export const Capabilities = struct("core.v1.Capabilities", {
  add: list(1, string).atomic().doc("Capabilities to add."),
  drop: list(2, string).atomic().doc("Capabilities to take away."),
});
export interface Capabilities extends Of<typeof Capabilities> {}

export const SELinuxOptions = struct("core.v1.SELinuxOptions", {
  user: string(1).doc("SELinux user."),
  role: string(2).doc("SELinux role."),
  type: string(3).doc("SELinux type."),
  level: string(4).doc("SELinux level."),
});
export interface SELinuxOptions extends Of<typeof SELinuxOptions> {}

export const WindowsSecurityContextOptions = struct("core.v1.WindowsSecurityContextOptions", {
  gmsaCredentialSpecName: string(1).pointer().doc("Name of the GMSA credential specification."),
  gmsaCredentialSpec: string(2).pointer().doc("The GMSA credential specification itself."),
  runAsUserName: string(3).pointer().doc("Windows user that runs the process."),
  hostProcess: bool(4).pointer().doc("The container runs as a process of the host."),
});
export interface WindowsSecurityContextOptions extends Of<typeof WindowsSecurityContextOptions> {}

const SYSCTL_TEXT = "^([a-z0-9]([-_a-z0-9]*[a-z0-9])?[\\./])*[a-z0-9]([-_a-z0-9]*[a-z0-9])?$";
const SYSCTL = /^([a-z0-9]([-_a-z0-9]*[a-z0-9])?[./])*[a-z0-9]([-_a-z0-9]*[a-z0-9])?$/;

export const Sysctl = struct(
  "core.v1.Sysctl",
  {
    name: string(1).required().notEmpty().doc("Name of the kernel parameter."),
    value: string(2).required().doc("Value of the kernel parameter."),
  },
  {
    *validate({ name }, path) {
      if (name !== "" && (name.length > 253 || !SYSCTL.test(name)))
        yield invalid(
          at(path, "name"),
          name,
          "must have at most 253 characters and match regex " + SYSCTL_TEXT,
        );
    },
  },
);
export interface Sysctl extends Of<typeof Sysctl> {}

export const SeccompProfile = struct(
  "core.v1.SeccompProfile",
  {
    type: string(1)
      .oneOf("Unconfined", "RuntimeDefault", "Localhost")
      .required()
      .union("d")
      .notEmpty()
      .doc("Localhost, RuntimeDefault or Unconfined."),
    localhostProfile: string(2)
      .pointer()
      .union("LocalhostProfile")
      .doc("Profile file on the node, for Localhost."),
  },
  {
    *validate({ type, localhostProfile }, path) {
      yield* localhostProblems(type, localhostProfile, at(path, "localhostProfile"), "seccomp");
    },
  },
);
export interface SeccompProfile extends Of<typeof SeccompProfile> {}

export const PodSecurityContext = struct(
  "core.v1.PodSecurityContext",
  {
    seLinuxOptions: ref(1, SELinuxOptions).doc("SELinux label."),
    windowsOptions: ref(8, WindowsSecurityContextOptions).doc("Settings for pods of Windows."),
    runAsUser: int64(2).pointer().doc("User id of the processes."),
    runAsGroup: int64(6).pointer().doc("Group id of the processes."),
    runAsNonRoot: bool(3).pointer().doc("Refuses to start as user 0."),
    supplementalGroups: list(4, int64).atomic().doc("Further groups of the processes."),
    supplementalGroupsPolicy: string(12)
      .pointer()
      .oneOf("Merge", "Strict")
      .doc("Merge takes groups of the image too; Strict does not."),
    fsGroup: int64(5).pointer().doc("Group that volumes are given to."),
    sysctls: list(7, Sysctl).atomic().doc("Kernel settings of the pod."),
    fsGroupChangePolicy: string(9)
      .pointer()
      .oneOf("OnRootMismatch", "Always")
      .doc("Whether files are given to the group on every mount."),
    seccompProfile: ref(10, SeccompProfile).doc("System calls that are allowed."),
    appArmorProfile: ref(11, AppArmorProfile).doc("AppArmor profile."),
    seLinuxChangePolicy: string(13)
      .pointer()
      .oneOf("MountOption", "Recursive")
      .gate("SELinuxChangePolicy")
      .doc("MountOption or Recursive: how volumes get their label."),
  },
  {
    *validate(context, path) {
      yield* kernelId(at(path, "fsGroup"), context.fsGroup);
      yield* kernelId(at(path, "runAsUser"), context.runAsUser);
      yield* kernelId(at(path, "runAsGroup"), context.runAsGroup);
      for (const [index, group] of (context.supplementalGroups ?? []).entries())
        yield* kernelId(item(at(path, "supplementalGroups"), index), group);
      yield* distinct(at(path, "sysctls"), context.sysctls, ({ name }) => name, "name");
      yield* windowsOptionsProblems(context.windowsOptions, at(path, "windowsOptions"));
    },
  },
);
export interface PodSecurityContext extends Of<typeof PodSecurityContext> {}

export const SecurityContext = struct(
  "core.v1.SecurityContext",
  {
    capabilities: ref(1, Capabilities).doc("Rights of the kernel that are added or dropped."),
    privileged: bool(2).pointer().doc("Runs with all rights of the node."),
    seLinuxOptions: ref(3, SELinuxOptions).doc("SELinux label."),
    windowsOptions: ref(10, WindowsSecurityContextOptions).doc("Settings for containers of Windows."),
    runAsUser: int64(4).pointer().doc("User id of the process."),
    runAsGroup: int64(8).pointer().doc("Group id of the process."),
    runAsNonRoot: bool(5).pointer().doc("Refuses to start as user 0."),
    readOnlyRootFilesystem: bool(6).pointer().doc("The container's own file system cannot be written."),
    allowPrivilegeEscalation: bool(7).pointer().doc("Whether a process may get more rights than its parent."),
    procMount: string(9).pointer().oneOf("Default", "Unmasked").doc("How /proc is shown."),
    seccompProfile: ref(11, SeccompProfile).doc("System calls that are allowed."),
    appArmorProfile: ref(12, AppArmorProfile).doc("AppArmor profile."),
  },
  {
    *validate(context, path) {
      yield* kernelId(at(path, "runAsUser"), context.runAsUser);
      yield* kernelId(at(path, "runAsGroup"), context.runAsGroup);
      yield* windowsOptionsProblems(context.windowsOptions, at(path, "windowsOptions"));
      if (context.allowPrivilegeEscalation !== false) return;
      if (context.privileged)
        yield invalid(
          path,
          context,
          "cannot set `allowPrivilegeEscalation` to false and `privileged` to true",
        );
      if (context.capabilities?.add?.includes("CAP_SYS_ADMIN"))
        yield invalid(
          path,
          context,
          "cannot set `allowPrivilegeEscalation` to false and `capabilities.Add` CAP_SYS_ADMIN",
        );
    },
  },
);
export interface SecurityContext extends Of<typeof SecurityContext> {}
