import { ageColumn, nameColumn, NONE, text } from "#api/columns";
import { ObjectMeta } from "#api/meta-v1/objectmeta";
import { int32, list, type Of, ref, resource, string, struct, time, value } from "#machinery/schema";

export const ExemptPriorityLevelConfiguration = struct("flowcontrol.v1.ExemptPriorityLevelConfiguration", {
  nominalConcurrencyShares: int32(1).pointer().default(0).doc("Share that others can borrow from."),
  lendablePercent: int32(2).pointer().default(0).doc("How much of the share others may borrow, in percent."),
});
export interface ExemptPriorityLevelConfiguration extends Of<typeof ExemptPriorityLevelConfiguration> {}

export const QueuingConfiguration = struct("flowcontrol.v1.QueuingConfiguration", {
  queues: int32(1).always().default(64).doc("How many queues there are."),
  handSize: int32(2).always().default(8).doc("How many queues a flow may use."),
  queueLengthLimit: int32(3).always().default(50).doc("Most requests that wait in a queue."),
});
export interface QueuingConfiguration extends Of<typeof QueuingConfiguration> {}

export const LimitResponse = struct("flowcontrol.v1.LimitResponse", {
  type: string(1).required().union("d").doc("Queue or Reject."),
  queuing: ref(2, QueuingConfiguration).union("Queuing").doc("Settings of the queues."),
});
export interface LimitResponse extends Of<typeof LimitResponse> {}

export const LimitedPriorityLevelConfiguration = struct("flowcontrol.v1.LimitedPriorityLevelConfiguration", {
  nominalConcurrencyShares: int32(1).pointer().always().default(30).doc("Share of the server's concurrency."),
  limitResponse: value(2, LimitResponse).doc("What happens to requests beyond the limit."),
  lendablePercent: int32(3).pointer().default(0).doc("How much of the share others may borrow, in percent."),
  borrowingLimitPercent: int32(4).pointer().doc("How much it may borrow, in percent of its share."),
});
export interface LimitedPriorityLevelConfiguration extends Of<typeof LimitedPriorityLevelConfiguration> {}

export const PriorityLevelConfigurationSpec = struct("flowcontrol.v1.PriorityLevelConfigurationSpec", {
  type: string(1).required().union("d").doc("Limited or Exempt."),
  limited: ref(2, LimitedPriorityLevelConfiguration).union("Limited").doc("Limits of the level."),
  exempt: ref(3, ExemptPriorityLevelConfiguration).union("Exempt").doc("What a level without limits lends."),
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
