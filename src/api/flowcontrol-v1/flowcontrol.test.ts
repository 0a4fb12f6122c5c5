import assert from "node:assert/strict";
import { test } from "node:test";
import { made, problemsOf, statusProblems } from "#api/test-kit";
import { FlowSchema } from "./flowschema.ts";
import { MANDATORY_FLOW_SCHEMAS, MANDATORY_PRIORITY_LEVELS } from "./mandatory.ts";
import { PriorityLevelConfiguration } from "./prioritylevelconfiguration.ts";

const USER = { kind: "User", user: { name: "mary" } };
const RESOURCES = { verbs: ["get"], apiGroups: ["*"], resources: ["pods"], namespaces: ["a"] };
const PATHS = { verbs: ["get"], nonResourceURLs: ["/healthz/*"] };

const schema = (spec: object, name = "mine") => ({
  metadata: { name },
  spec: {
    priorityLevelConfiguration: { name: "low" },
    rules: [{ subjects: [USER], resourceRules: [RESOURCES] }],
    ...spec,
  },
});
const ruled = (rule: object) =>
  schema({ rules: [{ subjects: [USER], resourceRules: [RESOURCES], ...rule }] });
const subject = (one: object) => ruled({ subjects: [one] });
const resources = (rule: object) => ruled({ resourceRules: [{ ...RESOURCES, ...rule }] });
const paths = (rule: object) => ruled({ nonResourceRules: [{ ...PATHS, ...rule }] });

const AT = "spec.rules[0]";

const SCHEMAS: readonly (readonly [string, object, readonly string[]])[] = [
  ["a plain one", schema({}), []],
  [
    "one of the first precedence",
    schema({ matchingPrecedence: 1 }),
    [
      `spec.matchingPrecedence: Invalid value: 1: only the schema named 'exempt' may have matchingPrecedence 1`,
    ],
  ],
  [
    "one of no precedence",
    schema({ matchingPrecedence: -2 }),
    ["spec.matchingPrecedence: Invalid value: -2: must be a positive value"],
  ],
  [
    "one beyond the last precedence",
    schema({ matchingPrecedence: 10_001 }),
    ["spec.matchingPrecedence: Invalid value: 10001: must not be greater than 10000"],
  ],
  [
    "an unknown distinguisher",
    schema({ distinguisherMethod: { type: "ByMoon" } }),
    [
      `spec.distinguisherMethod.type: Unsupported value: {"type":"ByMoon"}: supported values: "ByNamespace", "ByUser"`,
    ],
  ],
  [
    "no level",
    schema({ priorityLevelConfiguration: { name: "" } }),
    ["spec.priorityLevelConfiguration.name: Required value: must reference a priority level"],
  ],
  [
    "no subjects",
    ruled({ subjects: [] }),
    [`${AT}.subjects: Required value: subjects must contain at least one value`],
  ],
  [
    "no rules",
    schema({ rules: [{ subjects: [USER] }] }),
    [`${AT}: Required value: at least one of resourceRules and nonResourceRules has to be non-empty`],
  ],
  [
    "an unknown subject",
    subject({ kind: "Dog" }),
    [`${AT}.subjects[0].kind: Unsupported value: "Dog": supported values: "Group", "ServiceAccount", "User"`],
  ],
  [
    "a subject of two kinds",
    subject({ ...USER, group: { name: "g" } }),
    [`${AT}.subjects[0].group: Forbidden: group is forbidden when subject kind is not 'Group'`],
  ],
  [
    "a subject without its member",
    subject({ kind: "ServiceAccount" }),
    [
      `${AT}.subjects[0].serviceAccount: Required value: serviceAccount is required when subject kind is 'ServiceAccount'`,
    ],
  ],
  [
    "all accounts of a namespace",
    subject({ kind: "ServiceAccount", serviceAccount: { namespace: "a", name: "*" } }),
    [],
  ],
  [
    "an account of no namespace",
    subject({ kind: "ServiceAccount", serviceAccount: { namespace: "", name: "x" } }),
    [
      `${AT}.subjects[0].serviceAccount.namespace: Required value: must specify namespace for service account`,
    ],
  ],
  [
    "a star and more verbs",
    resources({ verbs: ["*", "get"] }),
    [
      `${AT}.resourceRules[0].verbs: Invalid value: ["*","get"]: if '*' is present, must not specify other verbs`,
    ],
  ],
  [
    "an unknown verb",
    resources({ verbs: ["fly"] }),
    [
      `${AT}.resourceRules[0].verbs: Unsupported value: ["fly"]: supported values: "create", "delete", "deletecollection", "get", "list", "patch", "proxy", "update", "watch"`,
    ],
  ],
  [
    "no groups",
    resources({ apiGroups: [] }),
    [`${AT}.resourceRules[0].apiGroups: Required value: resource rules must supply at least one api group`],
  ],
  [
    "a star and more resources",
    resources({ resources: ["*", "pods"] }),
    [
      `${AT}.resourceRules[0].resources: Invalid value: ["*","pods"]: if '*' is present, must not specify other resources`,
    ],
  ],
  [
    "no namespace and no cluster scope",
    resources({ namespaces: [] }),
    [
      `${AT}.resourceRules[0].namespaces: Required value: resource rules that are not cluster scoped must supply at least one namespace`,
    ],
  ],
  ["cluster scope alone", resources({ namespaces: [], clusterScope: true }), []],
  [
    "no paths",
    paths({ nonResourceURLs: [] }),
    [
      `${AT}.nonResourceRules[0].nonResourceURLs: Required value: nonResourceURLs must contain at least one value`,
    ],
  ],
  [
    "paths that are none",
    paths({ nonResourceURLs: ["x", "/a b", "/a//b", "/a*", "/*/*", "/"] }),
    [
      `${AT}.nonResourceRules[0].nonResourceURLs[0]: Invalid value: "x": must start with slash`,
      `${AT}.nonResourceRules[0].nonResourceURLs[1]: Invalid value: "/a b": must not contain white-space`,
      `${AT}.nonResourceRules[0].nonResourceURLs[2]: Invalid value: "/a//b": must not contain double slash`,
      `${AT}.nonResourceRules[0].nonResourceURLs[3]: Invalid value: "/a*": wildcard can only do suffix matching`,
      `${AT}.nonResourceRules[0].nonResourceURLs[4]: Invalid value: "/*/*": wildcard can only do suffix matching`,
    ],
  ],
];

