/** What pods of one operating system may not say of the other, and how Windows users and host processes are said. */
import { named } from "#api/checks";
import { at, type FieldProblem, forbidden, invalid, item } from "#machinery/schema";
import type { Container } from "./container.ts";
import type { PodSpec } from "./podspec.ts";
import type { SecurityContext, WindowsSecurityContextOptions } from "./security.ts";

type Problems = Iterable<FieldProblem>;

const POD_FIELDS = ["hostUsers", "hostPID", "hostIPC", "shareProcessNamespace"] as const;
const POD_CONTEXT_FIELDS = [
  "appArmorProfile",
  "seLinuxOptions",
  "seccompProfile",
  "fsGroup",
  "fsGroupChangePolicy",
  "sysctls",
  "runAsUser",
  "runAsGroup",
  "supplementalGroups",
  "supplementalGroupsPolicy",
  "seLinuxChangePolicy",
] as const;
const CONTEXT_FIELDS = [
  "appArmorProfile",
  "seLinuxOptions",
  "seccompProfile",
  "capabilities",
  "readOnlyRootFilesystem",
  "privileged",
  "allowPrivilegeEscalation",
  "procMount",
  "runAsUser",
  "runAsGroup",
] as const satisfies readonly (keyof SecurityContext)[];

/** `path` leads to the spec. */
export function* operatingSystemProblems(spec: PodSpec, path: string): Problems {
  if (spec.os?.name === "linux") yield* linuxProblems(spec, path);
  else if (spec.os?.name === "windows") yield* windowsProblems(spec, path);
  yield* hostProcessProblems(spec, path);
}

function* linuxProblems(spec: PodSpec, path: string): Problems {
  const text = "windows options cannot be set for a linux pod";
  if (spec.securityContext.windowsOptions) yield forbidden(at(path, "securityContext.windowsOptions"), text);
  for (const [{ securityContext }, where] of containersOf(spec, path))
    if (securityContext?.windowsOptions) yield forbidden(at(where, "securityContext.windowsOptions"), text);
}

function* windowsProblems(spec: PodSpec, path: string): Problems {
  const text = "cannot be set for a windows pod";
  for (const name of POD_FIELDS) {
    // The namespaces of the host are shared or not; the others count as soon as they are said.
    const isSet = name === "hostPID" || name === "hostIPC" ? spec[name] : spec[name] !== undefined;
    if (isSet) yield forbidden(at(path, name), text);
  }
  for (const name of POD_CONTEXT_FIELDS)
    if (spec.securityContext[name] !== undefined) yield forbidden(at(path, `securityContext.${name}`), text);
  for (const [{ securityContext }, where] of containersOf(spec, path))
    for (const name of CONTEXT_FIELDS)
      if (securityContext?.[name] !== undefined) yield forbidden(at(where, `securityContext.${name}`), text);
  if (spec.resources) yield forbidden(at(path, "resources"), text);
}

function* hostProcessProblems(spec: PodSpec, path: string): Problems {
  const ofPod = spec.securityContext.windowsOptions?.hostProcess;
  let [all, hosted] = [0, 0];
  for (const [{ securityContext }, where] of containersOf(spec, path)) {
    const own = securityContext?.windowsOptions?.hostProcess;
    if (ofPod !== undefined && own !== undefined && own !== ofPod)
      yield invalid(
        at(where, "securityContext.windowsOptions.hostProcess"),
        own,
        `pod hostProcess value must be identical if both are specified, was ${ofPod}`,
      );
    all++;
    if (own ?? ofPod) hosted++;
  }
  if (hosted === 0) return;
  if (hosted !== all)
    yield invalid(
      path,
      "",
      "If pod contains any hostProcess containers then all containers must be HostProcess containers",
    );
  if (!spec.hostNetwork)
    yield invalid(
      at(path, "hostNetwork"),
      false,
      "hostNetwork must be true if pod contains any hostProcess containers",
    );
}

function* containersOf(
  spec: PodSpec,
  path: string,
): Iterable<readonly [Pick<Container, "securityContext">, string]> {
  for (const sort of ["initContainers", "containers", "ephemeralContainers"] as const)
    for (const [index, container] of (spec[sort] ?? []).entries())
      yield [container, item(at(path, sort), index)];
}

const CREDENTIAL_KIB_MAX = 64;
const DOMAIN_MAX = 256;
const USER_MAX = 104;

const NET_BIOS = /^[^\\/:*?"<>|.][^\\/:*?"<>|]{0,14}$/;
const LABEL = "[a-zA-Z0-9](?:[a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?";
const DNS = new RegExp(`^${LABEL}(?:\\.${LABEL})*$`);

/** `path` leads to the options. */
export function* windowsOptionsProblems(
  options: WindowsSecurityContextOptions | undefined,
  path: string,
): Problems {
  if (!options) return;
  const { gmsaCredentialSpec: credential, runAsUserName } = options;
  yield* named(at(path, "gmsaCredentialSpecName"), options.gmsaCredentialSpecName, "dns-subdomain");
  const where = at(path, "gmsaCredentialSpec");
  if (credential === "") yield invalid(where, credential, "gmsaCredentialSpec cannot be an empty string");
  if (credential !== undefined && credential.length > CREDENTIAL_KIB_MAX * 1024)
    yield invalid(where, credential, `gmsaCredentialSpec size must be under ${CREDENTIAL_KIB_MAX} KiB`);
  if (runAsUserName === undefined) return;
  for (const detail of userNameProblems(runAsUserName))
    yield invalid(at(path, "runAsUserName"), runAsUserName, detail);
}

/** A user, with the domain before a backslash if there is one. */
function* userNameProblems(name: string): Iterable<string> {
  if (name === "") return yield "runAsUserName cannot be an empty string";
  // oxlint-disable-next-line no-control-regex -- these are what is looked for
  if (/[\u0000-\u001f\u007f]/.test(name)) return yield "runAsUserName cannot contain control characters";
  const parts = name.split("\\");
  if (parts.length > 2) return yield "runAsUserName cannot contain more than one backslash";
  const user = parts.at(-1)!;
  const domain = parts.length === 2 ? parts[0]! : undefined;
  if (domain !== undefined && domain.length >= DOMAIN_MAX)
    yield `runAsUserName's Domain length must be under ${DOMAIN_MAX} characters`;
  if (domain !== undefined && !NET_BIOS.test(domain) && !DNS.test(domain))
    yield "runAsUserName's Domain doesn't match the NetBios nor the DNS format";
  if (user === "") yield "runAsUserName's User cannot be empty";
  else if (user.length > USER_MAX)
    yield `runAsUserName's User length must not be longer than ${USER_MAX} characters`;
  if (/^[. ]+$/.test(user)) yield "runAsUserName's User cannot contain only periods or spaces";
  if (/["/\\:;|=,+*?<>@[\]]/.test(user))
    yield `runAsUserName's User cannot contain the following characters: "/\\:;|=,+*?<>@[]`;
}
