import assert from "node:assert/strict";
import { test } from "node:test";
import { ValidatingAdmissionPolicy } from "#api/admissionregistration-v1/validatingadmissionpolicy";
import { ValidatingAdmissionPolicyBinding } from "#api/admissionregistration-v1/validatingadmissionpolicybinding";
import { MutatingAdmissionPolicy } from "#api/admissionregistration-v1beta1/mutatingadmissionpolicy";
import { MutatingAdmissionPolicyBinding } from "#api/admissionregistration-v1beta1/mutatingadmissionpolicybinding";
import { made, problemsOf } from "#api/test-kit";

type Loose = Readonly<Record<string, unknown>>;

const RULE = { operations: ["CREATE"], apiGroups: [""], apiVersions: ["v1"], resources: ["pods"] };
const MATCH = { resourceRules: [RULE] };
const BOTH_EMPTY = "Required value: validations or auditAnnotations must contain at least one item";

const validating = (change: Loose = {}): Loose => ({
  spec: { matchConstraints: MATCH, validations: [{ expression: "true" }], ...change },
});
const validation = (change: Loose): Loose => ({ validations: [{ expression: "true", ...change }] });
const variables = (...all: (readonly [string, string])[]): Loose => ({
  variables: all.map(([name, expression]) => ({ name, expression })),
});
const annotation = (valueExpression: string, key = "key"): Loose => ({
  auditAnnotations: [{ key, valueExpression }],
});

/** Of an expression that does not compile. */
const uncompiled = (text: string, message: string, at: number): string =>
  `Invalid value: ${JSON.stringify(text)}: compilation failed: ERROR: <input>:1:${at}: ${message}\n | ${text}\n | ${".".repeat(at - 1)}^`;

const table: readonly (readonly [change: Loose, ...problems: string[]])[] = [
  [{}],
  [
    { failurePolicy: "Maybe" },
    'failurePolicy: Unsupported value: "Maybe": supported values: "Fail", "Ignore"',
  ],
  [{ validations: [] }, `validations: ${BOTH_EMPTY}`, `auditAnnotations: ${BOTH_EMPTY}`],
  [{ matchConstraints: undefined }, "matchConstraints: Required value"],
  [{ matchConstraints: {} }, "matchConstraints.resourceRules: Required value"],
  [
    {
      matchConstraints: {
        resourceRules: [{ ...RULE, operations: ["GET"], resourceNames: ["a", "a", "b/c"] }],
      },
    },
    `matchConstraints.resourceRules[0].resourceNames[2]: Invalid value: "b/c": may not contain '/'`,
    'matchConstraints.resourceRules[0].resourceNames[1]: Duplicate value: "a"',
    'matchConstraints.resourceRules[0].operations[0]: Unsupported value: "GET": supported values: "*", "CONNECT", "CREATE", "DELETE", "UPDATE"',
  ],
  [
    { matchConstraints: { resourceRules: [RULE], matchPolicy: "Near" } },
    'matchConstraints.matchPolicy: Unsupported value: "Near": supported values: "Equivalent", "Exact"',
  ],
  [{ paramKind: {} }, "paramKind.apiVersion: Required value", "paramKind.kind: Required value"],
  [
    { paramKind: { apiVersion: "a/b/c", kind: "X_" } },
    'paramKind.apiVersion: Invalid value: "a/b/c": unexpected GroupVersion string: a/b/c',
    `paramKind.kind: Invalid value: "X_": may have mixed case, but should otherwise match: a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic character, and end with an alphanumeric character (e.g. 'my-name',  or 'abc-123', regex used for validation is '[a-z]([-a-z0-9]*[a-z0-9])?')`,
  ],
  [validation({ expression: " " }), "validations[0].expression: Required value: expression is not specified"],
  [
    validation({ expression: "object.x in 5" }),
    `validations[0].expression: ${uncompiled("object.x in 5", "found no matching overload for '@in' applied to '(dyn, int)'", 10)}`,
  ],
  [
    validation({ expression: "'a' + 'b'" }),
    `validations[0].expression: Invalid value: "'a' + 'b'": must evaluate to bool but got string`,
  ],
  [
    validation({ expression: "params.x == 1" }),
    `validations[0].expression: ${uncompiled("params.x == 1", "undeclared reference to 'params' (in container '')", 1)}`,
  ],
  [{ paramKind: { apiVersion: "v1", kind: "ConfigMap" }, ...validation({ expression: "params.x == 1" }) }],
  [
    validation({ messageExpression: "1" }),
    'validations[0].messageExpression: Invalid value: "1": must evaluate to string but got int',
  ],
  [
    validation({ messageExpression: "authorizer.path('/').check('get').reason()" }),
    `validations[0].messageExpression: ${uncompiled("authorizer.path('/').check('get').reason()", "undeclared reference to 'authorizer' (in container '')", 1)}`,
  ],
  [
    validation({ messageExpression: " ", message: " " }),
    'validations[0].messageExpression: Invalid value: " ": must be non-empty if specified',
    'validations[0].message: Invalid value: " ": message must be non-empty if specified',
  ],
  [
    validation({ message: "a\nb", reason: "Because" }),
    'validations[0].message: Invalid value: "a\\nb": message must not contain line breaks',
    'validations[0].reason: Unsupported value: "Because": supported values: "Forbidden", "Invalid", "RequestEntityTooLarge"',
  ],
  [{ ...variables(["a", "1"], ["b", "variables.a + 1"]), ...validation({ expression: "variables.b == 2" }) }],
  [
    variables(["a", "variables.b"], ["b", "1"]),
    `variables[0].expression: ${uncompiled("variables.b", "undefined field 'b'", 10)}`,
  ],
  [
    variables(["a-b", "1"], ["namespace", "1"], ["", "1"], ["x", ""]),
    'variables[0].name: Invalid value: "a-b": name is not a valid CEL identifier',
    'variables[1].name: Invalid value: "namespace": name is not a valid CEL identifier',
    "variables[2].name: Required value: name is not specified",
    "variables[3].expression: Required value: expression is not specified",
  ],
  // Whether the policy is about a write is decided before there are variables.
  [
    { ...variables(["a", "true"]), matchConditions: [{ name: "c", expression: "variables.a" }] },
    `matchConditions[0].expression: ${uncompiled("variables.a", "undeclared reference to 'variables' (in container '')", 1)}`,
  ],
  [annotation("'a' + object.metadata.name")],
  [annotation("null")],
  [
    annotation("1 == 1"),
    'auditAnnotations[0].valueExpression: Invalid value: "1 == 1": must evaluate to one of [string null_type] but got bool',
  ],
  [
    annotation("'x'", "a b"),
    `auditAnnotations[0].key: Invalid value: "web/a b": name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')`,
  ],
  [
    { auditAnnotations: [1, 2].map(() => ({ key: "k", valueExpression: "'x'" })) },
    'auditAnnotations[1].key: Duplicate value: "k"',
  ],
];

