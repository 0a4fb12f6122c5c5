import { PodTemplateSpec } from "#api/core-v1/podtemplatespec";
import { LabelSelector } from "#api/meta-v1/labelselector";
import { bool, int32, int64, list, type Of, ref, string, struct, time, value } from "#machinery/schema";

export const PodFailurePolicyOnExitCodesRequirement = struct(
  "batch.v1.PodFailurePolicyOnExitCodesRequirement",
  {
    containerName: string(1).pointer(),
    operator: string(2).oneOf("In", "NotIn").required(),
    values: list(3, int32).required().set().maxItems(255),
  },
);
export interface PodFailurePolicyOnExitCodesRequirement extends Of<
  typeof PodFailurePolicyOnExitCodesRequirement
> {}

export const PodFailurePolicyOnPodConditionsPattern = struct(
  "batch.v1.PodFailurePolicyOnPodConditionsPattern",
  {
    type: string(1).required(),
    status: string(2).always().default("True"),
  },
);
export interface PodFailurePolicyOnPodConditionsPattern extends Of<
  typeof PodFailurePolicyOnPodConditionsPattern
> {}

export const PodFailurePolicyRule = struct("batch.v1.PodFailurePolicyRule", {
  action: string(1).oneOf("FailJob", "FailIndex", "Ignore", "Count").required().notEmpty(),
  onExitCodes: ref(2, PodFailurePolicyOnExitCodesRequirement),
  onPodConditions: list(3, PodFailurePolicyOnPodConditionsPattern).atomic(),
});
export interface PodFailurePolicyRule extends Of<typeof PodFailurePolicyRule> {}

export const PodFailurePolicy = struct("batch.v1.PodFailurePolicy", {
  rules: list(1, PodFailurePolicyRule).required().atomic().maxItems(20),
});
export interface PodFailurePolicy extends Of<typeof PodFailurePolicy> {}

export const SuccessPolicyRule = struct("batch.v1.SuccessPolicyRule", {
  succeededIndexes: string(1).pointer(),
  succeededCount: int32(2).pointer(),
});
export interface SuccessPolicyRule extends Of<typeof SuccessPolicyRule> {}

export const SuccessPolicy = struct("batch.v1.SuccessPolicy", {
  rules: list(1, SuccessPolicyRule).required().atomic().maxItems(20),
});
export interface SuccessPolicy extends Of<typeof SuccessPolicy> {}

export const JobSpec = struct("batch.v1.JobSpec", {
  parallelism: int32(1).pointer().assigned().min(0),
  completions: int32(2).pointer().min(0),
  activeDeadlineSeconds: int64(3).pointer().min(0),
  podFailurePolicy: ref(11, PodFailurePolicy),
  successPolicy: ref(16, SuccessPolicy),
  backoffLimit: int32(7).pointer().assigned().min(0),
  backoffLimitPerIndex: int32(12).pointer().min(0),
  maxFailedIndexes: int32(13).pointer().min(0),
  selector: ref(4, LabelSelector),
  manualSelector: bool(5).pointer().assigned(),
  template: value(6, PodTemplateSpec).required(),
  ttlSecondsAfterFinished: int32(8).pointer().min(0),
  completionMode: string(9).pointer().oneOf("NonIndexed", "Indexed").assigned(),
  suspend: bool(10).pointer().assigned(),
  podReplacementPolicy: string(14).pointer().oneOf("TerminatingOrFailed", "Failed").assigned(),
  managedBy: string(15).pointer().maxLength(63),
});
export interface JobSpec extends Of<typeof JobSpec> {}

export const JobCondition = struct("batch.v1.JobCondition", {
  type: string(1).required(),
  status: string(2).required(),
  lastProbeTime: time(3).orNull(),
  lastTransitionTime: time(4).orNull(),
  reason: string(5),
  message: string(6),
});
export interface JobCondition extends Of<typeof JobCondition> {}

export const UncountedTerminatedPods = struct("batch.v1.UncountedTerminatedPods", {
  succeeded: list(1, string).set(),
  failed: list(2, string).set(),
});
export interface UncountedTerminatedPods extends Of<typeof UncountedTerminatedPods> {}

export const JobStatus = struct("batch.v1.JobStatus", {
  conditions: list(1, JobCondition).atomic().patch("merge", "type"),
  startTime: time(2).pointer(),
  completionTime: time(3).pointer(),
  active: int32(4).min(0),
  succeeded: int32(5).min(0),
  failed: int32(6).min(0),
  terminating: int32(11).pointer().min(0),
  completedIndexes: string(7),
  failedIndexes: string(10).pointer(),
  uncountedTerminatedPods: ref(8, UncountedTerminatedPods),
  ready: int32(9).pointer().min(0),
});
export interface JobStatus extends Of<typeof JobStatus> {}
