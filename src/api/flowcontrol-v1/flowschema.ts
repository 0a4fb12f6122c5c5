import { distinct, named, own, sameValue } from "#api/checks";
import { ageColumn, nameColumn, NONE, text } from "#api/columns";
import { ObjectMeta } from "#api/meta-v1/objectmeta";
import {
  at,
  bool,
  type FieldProblem,
  forbidden,
  int32,
  invalid,
  item,
  list,
  notSupported,
  type Of,
  ref,
  required,
  resource,
  string,
  struct,
  time,
  value,
} from "#machinery/schema";
import { EXEMPT, MANDATORY_FLOW_SCHEMAS } from "./mandatory.ts";

type Problems = Iterable<FieldProblem>;

const ALL = "*";
const PRECEDENCE_MAX = 10_000;
const VERBS = ["create", "delete", "deletecollection", "get", "list", "patch", "proxy", "update", "watch"];
const DISTINGUISHERS = ["ByNamespace", "ByUser"];

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
  name: string(1).required().doc("The user's name; * stands for everybody."),
});
export interface UserSubject extends Of<typeof UserSubject> {}

export const GroupSubject = struct("flowcontrol.v1.GroupSubject", {
  name: string(1).required().doc("The group's name; * stands for every group."),
});
export interface GroupSubject extends Of<typeof GroupSubject> {}

export const ServiceAccountSubject = struct("flowcontrol.v1.ServiceAccountSubject", {
  namespace: string(1).required().doc("Where the service account is."),
  name: string(2).required().doc("Its name; * stands for all of the namespace."),
});
export interface ServiceAccountSubject extends Of<typeof ServiceAccountSubject> {}

const MEMBERS = { User: "user", Group: "group", ServiceAccount: "serviceAccount" } as const;
type SubjectKind = keyof typeof MEMBERS;
const SUBJECT_KINDS: readonly SubjectKind[] = ["ServiceAccount", "User", "Group"];

export const Subject = struct(
  "flowcontrol.v1.Subject",
  {
    kind: string(1).required().union("d").doc("User, Group or ServiceAccount: which member is set."),
    user: ref(2, UserSubject).union("User").doc("One user."),
    group: ref(3, GroupSubject).union("Group").doc("All users of a group."),
    serviceAccount: ref(4, ServiceAccountSubject)
      .union("ServiceAccount")
      .doc("One service account, or several."),
  },
  {
    *validate(subject, path) {
      const { kind } = subject;
      const member = own<(typeof MEMBERS)[SubjectKind]>(MEMBERS, kind);
      if (!member) return yield notSupported(at(path, "kind"), kind, SUBJECT_KINDS);
      yield* subjectMember(subject, member, at(path, member), kind);
      for (const other of SUBJECT_KINDS) {
        if (other !== kind && subject[MEMBERS[other]])
          yield forbidden(
            at(path, MEMBERS[other]),
            `${MEMBERS[other]} is forbidden when subject kind is not '${other}'`,
          );
      }
    },
  },
);
export interface Subject extends Of<typeof Subject> {}

interface Subjects {
  readonly user?: { readonly name: string };
  readonly group?: { readonly name: string };
  readonly serviceAccount?: { readonly name: string; readonly namespace: string };
}

function* subjectMember(
  subject: Subjects,
  member: (typeof MEMBERS)[SubjectKind],
  path: string,
  kind: string,
): Problems {
  const chosen = subject[member];
  if (!chosen) return yield required(path, `${member} is required when subject kind is '${kind}'`);
  if (chosen.name === "") yield required(at(path, "name"));
  if (member !== "serviceAccount") return;
  const { name, namespace } = subject.serviceAccount!;
  if (name !== "" && name !== ALL) yield* named(at(path, "name"), name, "dns-subdomain");
  if (namespace === "") yield required(at(path, "namespace"), "must specify namespace for service account");
  else yield* named(at(path, "namespace"), namespace, "dns-label");
}