test("a validating policy is wrong where its rules say so", () => {
  for (const [change, ...expected] of table) {
    const problems = problemsOf(ValidatingAdmissionPolicy, validating(change));
    assert.deepEqual(
      problems,
      expected.map((problem) => `spec.${problem}`),
      JSON.stringify(change),
    );
  }
});

test("what a policy leaves out is filled in", () => {
  const { spec } = made(ValidatingAdmissionPolicy, validating());
  assert.equal(spec.failurePolicy, "Fail");
  const { matchPolicy, namespaceSelector, objectSelector } = spec.matchConstraints!;
  assert.deepEqual(
    { matchPolicy, namespaceSelector, objectSelector },
    {
      matchPolicy: "Equivalent",
      namespaceSelector: {},
      objectSelector: {},
    },
  );
  const mutating = made(MutatingAdmissionPolicy, { spec: { matchConstraints: MATCH } });
  assert.equal(mutating.spec.failurePolicy, "Fail");
  assert.equal(mutating.spec.matchConstraints!.matchPolicy, "Equivalent");
});

const bindings: readonly (readonly [spec: Loose, ...problems: string[]])[] = [
  [{ policyName: "p", validationActions: ["Deny", "Audit"] }],
  [
    {},
    "policyName: Required value",
    "validationActions: Required value: at least one validation action is required",
  ],
  [
    { policyName: "p", validationActions: ["Deny", "Warn"] },
    'validationActions: Invalid value: ["Deny","Warn"]: must not contain both Deny and Warn (repeating the same validation failure information in the API response and headers serves no purpose)',
  ],
  [
    { policyName: "p", validationActions: ["Log"] },
    'validationActions[0]: Unsupported value: "Log": supported values: "Audit", "Deny", "Warn"',
  ],
  [
    { policyName: "p", validationActions: ["Deny"], paramRef: {} },
    "paramRef: Required value: one of name or selector must be specified",
    "paramRef.parameterNotFoundAction: Required value",
  ],
  [
    {
      policyName: "p",
      validationActions: ["Deny"],
      paramRef: { name: "x", selector: {}, parameterNotFoundAction: "Ask" },
    },
    "paramRef.name: Forbidden: name and selector are mutually exclusive",
    "paramRef.selector: Forbidden: name and selector are mutually exclusive",
    'paramRef.parameterNotFoundAction: Unsupported value: "Ask": supported values: "Allow", "Deny"',
  ],
];

