import { ageColumn, nameColumn, NONE, text } from "#api/columns";
import { ObjectMeta } from "#api/meta-v1/objectmeta";
import { bool, int32, list, type Of, ref, resource, string, struct, time, value } from "#machinery/schema";

export const FlowDistinguisherMethod = struct("flowcontrol.v1.FlowDistinguisherMethod", {
  type: string(1).required(),
});
export interface FlowDistinguisherMethod extends Of<typeof FlowDistinguisherMethod> {}

export const PriorityLevelConfigurationReference = struct(
  "flowcontrol.v1.PriorityLevelConfigurationReference",
  {
    name: string(1).required(),
  },
);
export interface PriorityLevelConfigurationReference extends Of<typeof PriorityLevelConfigurationReference> {}

export const UserSubject = struct("flowcontrol.v1.UserSubject", {
  name: string(1).required(),
});
export interface UserSubject extends Of<typeof UserSubject> {}

export const GroupSubject = struct("flowcontrol.v1.GroupSubject", {
  name: string(1).required(),
});
export interface GroupSubject extends Of<typeof GroupSubject> {}

export const ServiceAccountSubject = struct("flowcontrol.v1.ServiceAccountSubject", {
  namespace: string(1).required(),
  name: string(2).required(),
});
export interface ServiceAccountSubject extends Of<typeof ServiceAccountSubject> {}

export const Subject = struct("flowcontrol.v1.Subject", {
  kind: string(1).required().union("d"),
  user: ref(2, UserSubject).union("User"),
  group: ref(3, GroupSubject).union("Group"),
  serviceAccount: ref(4, ServiceAccountSubject).union("ServiceAccount"),
});
export interface Subject extends Of<typeof Subject> {}

export const ResourcePolicyRule = struct("flowcontrol.v1.ResourcePolicyRule", {
  verbs: list(1, string).required().set(),
  apiGroups: list(2, string).required().set(),
  resources: list(3, string).required().set(),
  clusterScope: bool(4),
  namespaces: list(5, string).always().set(),
});
export interface ResourcePolicyRule extends Of<typeof ResourcePolicyRule> {}

export const NonResourcePolicyRule = struct("flowcontrol.v1.NonResourcePolicyRule", {
  verbs: list(1, string).required().set(),
  nonResourceURLs: list(6, string).required().set(),
});
export interface NonResourcePolicyRule extends Of<typeof NonResourcePolicyRule> {}

export const PolicyRulesWithSubjects = struct("flowcontrol.v1.PolicyRulesWithSubjects", {
  subjects: list(1, Subject).required().atomic(),
  resourceRules: list(2, ResourcePolicyRule).atomic(),
  nonResourceRules: list(3, NonResourcePolicyRule).atomic(),
});
export interface PolicyRulesWithSubjects extends Of<typeof PolicyRulesWithSubjects> {}

export const FlowSchemaSpec = struct("flowcontrol.v1.FlowSchemaSpec", {
  priorityLevelConfiguration: value(1, PriorityLevelConfigurationReference).required(),
  matchingPrecedence: int32(2).always().default(1000),
  distinguisherMethod: ref(3, FlowDistinguisherMethod),
  rules: list(4, PolicyRulesWithSubjects).atomic(),
});
export interface FlowSchemaSpec extends Of<typeof FlowSchemaSpec> {}

export const FlowSchemaCondition = struct("flowcontrol.v1.FlowSchemaCondition", {
  type: string(1).doc("What the condition is about."),
  status: string(2).doc("True, False or Unknown."),
  lastTransitionTime: time(3).orNull().doc("When the status last changed."),
  reason: string(4).doc("One word on why."),
  message: string(5).doc("The reason in plain words."),
});
export interface FlowSchemaCondition extends Of<typeof FlowSchemaCondition> {}

export const FlowSchemaStatus = struct("flowcontrol.v1.FlowSchemaStatus", {
  conditions: list(1, FlowSchemaCondition)
    .mergedBy("type")
    .doc("What is known about its state, one entry per type."),
});
export interface FlowSchemaStatus extends Of<typeof FlowSchemaStatus> {}

export const FlowSchema = resource({
  apiVersion: "flowcontrol.apiserver.k8s.io/v1",
  kind: "FlowSchema",
  doc: "Which requests share a priority level.",
  plural: "flowschemas",
  namespaced: false,
  metadata: ObjectMeta,
  spec: FlowSchemaSpec,
  status: FlowSchemaStatus,
  unconditionalUpdate: false,

  columns: [
    nameColumn,
    text("PriorityLevel", ({ spec }) => spec.priorityLevelConfiguration.name),
    text("MatchingPrecedence", ({ spec }) => spec.matchingPrecedence),
    text("DistinguisherMethod", ({ spec }) => spec.distinguisherMethod?.type ?? NONE),
    ageColumn,
    text(
      "MissingPL",
      ({ status }) =>
        status.conditions?.find(({ type }: FlowSchemaCondition) => type === "Dangling")?.status ?? "?",
    ),
  ],
});
export interface FlowSchema extends Of<typeof FlowSchema> {}
