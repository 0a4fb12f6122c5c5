import { Namespace } from "#api/core-v1/namespace";
import { Pod } from "#api/core-v1/pod";
import type { PodTemplateSpec } from "#api/core-v1/podtemplatespec";
import type { AnyObject, FieldProblem } from "#machinery/schema";
import { notSupported } from "#machinery/schema";
import { invalidObject } from "#machinery/status";
import type { Admission, AdmissionPlugin, ReadCache } from "../contracts.ts";
import { isAbout, refusal } from "./about.ts";
import { NO_SETTINGS, type PodSecuritySettings } from "./pod-security/configuration.ts";
import { type Level, type Policy, violations } from "./pod-security/checks.ts";

const PREFIX = "pod-security.kubernetes.io/";
const LEVELS: readonly Level[] = ["privileged", "baseline", "restricted"];
const VERSION = /^(latest|v1\.(0|[1-9][0-9]*))$/;
type Mode = "enforce" | "audit" | "warn";
const MODES: readonly Mode[] = ["enforce", "audit", "warn"];

/** Kinds that hold a pod template, by plural and group. */
const TEMPLATED = new Set([
  "deployments/apps",
  "replicasets/apps",
  "statefulsets/apps",
  "daemonsets/apps",
  "jobs/batch",
  "cronjobs/batch",
  "replicationcontrollers/",
  "podtemplates/",
]);

/** Holds pods to the level that the labels of their namespace name, by the rules of the version that they name. */
export const podSecurity = (
  cache: ReadCache,
  { defaults, exemptions }: PodSecuritySettings = NO_SETTINGS,
): AdmissionPlugin => ({
  name: "PodSecurity",
  handles: (admission) => {
    const { operation, subresource, resource } = admission;
    if (operation !== "CREATE" && operation !== "UPDATE") return false;
    if (isAbout(admission, Pod, "ephemeralcontainers")) return true;
    if (subresource !== "") return false;
    return (
      isAbout(admission, Pod) ||
      isAbout(admission, Namespace) ||
      TEMPLATED.has(`${resource.plural}/${resource.group}`)
    );
  },
  validate(admission) {
    if (isAbout(admission, Namespace)) {
      checkLabels(admission);
      if (!exemptions.namespaces?.includes(admission.name)) warnOfPods(admission, cache, defaults);
      return;
    }
    const labels = withDefaults(
      cache.get(Namespace, undefined, admission.namespace)?.metadata.labels ?? {},
      defaults,
    );
    const exemption = exemptionOf(admission, exemptions);
    if (exemption) return admission.annotate(`${PREFIX}exempt`, exemption);
    const isPod = admission.resource.plural === Pod.plural;
    if (isPod && admission.operation === "UPDATE" && !securityChanged(admission)) return;
    for (const mode of MODES) {
      // A template is not yet a pod: its author is warned, its pods will be refused.
      if (mode === "enforce" && !isPod) continue;
      check(admission, mode, labels, isPod);
    }
  },
});

function check(admission: Admission, mode: Mode, labels: Labels, isPod: boolean): void {
  const policy = policyOf(labels, mode);
  if (policy.level === "privileged") return;
  const subject = isPod ? (admission.object as Pod) : templateOf(admission.object);
  if (!subject?.spec) return;
  const found = violations(policy, subject.spec, subject.metadata?.annotations);
  if (found.length === 0) return;
  const named = nameOf(policy);
  const details = found.map(({ reason, detail }) => `${reason} (${detail})`).join(", ");
  if (mode === "enforce") throw refusal(admission, `violates PodSecurity ${named}: ${details}`);
  const text = `would violate PodSecurity ${named}: ${details}`;
  if (mode === "warn") admission.warn(text);
  else admission.annotate("pod-security.kubernetes.io/audit-violations", text);
}

type Labels = Readonly<Record<string, string>>;

/** Namespaces that say no level are held to what the operator says. */
function withDefaults(labels: Labels, defaults: Labels): Labels {
  const missing = Object.entries(defaults).filter(([name]) => labels[PREFIX + name] === undefined);
  if (missing.length === 0) return labels;
  return { ...labels, ...Object.fromEntries(missing.map(([name, text]) => [PREFIX + name, text])) };
}

/** Why nobody looks at the pod, in a word. */
function exemptionOf(
  { user, namespace, object }: Admission,
  { usernames, namespaces, runtimeClasses }: PodSecuritySettings["exemptions"],
): string | undefined {
  if (namespaces?.includes(namespace)) return "namespace";
  if (usernames?.includes(user.name)) return "user";
  if (!runtimeClasses) return undefined;
  const { spec } = object as { readonly spec?: { readonly runtimeClassName?: string } };
  const asked = spec?.runtimeClassName ?? templateOf(object)?.spec?.runtimeClassName;
  return asked !== undefined && runtimeClasses.includes(asked) ? "runtimeClass" : undefined;
}

