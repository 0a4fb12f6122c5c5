import { ageColumn, nameColumn, NONE, text } from "#api/columns";
import { ObjectMeta } from "#api/meta-v1/objectmeta";
import { bool, int32, list, type Of, ref, resource, string, struct, time, value } from "#machinery/schema";

export const FlowDistinguisherMethod = struct("flowcontrol.v1.FlowDistinguisherMethod", {
  type: string(1).required().doc("ByUser or ByNamespace."),
});
export interface FlowDistinguisherMethod extends Of<typeof FlowDistinguisherMethod> {}

export const PriorityLevelConfigurationReference = struct(
  "flowcontrol.v1.PriorityLevelConfigurationReference",
  {
    name: string(1).required().doc("Name of the priority level."),
  },
);
export interface PriorityLevelConfigurationReference extends Of<typeof PriorityLevelConfigurationReference> {}

export const UserSubject = struct("flowcontrol.v1.UserSubject", {
  name: string(1).required().doc("Name of the user; * is all."),
});
export interface UserSubject extends Of<typeof UserSubject> {}

export const GroupSubject = struct("flowcontrol.v1.GroupSubject", {
  name: string(1).required().doc("Name of the group; * is all."),
});
export interface GroupSubject extends Of<typeof GroupSubject> {}

export const ServiceAccountSubject = struct("flowcontrol.v1.ServiceAccountSubject", {
  namespace: string(1).required().doc("Namespace of the account."),
  name: string(2).required().doc("Name of the account; * is all."),
});
export interface ServiceAccountSubject extends Of<typeof ServiceAccountSubject> {}

export const Subject = struct("flowcontrol.v1.Subject", {
  kind: string(1).required().union("d").doc("User, Group or ServiceAccount."),
  user: ref(2, UserSubject).union("User").doc("A user."),
  group: ref(3, GroupSubject).union("Group").doc("A group."),
  serviceAccount: ref(4, ServiceAccountSubject).union("ServiceAccount").doc("A service account."),
});
export interface Subject extends Of<typeof Subject> {}

export const ResourcePolicyRule = struct("flowcontrol.v1.ResourcePolicyRule", {
  verbs: list(1, string).required().set().doc("Verbs; * is all."),
  apiGroups: list(2, string).required().set().doc("Groups; * is all."),
  resources: list(3, string).required().set().doc("Resources; * is all."),
  clusterScope: bool(4).doc("Requests without a namespace count."),
  namespaces: list(5, string).always().set().doc("Namespaces; * is all."),
});
export interface ResourcePolicyRule extends Of<typeof ResourcePolicyRule> {}

export const NonResourcePolicyRule = struct("flowcontrol.v1.NonResourcePolicyRule", {
  verbs: list(1, string).required().set().doc("HTTP methods in lower case; * is all."),
  nonResourceURLs: list(6, string)
    .required()
    .set()
    .doc("Paths; one that ends in * stands for all that begin so."),
});
export interface NonResourcePolicyRule extends Of<typeof NonResourcePolicyRule> {}

export const PolicyRulesWithSubjects = struct("flowcontrol.v1.PolicyRulesWithSubjects", {
  subjects: list(1, Subject).required().atomic().doc("Whose requests."),
  resourceRules: list(2, ResourcePolicyRule).atomic().doc("Requests for objects."),
  nonResourceRules: list(3, NonResourcePolicyRule).atomic().doc("Requests for other paths."),
});
export interface PolicyRulesWithSubjects extends Of<typeof PolicyRulesWithSubjects> {}

export const FlowSchemaSpec = struct("flowcontrol.v1.FlowSchemaSpec", {
  priorityLevelConfiguration: value(1, PriorityLevelConfigurationReference)
    .required()
    .doc("Priority level of the requests."),
  matchingPrecedence: int32(2).always().default(1000).doc("Lower ones are tried first."),
  distinguisherMethod: ref(3, FlowDistinguisherMethod).doc("How requests are told apart into flows."),
  rules: list(4, PolicyRulesWithSubjects).atomic().doc("Requests that it is for."),
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