test("a binding is wrong where its rules say so", () => {
  for (const [spec, ...expected] of bindings) {
    const problems = problemsOf(ValidatingAdmissionPolicyBinding, { spec });
    assert.deepEqual(
      problems,
      expected.map((problem) => `spec.${problem}`),
    );
  }
});

const APPLY = { patchType: "ApplyConfiguration", applyConfiguration: { expression: "Object{}" } };
const mutating = (change: Loose = {}): Loose => ({
  spec: { matchConstraints: MATCH, reinvocationPolicy: "Never", mutations: [APPLY], ...change },
});
const apply = (expression: string): Loose => ({
  mutations: [{ ...APPLY, applyConfiguration: { expression } }],
});
const patch = (expression: string): Loose => ({
  mutations: [{ patchType: "JSONPatch", jsonPatch: { expression } }],
});

const mutatingTable: readonly (readonly [change: Loose, ...problems: string[]])[] = [
  [{}],
  [{ mutations: [] }, "mutations: Required value: mutations must contain at least one item"],
  [{ reinvocationPolicy: undefined }, "reinvocationPolicy: Required value"],
  [
    { reinvocationPolicy: "Often" },
    'reinvocationPolicy: Unsupported value: "Often": supported values: "IfNeeded", "Never"',
  ],
  [
    { matchConstraints: { resourceRules: [{ ...RULE, operations: ["DELETE"] }] } },
    'matchConstraints.resourceRules.operations: Unsupported value: "DELETE": supported values: "*", "CONNECT", "CREATE", "UPDATE"',
  ],
  [
    { mutations: [{ ...APPLY, patchType: "JSONPatch" }] },
    'mutations[0].applyConfiguration: Invalid value: "{applyConfiguration}": must not be specified when patchType is JSONPatch',
    "mutations[0].jsonPatch: Required value: must be specified when patchType is JSONPatch",
  ],
  [
    { mutations: [{ ...APPLY, patchType: "Magic" }] },
    'mutations[0].patchType: Unsupported value: "Magic": supported values: "ApplyConfiguration", "JSONPatch"',
  ],
  [apply(" "), "mutations[0].applyConfiguration.expression: Required value"],
  [apply("Object{spec: Object.spec{containers: [Object.spec.containers{name: 'a'}]}}")],
  [
    apply("'x'"),
    `mutations[0].applyConfiguration.expression: Invalid value: "'x'": must evaluate to Object but got string`,
  ],
  [
    apply("Object.spec{}"),
    'mutations[0].applyConfiguration.expression: Invalid value: "Object.spec{}": must evaluate to Object but got Object.spec',
  ],
  [patch("[JSONPatch{op: 'add', path: '/metadata/labels/' + jsonpatch.escapeKey('a/b'), value: 1}]")],
  [
    patch("[JSONPatch{op: 1}]"),
    `mutations[0].jsonPatch.expression: ${uncompiled("[JSONPatch{op: 1}]", "expected type of field 'op' is 'string' but provided type is 'int'", 14)}`,
  ],
];

test("a mutating policy is wrong where its rules say so", () => {
  for (const [change, ...expected] of mutatingTable) {
    const problems = problemsOf(MutatingAdmissionPolicy, mutating(change));
    assert.deepEqual(
      problems,
      expected.map((problem) => `spec.${problem}`),
      JSON.stringify(change),
    );
  }
  const spec = { policyName: "p", matchResources: { resourceRules: [{ ...RULE, operations: ["DELETE"] }] } };
  assert.deepEqual(problemsOf(MutatingAdmissionPolicyBinding, { spec }), [
    'spec.matchResources.resourceRules.operations: Unsupported value: "DELETE": supported values: "*", "CONNECT", "CREATE", "UPDATE"',
  ]);
});
