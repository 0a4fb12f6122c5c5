import { PodSpec } from "#api/core-v1/podspec";
import { PodStatus } from "#api/core-v1/podstatus";
import { ObjectMeta } from "#api/meta-v1/objectmeta";
import { type Of, resource } from "#machinery/schema";

export { PodSpec } from "#api/core-v1/podspec";
export { PodStatus } from "#api/core-v1/podstatus";
export { PodTemplateSpec } from "#api/core-v1/podtemplatespec";

export const Pod = resource({
  apiVersion: "v1",
  kind: "Pod",
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
});
export interface Pod extends Of<typeof Pod> {}