for (const [what, object, expected] of SCHEMAS) {
  test(`a flow schema with ${what} has ${expected.length === 0 ? "no problem" : "its problems named"}`, () => {
    assert.deepEqual(problemsOf(FlowSchema, { ...object }), expected);
  });
}

test("a bad namespace of a rule is named with the words for that list", () => {
  const [problem = ""] = problemsOf(FlowSchema, resources({ namespaces: ["A_B"] }));
  assert.match(
    problem,
    /^spec\.rules\[0\]\.resourceRules\[0\]\.namespaces\[0\]: Invalid value: "A_B": each member of this list must be '\*' or a DNS-1123 label; a lowercase RFC 1123 label/,
  );
});

const queuing = (one: object) => ({
  metadata: { name: "mine" },
  spec: { type: "Limited", limited: { limitResponse: { type: "Queue", queuing: one } } },
});
const limited = (one: object) => ({
  metadata: { name: "mine" },
  spec: { type: "Limited", limited: { limitResponse: { type: "Reject" }, ...one } },
});
const level = (spec: object, name = "mine") => ({ metadata: { name }, spec });

const LEVELS: readonly (readonly [string, object, readonly string[]])[] = [
  ["defaults", queuing({}), []],
  [
    "another exempt one",
    level({ type: "Exempt" }),
    [`spec.type: Invalid value: "Exempt": type must be 'Exempt' if and only if name is 'exempt'`],
  ],
  [
    "an unknown type",
    level({ type: "Odd" }),
    [`spec.type: Unsupported value: "Odd": supported values: "Exempt", "Limited"`],
  ],
  [
    "no limits",
    level({ type: "Limited" }),
    ["spec.limited: Required value: must not be empty when type is Limited"],
  ],
  [
    "both",
    level({ type: "Limited", limited: { limitResponse: { type: "Reject" } }, exempt: {} }),
    ["spec.exempt: Forbidden: must be nil if the type is Limited"],
  ],
  [
    "negative shares",
    limited({ nominalConcurrencyShares: -1 }),
    ["spec.limited.nominalConcurrencyShares: Invalid value: -1: must be a non-negative integer"],
  ],
  ["no shares at all", limited({ nominalConcurrencyShares: 0 }), []],
  [
    "more to lend than there is",
    limited({ lendablePercent: 101 }),
    ["spec.limited.lendablePercent: Invalid value: 101: must be between 0 and 100, inclusive"],
  ],
  [
    "negative borrowing",
    limited({ borrowingLimitPercent: -1 }),
    ["spec.limited.borrowingLimitPercent: Invalid value: -1: if specified, must be a non-negative integer"],
  ],
  [
    "queues that are not used",
    limited({ limitResponse: { type: "Reject", queuing: {} } }),
    [
      "spec.limited.limitResponse.queuing: Forbidden: must be nil if limited.limitResponse.type is not Limited",
    ],
  ],
  [
    "no queues",
    limited({ limitResponse: { type: "Queue" } }),
    [
      "spec.limited.limitResponse.queuing: Required value: must not be empty if limited.limitResponse.type is Limited",
    ],
  ],
  [
    "an unknown response",
    limited({ limitResponse: { type: "Shout" } }),
    [`spec.limited.limitResponse.type: Unsupported value: "Shout": supported values: "Queue", "Reject"`],
  ],
  [
    "nothing positive",
    queuing({ queues: -1, handSize: -1, queueLengthLimit: -1 }),
    [
      "spec.limited.limitResponse.queuing.queueLengthLimit: Invalid value: -1: must be positive",
      "spec.limited.limitResponse.queuing.queues: Invalid value: -1: must be positive",
      "spec.limited.limitResponse.queuing.handSize: Invalid value: -1: must be positive",
    ],
  ],
  [
    "a hand larger than the deck",
    queuing({ queues: 4, handSize: 5 }),
    ["spec.limited.limitResponse.queuing.handSize: Invalid value: 5: should not be greater than queues (4)"],
  ],
  [
    "more hands than a hash tells apart",
    queuing({ queues: 512, handSize: 8 }),
    [
      "spec.limited.limitResponse.queuing.handSize: Invalid value: 8: required entropy bits of deckSize 512 and handSize 8 should not be greater than 60",
    ],
  ],
];

