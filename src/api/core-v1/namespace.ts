import { ObjectMeta } from "#api/meta-v1/objectmeta";
import { list, type Of, resource, string, struct, time } from "#machinery/schema";

export const NamespaceSpec = struct("core.v1.NamespaceSpec", {
  finalizers: list(1, string).atomic(),
});
export interface NamespaceSpec extends Of<typeof NamespaceSpec> {}

export const NamespaceCondition = struct("core.v1.NamespaceCondition", {
  type: string(1).required(),
  status: string(2).required(),
  lastTransitionTime: time(4).orNull(),
  reason: string(5),
  message: string(6),
});
export interface NamespaceCondition extends Of<typeof NamespaceCondition> {}

export const NamespaceStatus = struct("core.v1.NamespaceStatus", {
  phase: string(1).oneOf("Active", "Terminating").default("Active"),
  conditions: list(2, NamespaceCondition).mergedBy("type"),
});
export interface NamespaceStatus extends Of<typeof NamespaceStatus> {}

export const Namespace = resource({
  apiVersion: "v1",
  kind: "Namespace",
  plural: "namespaces",
  shortNames: ["ns"],
  namespaced: false,
  nameFormat: "dns-label",
  verbs: ["create", "delete", "get", "list", "patch", "update", "watch"],
  metadata: ObjectMeta,
  spec: NamespaceSpec,
  status: NamespaceStatus,
  counted: false,
  subresources: {
    finalize: { kind: "Namespace", verbs: ["update"] },
  },
});
export interface Namespace extends Of<typeof Namespace> {}
