import type { ObjectMeta } from "#api/meta-v1/objectmeta";
import { at, entry } from "#machinery/schema";
import { APPARMOR_ANNOTATION } from "./pod-apparmor.ts";
import { containersOf } from "./pod-containers.ts";
import type { PodSpec } from "./podspec.ts";

type Warnings = Iterable<string>;
type Annotations = ObjectMeta["annotations"];

interface Annotated {
  readonly metadata: Pick<ObjectMeta, "annotations">;
  readonly spec: PodSpec;
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
export function* annotationWarnings(annotations: Annotations, spec: PodSpec, path: string): Warnings {
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
export function* appArmorWarnings({ metadata, spec }: Annotated, path: string, isSettled: boolean): Warnings {
  const { annotations } = metadata;
  if (!annotations || spec.securityContext.appArmorProfile) return;
  for (const [{ name, securityContext }] of containersOf(spec, path)) {
    const key = APPARMOR_ANNOTATION + name;
    if (annotations[key] === undefined) continue;
    if (isSettled || !securityContext?.appArmorProfile)
      yield `${entry(at(path, "metadata.annotations"), key)}: deprecated since v1.30; use the "appArmorProfile" field instead`;
  }
}