export const ResourcePolicyRule = struct(
  "flowcontrol.v1.ResourcePolicyRule",
  {
    verbs: list(1, string).required().set().doc("The verbs, or * for all."),
    apiGroups: list(2, string).required().set().doc("The API groups, or * for all."),
    resources: list(3, string)
      .required()
      .set()
      .doc("The resources, with their subresource behind a slash, or * for all."),
    clusterScope: bool(4).doc("Whether requests that are in no namespace match."),
    namespaces: list(5, string).always().set().doc("The namespaces, or * for all."),
  },
  {
    *validate(rule, path) {
      yield* verbsOf(rule.verbs, at(path, "verbs"));
      yield* filled(rule.apiGroups, at(path, "apiGroups"), "api group");
      yield* filled(rule.resources, at(path, "resources"), "resource");
      yield* namespacesOf(rule, at(path, "namespaces"));
    },
  },
);
export interface ResourcePolicyRule extends Of<typeof ResourcePolicyRule> {}

function* verbsOf(verbs: readonly string[], path: string): Problems {
  if (verbs.length === 0) yield required(path, "verbs must contain at least one value");
  else if (verbs.includes(ALL)) yield* alone(verbs, path, "verbs");
  else if (!verbs.every((verb) => VERBS.includes(verb))) yield notSupported(path, verbs, VERBS);
}

function* filled(names: readonly string[], path: string, what: string): Problems {
  if (names.length === 0) yield required(path, `resource rules must supply at least one ${what}`);
  else if (names.includes(ALL)) yield* alone(names, path, `${what}s`);
}

function* alone(names: readonly string[], path: string, others: string): Problems {
  if (names.length > 1) yield invalid(path, names, `if '*' is present, must not specify other ${others}`);
}

function* namespacesOf(
  { namespaces, clusterScope }: { readonly namespaces?: readonly string[]; readonly clusterScope?: boolean },
  path: string,
): Problems {
  const names = namespaces ?? [];
  if (names.length === 0 && !clusterScope)
    return yield required(
      path,
      "resource rules that are not cluster scoped must supply at least one namespace",
    );
  if (names.includes(ALL)) return yield* alone(names, path, "namespaces");
  for (const [index, name] of names.entries())
    for (const { detail, ...problem } of named(item(path, index), name, "dns-label"))
      yield { ...problem, detail: `each member of this list must be '*' or a DNS-1123 label; ${detail}` };
}

export const NonResourcePolicyRule = struct(
  "flowcontrol.v1.NonResourcePolicyRule",
  {
    verbs: list(1, string).required().set().doc("HTTP methods in lower case, or * for all."),
    nonResourceURLs: list(6, string)
      .required()
      .set()
      .doc("Paths; one that ends in /* stands for all below it, * for all."),
  },
  {
    *validate({ verbs, nonResourceURLs }, path) {
      yield* verbsOf(verbs, at(path, "verbs"));
      const urls = at(path, "nonResourceURLs");
      if (nonResourceURLs.length === 0)
        yield required(urls, "nonResourceURLs must contain at least one value");
      else if (nonResourceURLs.includes(ALL)) yield* alone(nonResourceURLs, urls, "non-resource URLs");
      else
        for (const [index, url] of nonResourceURLs.entries()) {
          const wrong = problemOfUrl(url);
          if (wrong !== undefined) yield invalid(item(urls, index), url, wrong);
        }
    },
  },
);
export interface NonResourcePolicyRule extends Of<typeof NonResourcePolicyRule> {}

function problemOfUrl(url: string): string | undefined {
  if (url === "") return "must not be empty";
  if (url === "/") return undefined;
  if (!url.startsWith("/")) return "must start with slash";
  if (url.includes(" ")) return "must not contain white-space";
  if (url.includes("//")) return "must not contain double slash";
  const stars = url.split(ALL).length - 1;
  return stars > 1 || (stars === 1 && !url.endsWith("/*"))
    ? "wildcard can only do suffix matching"
    : undefined;
}