for (const [what, object, expected] of LEVELS) {
  test(`a priority level with ${what} has ${expected.length === 0 ? "no problem" : "its problems named"}`, () => {
    assert.deepEqual(problemsOf(PriorityLevelConfiguration, { ...object }), expected);
  });
}

test("mandatory objects are what they are", () => {
  for (const [name, spec] of Object.entries(MANDATORY_FLOW_SCHEMAS)) {
    assert.deepEqual(problemsOf(FlowSchema, { metadata: { name }, spec }), []);
    const [problem = ""] = problemsOf(FlowSchema, {
      metadata: { name },
      spec: { ...spec, matchingPrecedence: 7 },
    });
    assert.match(
      problem,
      new RegExp(`^spec: Invalid value: .*: spec of '${name}' must equal the fixed value$`),
    );
  }
  for (const [name, spec] of Object.entries(MANDATORY_PRIORITY_LEVELS))
    assert.deepEqual(problemsOf(PriorityLevelConfiguration, { metadata: { name }, spec }), []);
  const [problem = ""] = problemsOf(PriorityLevelConfiguration, {
    metadata: { name: "catch-all" },
    spec: { type: "Limited", limited: { nominalConcurrencyShares: 6, limitResponse: { type: "Reject" } } },
  });
  assert.match(problem, /spec of 'catch-all' must equal the fixed value$/);
});

test("the exempt level may lend", () => {
  const spec = { type: "Exempt", exempt: { nominalConcurrencyShares: 10, lendablePercent: 50 } };
  assert.deepEqual(problemsOf(PriorityLevelConfiguration, { metadata: { name: "exempt" }, spec }), []);
});

test("conditions have types of their own", () => {
  const status = { conditions: [{ type: "A" }, { type: "A" }, { status: "True" }] };
  const stored = { ...schema({}), metadata: { name: "mine", resourceVersion: "5" } };
  assert.deepEqual(statusProblems(FlowSchema, stored, { ...stored, status }), [
    `status.conditions[1].type: Duplicate value: "A"`,
    "status.conditions[2].type: Required value: must not be empty",
  ]);
});

test("what is not said gets its default", () => {
  assert.equal(made(FlowSchema, schema({})).spec.matchingPrecedence, 1000);
  const { limited: given } = made(PriorityLevelConfiguration, queuing({})).spec;
  assert.deepEqual(given, {
    nominalConcurrencyShares: 30,
    limitResponse: { type: "Queue", queuing: { queues: 64, handSize: 8, queueLengthLimit: 50 } },
    lendablePercent: 0,
  });
});
