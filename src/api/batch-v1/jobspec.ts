import { PodTemplateSpec } from "#api/core-v1/podtemplatespec";
import { LabelSelector } from "#api/meta-v1/labelselector";
import { bool, int32, int64, list, type Of, ref, string, struct, time, value } from "#machinery/schema";

export const PodFailurePolicyOnExitCodesRequirement = struct(
  "batch.v1.PodFailurePolicyOnExitCodesRequirement",
  {
    containerName: string(1).pointer().doc("Container that is meant; without it any."),
    operator: string(2).oneOf("In", "NotIn").required().doc("In or NotIn."),
    values: list(3, int32).required().set().maxItems(255).doc("Exit codes."),
  },
);
export interface PodFailurePolicyOnExitCodesRequirement extends Of<
  typeof PodFailurePolicyOnExitCodesRequirement
> {}

export const PodFailurePolicyOnPodConditionsPattern = struct(
  "batch.v1.PodFailurePolicyOnPodConditionsPattern",
  {
    type: string(1).required().doc("Type of the condition."),
    status: string(2).always().default("True").doc("Status of the condition; True by default."),
  },
);
export interface PodFailurePolicyOnPodConditionsPattern extends Of<
  typeof PodFailurePolicyOnPodConditionsPattern
> {}

export const PodFailurePolicyRule = struct("batch.v1.PodFailurePolicyRule", {
  action: string(1)
    .oneOf("FailJob", "FailIndex", "Ignore", "Count")
    .required()
    .notEmpty()
    .doc("FailJob, FailIndex, Ignore or Count."),
  onExitCodes: ref(2, PodFailurePolicyOnExitCodesRequirement).doc("Fits by exit codes."),
  onPodConditions: list(3, PodFailurePolicyOnPodConditionsPattern)
    .atomic()
    .doc("Fits by conditions of the pod, any of them."),
});
export interface PodFailurePolicyRule extends Of<typeof PodFailurePolicyRule> {}

export const PodFailurePolicy = struct("batch.v1.PodFailurePolicy", {
  rules: list(1, PodFailurePolicyRule)
    .required()
    .atomic()
    .maxItems(20)
    .doc("The first rule that fits decides."),
});
export interface PodFailurePolicy extends Of<typeof PodFailurePolicy> {}

export const SuccessPolicyRule = struct("batch.v1.SuccessPolicyRule", {
  succeededIndexes: string(1).pointer().doc("Indexes that must succeed, such as 1,3-5."),
  succeededCount: int32(2).pointer().doc("How many indexes must succeed."),
});
export interface SuccessPolicyRule extends Of<typeof SuccessPolicyRule> {}

export const SuccessPolicy = struct("batch.v1.SuccessPolicy", {
  rules: list(1, SuccessPolicyRule)
    .required()
    .atomic()
    .maxItems(20)
    .doc("The job succeeds as soon as one rule is fulfilled."),
});
export interface SuccessPolicy extends Of<typeof SuccessPolicy> {}

export const JobSpec = struct("batch.v1.JobSpec", {
  parallelism: int32(1).pointer().assigned().min(0).doc("Pods that may run at one time."),
  completions: int32(2).pointer().min(0).doc("Pods that must succeed."),
  activeDeadlineSeconds: int64(3).pointer().min(0).doc("The job fails when it has been active for so long."),
  podFailurePolicy: ref(11, PodFailurePolicy).doc("Which failures count, and how."),
  successPolicy: ref(16, SuccessPolicy).doc("When the job has succeeded before all are done."),
  backoffLimit: int32(7).pointer().assigned().min(0).doc("Failures after which it gives up."),
  backoffLimitPerIndex: int32(12).pointer().min(0).doc("Failures after which it gives up one index."),
  maxFailedIndexes: int32(13).pointer().min(0).doc("Indexes that may fail before the job does."),
  selector: ref(4, LabelSelector).doc("Which pods are its own; made by the server."),
  manualSelector: bool(5).pointer().assigned().doc("The selector is the client's own work."),
  template: value(6, PodTemplateSpec).required().doc("What its pods are made from."),
  ttlSecondsAfterFinished: int32(8).pointer().min(0).doc("It is deleted so long after its end."),
  completionMode: string(9)
    .pointer()
    .oneOf("NonIndexed", "Indexed")
    .assigned()
    .doc("Whether pods have numbers."),
  suspend: bool(10).pointer().assigned().doc("No pods run while it is on."),
  podReplacementPolicy: string(14)
    .pointer()
    .oneOf("TerminatingOrFailed", "Failed")
    .assigned()
    .doc("Whether a new pod waits for the old one to be gone."),
  managedBy: string(15)
    .pointer()
    .maxLength(63)
    .doc("Controller that takes care of it, if not the usual one."),
});
export interface JobSpec extends Of<typeof JobSpec> {}

export const JobCondition = struct("batch.v1.JobCondition", {
  type: string(1).required().doc("What the condition is about."),
  status: string(2).required().doc("True, False or Unknown."),
  lastProbeTime: time(3).orNull().doc("When it was last checked."),
  lastTransitionTime: time(4).orNull().doc("When the status last changed."),
  reason: string(5).doc("One word on why."),
  message: string(6).doc("The reason in plain words."),
});
export interface JobCondition extends Of<typeof JobCondition> {}

export const UncountedTerminatedPods = struct("batch.v1.UncountedTerminatedPods", {
  succeeded: list(1, string).set().doc("Identities of pods that succeeded."),
  failed: list(2, string).set().doc("Identities of pods that failed."),
});
export interface UncountedTerminatedPods extends Of<typeof UncountedTerminatedPods> {}

export const JobStatus = struct("batch.v1.JobStatus", {
  conditions: list(1, JobCondition)
    .atomic()
    .patch("merge", "type")
    .doc("What is known about its state, one entry per type."),
  startTime: time(2).pointer().doc("When it was taken up."),
  completionTime: time(3).pointer().doc("When it succeeded."),
  active: int32(4).min(0).doc("Pods that have not ended."),
  succeeded: int32(5).min(0).doc("Pods that succeeded."),
  failed: int32(6).min(0).doc("Pods that failed."),
  terminating: int32(11).pointer().min(0).doc("Pods on their way out."),
  completedIndexes: string(7).doc("Indexes that succeeded, such as 1,3-5."),
  failedIndexes: string(10).pointer().doc("Indexes that failed, such as 1,3-5."),
  uncountedTerminatedPods: ref(8, UncountedTerminatedPods).doc(
    "Pods that ended and are not in the numbers yet.",
  ),
  ready: int32(9).pointer().min(0).doc("Active pods that are ready."),
});
export interface JobStatus extends Of<typeof JobStatus> {}
