import type { Container, EphemeralContainer } from "./container.ts";
import type { PodSpec } from "./podspec.ts";
import type { PodTemplateSpec } from "./podtemplatespec.ts";
import type { Volume } from "./volume.ts";

/** `registry:5000/app:v1@sha256:…` to its tag: `latest` when nothing else is said, none when a digest is. */
function tagOf(image: string): string | undefined {
  const [name = "", digest] = image.split("@", 2);
  const last = name.slice(name.lastIndexOf("/") + 1);
  const colon = last.indexOf(":");
  if (colon >= 0) return last.slice(colon + 1);
  return digest === undefined ? "latest" : undefined;
}

/** Images that may change under their name are pulled each time. */
export const pullPolicyOf = (image: string): "Always" | "IfNotPresent" =>
  tagOf(image) === "latest" ? "Always" : "IfNotPresent";

function containerDefaults<C extends Container | EphemeralContainer>(container: C): C {
  if (container.imagePullPolicy) return container;
  return { ...container, imagePullPolicy: pullPolicyOf(container.image ?? "") };
}

function volumeDefaults(volume: Volume): Volume {
  if (volume.image && !volume.image.pullPolicy)
    return { ...volume, image: { ...volume.image, pullPolicy: pullPolicyOf(volume.image.reference ?? "") } };
  return Object.keys(volume).length > 1 ? volume : { ...volume, emptyDir: {} };
}

/** The array itself when nothing in it changes. */
export function mapped<T>(items: readonly T[], change: (item: T) => T): readonly T[] {
  const made = items.map(change);
  return made.every((item, index) => item === items[index]) ? items : made;
}

/** The object with some members changed; the same object when they are as they were. */
export function changed<T extends object>(object: T, change: Partial<T>): T {
  const differs = (Object.keys(change) as (keyof T)[]).some((key) => change[key] !== object[key]);
  return differs ? { ...object, ...change } : object;
}

/** Defaults of a pod's spec that depend on other fields, alone or in a template. */
export function podSpecDefaults(spec: PodSpec): PodSpec {
  const account = spec.serviceAccountName || spec.serviceAccount;
  return changed(spec, {
    containers: mapped(spec.containers ?? [], containerDefaults),
    ...(spec.initContainers ? { initContainers: mapped(spec.initContainers, containerDefaults) } : {}),
    ...(spec.ephemeralContainers
      ? { ephemeralContainers: mapped(spec.ephemeralContainers, containerDefaults) }
      : {}),
    ...(spec.volumes ? { volumes: mapped(spec.volumes, volumeDefaults) } : {}),
    ...(account ? { serviceAccountName: account, serviceAccount: account } : {}),
  });
}

/** As `podSpecDefaults`, for the template of a workload. */
export const templateDefaults = (template: PodTemplateSpec): PodTemplateSpec =>
  changed(template, { spec: podSpecDefaults(template.spec) });