export const PolicyRulesWithSubjects = struct(
  "flowcontrol.v1.PolicyRulesWithSubjects",
  {
    subjects: list(1, Subject).required().atomic().doc("Whose requests match."),
    resourceRules: list(2, ResourcePolicyRule)
      .atomic()
      .doc("Which requests about resources match; any one will do."),
    nonResourceRules: list(3, NonResourcePolicyRule)
      .atomic()
      .doc("Which requests to other paths match; any one will do."),
  },
  {
    *validate({ subjects, resourceRules, nonResourceRules }, path) {
      if (subjects.length === 0)
        yield required(at(path, "subjects"), "subjects must contain at least one value");
      if (!resourceRules?.length && !nonResourceRules?.length)
        yield required(path, "at least one of resourceRules and nonResourceRules has to be non-empty");
    },
  },
);
export interface PolicyRulesWithSubjects extends Of<typeof PolicyRulesWithSubjects> {}

export const FlowSchemaSpec = struct("flowcontrol.v1.FlowSchemaSpec", {
  priorityLevelConfiguration: value(1, PriorityLevelConfigurationReference)
    .required()
    .doc("The priority level that serves the requests which match."),
  matchingPrecedence: int32(2)
    .always()
    .default(1000)
    .doc("Among the flow schemas that match, the lowest number is chosen: 1 to 10000."),
  distinguisherMethod: ref(3, FlowDistinguisherMethod).doc(
    "What tells flows apart that are treated fairly; without it, all is one flow.",
  ),
  rules: list(4, PolicyRulesWithSubjects).atomic().doc("Which requests match; any one will do."),
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

export const FlowSchemaStatus = struct(
  "flowcontrol.v1.FlowSchemaStatus",
  {
    conditions: list(1, FlowSchemaCondition)
      .mergedBy("type")
      .doc("What is known about its state, one entry per type."),
  },
  {
    *validate({ conditions }, path) {
      yield* typedConditions(conditions, at(path, "conditions"));
    },
  },
);
export interface FlowSchemaStatus extends Of<typeof FlowSchemaStatus> {}

/** Each has a type, and a type of its own. */
export function* typedConditions(
  conditions: readonly { readonly type?: string }[] | undefined,
  path: string,
): Problems {
  yield* distinct(path, conditions, ({ type }) => type, "type");
  for (const [index, { type }] of (conditions ?? []).entries())
    if (!type) yield required(at(item(path, index), "type"), "must not be empty");
}

function* specProblems(name: string, spec: FlowSchemaSpec): Problems {
  const { matchingPrecedence, distinguisherMethod, priorityLevelConfiguration } = spec;
  const precedence = "spec.matchingPrecedence";
  if (matchingPrecedence <= 0) yield invalid(precedence, matchingPrecedence, "must be a positive value");
  if (matchingPrecedence > PRECEDENCE_MAX)
    yield invalid(precedence, matchingPrecedence, `must not be greater than ${PRECEDENCE_MAX}`);
  if (matchingPrecedence === 1 && name !== EXEMPT)
    yield invalid(
      precedence,
      matchingPrecedence,
      "only the schema named 'exempt' may have matchingPrecedence 1",
    );
  if (distinguisherMethod && !DISTINGUISHERS.includes(distinguisherMethod.type))
    yield notSupported("spec.distinguisherMethod.type", distinguisherMethod, DISTINGUISHERS);
  const level = "spec.priorityLevelConfiguration.name";
  if (priorityLevelConfiguration.name === "") yield required(level, "must reference a priority level");
  else yield* named(level, priorityLevelConfiguration.name, "dns-subdomain");
}

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
  rules: {
    *validate({ metadata: { name }, spec }) {
      yield* specProblems(name, spec);
      const fixed = own(MANDATORY_FLOW_SCHEMAS, name);
      if (fixed && !sameValue(spec, fixed))
        yield invalid("spec", spec, `spec of '${name}' must equal the fixed value`);
    },
  },
});
export interface FlowSchema extends Of<typeof FlowSchema> {}
