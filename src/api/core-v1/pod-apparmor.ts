/** AppArmor profiles as they were said before there were fields for them: annotations of the pod, one per container. */
import type { ObjectMeta } from "#api/meta-v1/objectmeta";
import { entry, type FieldProblem, invalid } from "#machinery/schema";
import type { Container } from "./container.ts";
import type { PodSpec } from "./podspec.ts";
import type { AppArmorProfile } from "./security.ts";

/** Followed by the container's name. */
export const APPARMOR_ANNOTATION = "container.apparmor.security.beta.kubernetes.io/";

const LOCALHOST = "localhost/";

function profileOf(text: string): AppArmorProfile | undefined {
  if (text === "unconfined") return { type: "Unconfined" };
  if (text === "runtime/default") return { type: "RuntimeDefault" };
  if (text.startsWith(LOCALHOST) && text.length > LOCALHOST.length)
    return { type: "Localhost", localhostProfile: text.slice(LOCALHOST.length) };
  return undefined;
}

const SORTS = ["initContainers", "containers", "ephemeralContainers"] as const;

/** `path` leads to the annotations. */
export function* appArmorProblems(
  { annotations }: Pick<ObjectMeta, "annotations">,
  spec: PodSpec,
  path: string,
): Iterable<FieldProblem> {
  if (!annotations) return;
  for (const [key, text] of Object.entries(annotations)) {
    if (!key.startsWith(APPARMOR_ANNOTATION)) continue;
    const name = key.slice(APPARMOR_ANNOTATION.length);
    const isThere = SORTS.some((sort) => spec[sort]?.some((container) => container.name === name));
    if (!isThere) yield invalid(entry(path, key), name, "container not found");
    if (text !== "" && !profileOf(text))
      yield invalid(entry(path, key), text, `invalid AppArmor profile name: "${text}"`);
  }
}

/** The spec with what annotations say of containers that say nothing themselves. */
export function withAnnotatedProfiles(
  { annotations }: Pick<ObjectMeta, "annotations">,
  spec: PodSpec,
): PodSpec {
  const isAnnotated = Object.keys(annotations ?? {}).some((key) => key.startsWith(APPARMOR_ANNOTATION));
  if (!annotations || !isAnnotated || spec.os?.name === "windows") return spec;
  const settle = <C extends Pick<Container, "name" | "securityContext">>(container: C): C => {
    const appArmorProfile = profileOf(annotations[APPARMOR_ANNOTATION + container.name] ?? "");
    if (!appArmorProfile || container.securityContext?.appArmorProfile) return container;
    if (isSame(appArmorProfile, spec.securityContext.appArmorProfile)) return container;
    return { ...container, securityContext: { ...container.securityContext, appArmorProfile } };
  };
  return {
    ...spec,
    containers: spec.containers.map(settle),
    ...(spec.initContainers ? { initContainers: spec.initContainers.map(settle) } : {}),
  };
}

const isSame = (a: AppArmorProfile, b: AppArmorProfile | undefined): boolean =>
  a.type === b?.type && a.localhostProfile === b.localhostProfile;