/** Labels that say nothing ask for nothing; where a level is enforced that nobody knows, it is the strictest. */
function policyOf(labels: Labels, mode: Mode): Policy {
  const said = labels[PREFIX + mode];
  const otherwise = mode === "enforce" && said !== undefined ? "restricted" : "privileged";
  const level = LEVELS.find((known) => known === said) ?? otherwise;
  const [, minor] = VERSION.exec(labels[`${PREFIX}${mode}-version`] ?? "")?.[1]?.split(".") ?? [];
  return { level, minor: minor === undefined ? Number.POSITIVE_INFINITY : Number(minor) };
}

const nameOf = ({ level, minor }: Policy): string =>
  JSON.stringify(`${level}:${Number.isFinite(minor) ? `v1.${minor}` : "latest"}`);

/** No more pods are looked at when the level of their namespace rises. */
const PODS_MAX = 3000;

/** A namespace whose level rises keeps the pods that it has; who raised it learns of them. */
function warnOfPods({ operation, object, old, warn }: Admission, cache: ReadCache, defaults: Labels): void {
  if (operation !== "UPDATE") return;
  const { name, labels = {} } = (object as Namespace).metadata;
  const [now, before] = [labels, old?.metadata.labels ?? {}].map((of) =>
    policyOf(withDefaults(of, defaults), "enforce"),
  ) as [Policy, Policy];
  const isStricter = LEVELS.indexOf(now.level) > LEVELS.indexOf(before.level);
  if (now.level === "privileged" || (!isStricter && now.minor === before.minor)) return;
  const pods = [...cache.list(Pod, name)];
  const found = new Map<string, string[]>();
  for (const { metadata, spec } of pods.slice(0, PODS_MAX)) {
    const reasons = violations(now, spec, metadata.annotations).map(({ reason }) => reason);
    if (reasons.length === 0) continue;
    const text = reasons.join(", ");
    const names = found.get(text);
    if (names) names.push(metadata.name);
    else found.set(text, [metadata.name]);
  }
  if (pods.length > PODS_MAX)
    warn(
      `new PodSecurity enforce level only checked against the first ${PODS_MAX} of ${pods.length} existing pods`,
    );
  if (found.size === 0) return;
  warn(
    `existing pods in namespace ${JSON.stringify(name)} violate the new PodSecurity enforce level ${nameOf(now)}`,
  );
  for (const [reasons, names] of [...found].toSorted(([, a], [, b]) => (a[0]! < b[0]! ? -1 : 1)))
    warn(`${podsText(names)}: ${reasons}`);
}

function podsText([first, ...others]: readonly string[]): string {
  if (others.length === 0) return first ?? "";
  return `${first} (and ${others.length} other ${others.length === 1 ? "pod" : "pods"})`;
}

interface TemplateHolder {
  readonly template?: PodTemplateSpec;
  readonly spec?: {
    readonly template?: PodTemplateSpec;
    readonly jobTemplate?: { readonly spec?: { readonly template?: PodTemplateSpec } };
  };
}

function templateOf(object: AnyObject | undefined): PodTemplateSpec | undefined {
  const { template, spec } = object as unknown as TemplateHolder;
  return template ?? spec?.template ?? spec?.jobTemplate?.spec?.template;
}

/** Most updates of pods change nothing that a check looks at. */
function securityChanged({ old, object }: Admission): boolean {
  const text = (pod: Pod) => JSON.stringify([pod.spec, pod.metadata.annotations]);
  return text(old as Pod) !== text(object as Pod);
}

function checkLabels(admission: Admission): void {
  const { labels = {}, name } = (admission.object as Namespace).metadata;
  const problems: FieldProblem[] = [];
  for (const mode of MODES) {
    const level = labels[PREFIX + mode];
    if (level !== undefined && !LEVELS.some((known) => known === level)) {
      problems.push(notSupported(`metadata.labels[${PREFIX}${mode}]`, level, LEVELS));
    }
    const key = `${PREFIX}${mode}-version`;
    const version = labels[key];
    if (version !== undefined && !VERSION.test(version)) {
      problems.push({
        type: "invalid",
        path: `metadata.labels[${key}]`,
        value: version,
        detail: 'must be "latest" or "v1.x"',
      });
    }
  }
  const before = (admission.old as Namespace | undefined)?.metadata.labels;
  if (problems.length > 0 && JSON.stringify(before) !== JSON.stringify(labels)) {
    throw invalidObject({ group: "", kind: "Namespace" }, name, problems);
  }
}
