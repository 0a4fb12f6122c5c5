import { ageColumn, nameColumn, NONE, text } from "#api/columns";
import { ObjectMeta } from "#api/meta-v1/objectmeta";
import { int32, list, type Of, ref, resource, string, struct, time, value } from "#machinery/schema";

export const ExemptPriorityLevelConfiguration = struct("flowcontrol.v1.ExemptPriorityLevelConfiguration", {
  nominalConcurrencyShares: int32(1).pointer().default(0),
  lendablePercent: int32(2).pointer().default(0),
});
export interface ExemptPriorityLevelConfiguration extends Of<typeof ExemptPriorityLevelConfiguration> {}

export const QueuingConfiguration = struct("flowcontrol.v1.QueuingConfiguration", {
  queues: int32(1).always().default(64),
  handSize: int32(2).always().default(8),
  queueLengthLimit: int32(3).always().default(50),
});
export interface QueuingConfiguration extends Of<typeof QueuingConfiguration> {}

export const LimitResponse = struct("flowcontrol.v1.LimitResponse", {
  type: string(1).required().union("d"),
  queuing: ref(2, QueuingConfiguration).union("Queuing"),
});
export interface LimitResponse extends Of<typeof LimitResponse> {}

export const LimitedPriorityLevelConfiguration = struct("flowcontrol.v1.LimitedPriorityLevelConfiguration", {
  nominalConcurrencyShares: int32(1).pointer().always().default(30),
  limitResponse: value(2, LimitResponse),
  lendablePercent: int32(3).pointer().default(0),
  borrowingLimitPercent: int32(4).pointer(),
});
export interface LimitedPriorityLevelConfiguration extends Of<typeof LimitedPriorityLevelConfiguration> {}

export const PriorityLevelConfigurationSpec = struct("flowcontrol.v1.PriorityLevelConfigurationSpec", {
  type: string(1).required().union("d"),
  limited: ref(2, LimitedPriorityLevelConfiguration).union("Limited"),
  exempt: ref(3, ExemptPriorityLevelConfiguration).union("Exempt"),
});
export interface PriorityLevelConfigurationSpec extends Of<typeof PriorityLevelConfigurationSpec> {}

export const PriorityLevelConfigurationCondition = struct(
  "flowcontrol.v1.PriorityLevelConfigurationCondition",
  {
    type: string(1).doc("What the condition is about."),
    status: string(2).doc("True, False or Unknown."),
    lastTransitionTime: time(3).orNull().doc("When the status last changed."),
    reason: string(4).doc("One word on why."),
    message: string(5).doc("The reason in plain words."),
  },
);
export interface PriorityLevelConfigurationCondition extends Of<typeof PriorityLevelConfigurationCondition> {}

export const PriorityLevelConfigurationStatus = struct("flowcontrol.v1.PriorityLevelConfigurationStatus", {
  conditions: list(1, PriorityLevelConfigurationCondition)
    .mergedBy("type")
    .doc("What is known about its state, one entry per type."),
});
export interface PriorityLevelConfigurationStatus extends Of<typeof PriorityLevelConfigurationStatus> {}

export const PriorityLevelConfiguration = resource({
  apiVersion: "flowcontrol.apiserver.k8s.io/v1",
  kind: "PriorityLevelConfiguration",
  doc: "A share of the API server's attention.",
  plural: "prioritylevelconfigurations",
  namespaced: false,
  metadata: ObjectMeta,
  spec: PriorityLevelConfigurationSpec,
  status: PriorityLevelConfigurationStatus,
  unconditionalUpdate: false,

  columns: [
    nameColumn,
    text("Type", ({ spec }) => spec.type),
    text("NominalConcurrencyShares", ({ spec }) => spec.limited?.nominalConcurrencyShares ?? NONE),
    text("Queues", ({ spec }) => spec.limited?.limitResponse.queuing?.queues ?? NONE),
    text("HandSize", ({ spec }) => spec.limited?.limitResponse.queuing?.handSize ?? NONE),
    text("QueueLengthLimit", ({ spec }) => spec.limited?.limitResponse.queuing?.queueLengthLimit ?? NONE),
    ageColumn,
  ],
});
export interface PriorityLevelConfiguration extends Of<typeof PriorityLevelConfiguration> {}
