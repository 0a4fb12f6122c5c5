import { ageColumn, nameColumn, NONE, text, wide } from "#api/columns";
import { PodSpec } from "#api/core-v1/podspec";
import { PodStatus } from "#api/core-v1/podstatus";
import { ObjectMeta } from "#api/meta-v1/objectmeta";
import { entry, type FieldProblem, forbidden, invalid, item, type Of, resource } from "#machinery/schema";
import { gatesText, readyText, restartsText, statusText } from "./pod-columns.ts";
import { podDefaults } from "./pod-defaults.ts";
import { createdPod, keptQosClass } from "./pod-strategy.ts";
import { podStatusUpdateProblems, podUpdateProblems } from "./pod-update.ts";
import { appArmorProblems } from "./pod-apparmor.ts";
import { appArmorWarnings } from "./annotation-warnings.ts";
import { hostNameWarnings, podWarnings } from "./pod-warnings.ts";
import { podSpecProblems } from "./podspec-rules.ts";
import { isMirror, MIRROR_ANNOTATION } from "./podstate.ts";

const DELETION_COST = "controller.kubernetes.io/pod-deletion-cost";

const isInt32 = (text: string): boolean =>
  /^(0|-?[1-9][0-9]{0,9})$/.test(text) && Number(text) === (Number(text) | 0);

/** Only of pods: templates may hold images that are filled in later. */
function* imageProblems(spec: PodSpec): Iterable<FieldProblem> {
  for (const sort of ["containers", "initContainers"] as const)
    for (const [index, { image = "" }] of (spec[sort] ?? []).entries())
      if (image.trim() !== image)
        yield invalid(
          `${item(`spec.${sort}`, index)}.image`,
          image,
          "must not have leading or trailing whitespace",
        );
}

export const Pod = resource({
  apiVersion: "v1",
  kind: "Pod",
  doc: "Containers that run together on one node, sharing its network address and volumes.",
  plural: "pods",
  shortNames: ["po"],
  categories: ["all"],
  namespaced: true,
  metadata: ObjectMeta,
  spec: PodSpec,
  status: PodStatus,
  subresources: {
    attach: { kind: "PodAttachOptions", verbs: ["create", "get"], connect: true },
    binding: { kind: "Binding", verbs: ["create"] },
    ephemeralcontainers: { kind: "Pod", verbs: ["get", "patch", "update"] },
    eviction: { kind: "Eviction", apiVersion: "policy/v1", verbs: ["create"] },
    exec: { kind: "PodExecOptions", verbs: ["create", "get"], connect: true },
    log: { kind: "Pod", verbs: ["get"] },
    portforward: { kind: "PodPortForwardOptions", verbs: ["create", "get"], connect: true },
    proxy: { kind: "PodProxyOptions", verbs: ["create", "delete", "get", "patch", "update"], connect: true },
    resize: { kind: "Pod", verbs: ["get", "patch", "update"] },
  },

  fieldSelectors: {
    "spec.nodeName": ({ spec }) => spec.nodeName ?? "",
    "spec.restartPolicy": ({ spec }) => spec.restartPolicy,
    "spec.schedulerName": ({ spec }) => spec.schedulerName,
    "spec.serviceAccountName": ({ spec }) => spec.serviceAccountName ?? "",
    "spec.hostNetwork": ({ spec }) => String(spec.hostNetwork ?? false),
    "status.phase": ({ status }) => status.phase ?? "",
    "status.podIP": ({ status }) => status.podIP ?? "",
    "status.podIPs": ({ status }) => (status.podIPs ?? []).map(({ ip }) => ip).join(","),
    "status.nominatedNodeName": ({ status }) => status.nominatedNodeName ?? "",
  },
  columns: [
    nameColumn,
    text("Ready", readyText),
    text("Status", statusText),
    text("Restarts", restartsText),
    ageColumn,
    wide("IP", ({ status }) => status.podIPs?.[0]?.ip ?? (status.podIP || NONE)),
    wide("Node", ({ spec }) => spec.nodeName || NONE),
    wide("Nominated Node", ({ status }) => status.nominatedNodeName || NONE),
    wide("Readiness Gates", gatesText),
  ],
  rules: {
    defaults: (pod) => podDefaults(pod),
    prepareForCreate: (pod) => createdPod(pod),
    prepareForStatusUpdate: (pod, old) => keptQosClass(pod, old),
    *validate(pod) {
      yield* podSpecProblems(pod.spec, "spec");
      if (isMirror(pod) && !pod.spec.nodeName)
        yield invalid(
          entry("metadata.annotations", MIRROR_ANNOTATION),
          "",
          "must set spec.nodeName if mirror pod annotation is set",
        );
      const cost = pod.metadata.annotations?.[DELETION_COST];
      if (cost !== undefined && !isInt32(cost))
        yield invalid(entry("metadata.annotations", DELETION_COST), cost, "must be a 32bit integer");
      yield* imageProblems(pod.spec);
      yield* appArmorProblems(pod.metadata, pod.spec, "metadata.annotations");
    },
    *validateCreate({ spec }) {
      if (spec.ephemeralContainers) yield forbidden("spec.ephemeralContainers", "cannot be set on create");
      if (spec.nodeName && spec.schedulingGates)
        yield forbidden("spec.nodeName", "cannot be set until all schedulingGates have been cleared");
    },
    validateUpdate: (pod, old) => podUpdateProblems(pod, old),
    validateStatusUpdate: (pod, old) => podStatusUpdateProblems(pod, old),
    *warnings(pod, old) {
      yield* hostNameWarnings(pod.metadata.name, old, "the Pod's hostname");
      if (!old) yield* appArmorWarnings(pod, "", true);
      yield* podWarnings(pod, "");
    },
  },
});
export interface Pod extends Of<typeof Pod> {}
