import { Namespace } from "#api/core-v1/namespace";
import { Pod } from "#api/core-v1/pod";
import type { PodTemplateSpec } from "#api/core-v1/podtemplatespec";
import type { AnyObject, FieldProblem } from "#machinery/schema";
import { notSupported } from "#machinery/schema";
import { invalidObject } from "#machinery/status";
import type { Admission, AdmissionPlugin, ReadCache } from "../contracts.ts";
import { isAbout, refusal } from "./about.ts";
import { type Level, violations } from "./pod-security/checks.ts";

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

/** Holds pods to the level that the labels of their namespace name. The rules are those of the newest version. */
export const podSecurity = (cache: ReadCache): AdmissionPlugin => ({
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
    if (isAbout(admission, Namespace)) return checkLabels(admission);
    const labels = cache.get(Namespace, undefined, admission.namespace)?.metadata.labels ?? {};
    const isPod = admission.resource.plural === Pod.plural;
    if (isPod && admission.operation === "UPDATE" && !securityChanged(admission)) return;
    for (const mode of MODES) {
      // A template is not yet a pod: its author is warned, its pods will be refused.
      if (mode === "enforce" && !isPod) continue;
      check(admission, mode, labels, isPod);
    }
  },
});

function check(
  admission: Admission,
  mode: Mode,
  labels: Readonly<Record<string, string>>,
  isPod: boolean,
): void {
  const asked = labels[PREFIX + mode];
  const level = LEVELS.find((known) => known === asked);
  if (!level || level === "privileged") return;
  const subject = isPod ? (admission.object as Pod) : templateOf(admission.object);
  if (!subject?.spec) return;
  const found = violations(level, subject.spec, subject.metadata?.annotations);
  if (found.length === 0) return;
  const policy = `"${level}:${labels[`${PREFIX}${mode}-version`] ?? "latest"}"`;
  const details = found.map(({ reason, detail }) => `${reason} (${detail})`).join(", ");
  if (mode === "enforce") throw refusal(admission, `violates PodSecurity ${policy}: ${details}`);
  const text = `would violate PodSecurity ${policy}: ${details}`;
  if (mode === "warn") admission.warn(text);
  else admission.annotate("pod-security.kubernetes.io/audit-violations", text);
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
