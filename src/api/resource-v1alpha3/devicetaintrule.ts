import { Condition } from "#api/meta-v1/condition";
import { ObjectMeta } from "#api/meta-v1/objectmeta";
import { DeviceTaint } from "#api/resource-v1alpha3/devicetaint";
import { list, type Of, ref, resource, string, struct, value } from "#machinery/schema";

export const DeviceTaintSelector = struct("resource.v1alpha3.DeviceTaintSelector", {
  driver: string(2).pointer(),
  pool: string(3).pointer(),
  device: string(4).pointer(),
});
export interface DeviceTaintSelector extends Of<typeof DeviceTaintSelector> {}

export const DeviceTaintRuleSpec = struct("resource.v1alpha3.DeviceTaintRuleSpec", {
  deviceSelector: ref(1, DeviceTaintSelector),
  taint: value(2, DeviceTaint).required(),
});
export interface DeviceTaintRuleSpec extends Of<typeof DeviceTaintRuleSpec> {}

export const DeviceTaintRuleStatus = struct("resource.v1alpha3.DeviceTaintRuleStatus", {
  conditions: list(1, Condition).mergedBy("type").doc("What is known about its state, one entry per type."),
});
export interface DeviceTaintRuleStatus extends Of<typeof DeviceTaintRuleStatus> {}

export const DeviceTaintRule = resource({
  apiVersion: "resource.k8s.io/v1alpha3",
  kind: "DeviceTaintRule",
  plural: "devicetaintrules",
  namespaced: false,
  metadata: ObjectMeta,
  spec: DeviceTaintRuleSpec,
  specRequired: true,
  status: DeviceTaintRuleStatus,
  servedByDefault: false,
});
export interface DeviceTaintRule extends Of<typeof DeviceTaintRule> {}
