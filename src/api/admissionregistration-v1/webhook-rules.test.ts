import assert from "node:assert/strict";
import { test } from "node:test";
import { MutatingWebhookConfiguration } from "#api/admissionregistration-v1/mutatingwebhookconfiguration";
import { ValidatingWebhookConfiguration } from "#api/admissionregistration-v1/validatingwebhookconfiguration";
import { made, problemsOf } from "#api/test-kit";

type Loose = Readonly<Record<string, unknown>>;

const RULE = { operations: ["CREATE"], apiGroups: [""], apiVersions: ["v1"], resources: ["pods"] };
const SERVICE = { namespace: "default", name: "hook" };
const webhook = (change: Loose = {}): Loose => ({
  name: "hook.example.com",
  clientConfig: { url: "https://example.com/hook" },
  rules: [RULE],
  sideEffects: "None",
  admissionReviewVersions: ["v1"],
  ...change,
});
const rule = (change: Loose): Loose => ({ rules: [{ ...RULE, ...change }] });
const url = (text: string): Loose => ({ clientConfig: { url: text } });
const service = (change: Loose): Loose => ({ clientConfig: { service: { ...SERVICE, ...change } } });

const FORM = "desired format: https://host[/path]";
const table: readonly (readonly [change: Loose, ...problems: string[]])[] = [
  [{}],
  [{ name: "" }, "name: Required value"],
  [
    { name: "a.b" },
    'name: Invalid value: "a.b": should be a domain with at least three segments separated by dots',
  ],
  [
    { failurePolicy: "Maybe" },
    'failurePolicy: Unsupported value: "Maybe": supported values: "Fail", "Ignore"',
  ],
  [
    { matchPolicy: "Other" },
    'matchPolicy: Unsupported value: "Other": supported values: "Equivalent", "Exact"',
  ],
  [{ sideEffects: undefined }, "sideEffects: Required value: must specify one of None, NoneOnDryRun"],
  [
    { sideEffects: "Some" },
    'sideEffects: Unsupported value: "Some": supported values: "None", "NoneOnDryRun"',
  ],
  [{ timeoutSeconds: 30 }],
  [
    { timeoutSeconds: 31 },
    "timeoutSeconds: Invalid value: 31: the timeout value must be between 1 and 30 seconds",
  ],
  [
    { timeoutSeconds: 0 },
    "timeoutSeconds: Invalid value: 0: the timeout value must be between 1 and 30 seconds",
  ],
  [
    { admissionReviewVersions: [] },
    "admissionReviewVersions: Required value: must specify one of v1, v1beta1",
  ],
  [
    { admissionReviewVersions: ["v9"] },
    'admissionReviewVersions: Invalid value: ["v9"]: must include at least one of v1, v1beta1',
  ],
  [{ admissionReviewVersions: ["v1", "v1"] }, 'admissionReviewVersions[1]: Duplicate value: "v1"'],
  [{ clientConfig: {} }, "clientConfig: Required value: exactly one of url or service is required"],
  [
    { clientConfig: { url: "https://a", service: SERVICE } },
    "clientConfig: Required value: exactly one of url or service is required",
  ],
  [url("https://example.com:8443")],
  [
    url("http://example.com"),
    `clientConfig.url: Invalid value: "http": 'https' is the only allowed URL scheme; ${FORM}`,
  ],
  [url("https://"), `clientConfig.url: Invalid value: "": host must be specified; ${FORM}`],
  [
    url("https://me:pw@example.com"),
    'clientConfig.url: Invalid value: "me:pw": user information is not permitted in the URL',
  ],
  [
    url("https://example.com/a?b=c#d"),
    'clientConfig.url: Invalid value: "d": fragments are not permitted in the URL',
    'clientConfig.url: Invalid value: "b=c": query parameters are not permitted in the URL',
  ],
  [service({ path: "/a/b/", port: 8443 })],
  [service({ name: "" }), "clientConfig.service.name: Required value: service name is required"],
  [
    service({ namespace: "" }),
    "clientConfig.service.namespace: Required value: service namespace is required",
  ],
  [
    service({ port: 65_536 }),
    "clientConfig.service.port: Invalid value: 65536: port is not valid: must be between 1 and 65535, inclusive",
  ],
  [
    service({ path: "a/b" }),
    `clientConfig.service.path: Invalid value: "a/b": must start with a '/'`,
    'clientConfig.service.path: Invalid value: "a/b": segment[0] may not be empty',
  ],
  [
    service({ path: "/a//b" }),
    'clientConfig.service.path: Invalid value: "/a//b": segment[1] may not be empty',
  ],
  [rule({ operations: [] }), "rules[0].operations: Required value"],
  [
    rule({ operations: ["*", "CREATE"] }),
    `rules[0].operations: Invalid value: ["*","CREATE"]: if '*' is present, must not specify other operations`,
  ],
  [
    rule({ operations: ["READ"] }),
    'rules[0].operations[0]: Unsupported value: "READ": supported values: "*", "CONNECT", "CREATE", "DELETE", "UPDATE"',
  ],
  [rule({ apiGroups: [] }), "rules[0].apiGroups: Required value"],
  [rule({ apiVersions: [""] }), "rules[0].apiVersions[0]: Required value"],
  [rule({ resources: [] }), "rules[0].resources: Required value"],
  [rule({ resources: ["*", "pods/status"] })],
  [
    rule({ resources: ["*", "pods"] }),
    `rules[0].resources: Invalid value: ["*","pods"]: if '*' is present, must not specify other resources without subresources`,
  ],
  [
    rule({ resources: ["*/*", "pods"] }),
    `rules[0].resources: Invalid value: ["*/*","pods"]: if '*/*' is present, must not specify other resources`,
  ],
  [
    rule({ resources: ["pods/*", "pods/exec"] }),
    `rules[0].resources[1]: Invalid value: "pods/exec": if 'pods/*' is present, must not specify pods/exec`,
  ],
  [
    rule({ scope: "Some" }),
    'rules[0].scope: Unsupported value: "Some": supported values: "*", "Cluster", "Namespaced"',
  ],
  [
    { namespaceSelector: { matchExpressions: [{ key: "a", operator: "Is" }] } },
    'namespaceSelector.matchExpressions[0].operator: Invalid value: "Is": not a valid selector operator',
  ],
];

test("webhooks are what they have to be", () => {
  for (const kind of [MutatingWebhookConfiguration, ValidatingWebhookConfiguration]) {
    for (const [change, ...expected] of table) {
      const found = problemsOf(kind, { webhooks: [webhook(change)] });
      const wanted = expected.map((problem) => `webhooks[0].${problem}`);
      assert.deepEqual(found.toSorted(), wanted.toSorted(), JSON.stringify(change));
    }
    assert.deepEqual(problemsOf(kind, { webhooks: [webhook(), webhook()] }), [
      'webhooks[1].name: Duplicate value: "hook.example.com"',
    ]);
  }
  assert.deepEqual(
    problemsOf(MutatingWebhookConfiguration, { webhooks: [webhook({ reinvocationPolicy: "Always" })] }),
    ['webhooks[0].reinvocationPolicy: Unsupported value: "Always": supported values: "IfNeeded", "Never"'],
  );
});

test("what is not said gets its default", () => {
  const [hook] = made(MutatingWebhookConfiguration, { webhooks: [webhook(service({}))] }).webhooks ?? [];
  assert.equal(hook?.failurePolicy, "Fail");
  assert.equal(hook?.matchPolicy, "Equivalent");
  assert.equal(hook?.reinvocationPolicy, "Never");
  assert.equal(hook?.timeoutSeconds, 10);
  assert.deepEqual([hook?.namespaceSelector, hook?.objectSelector], [{}, {}]);
  assert.equal(hook?.rules?.[0]?.scope, "*");
  assert.equal(hook?.clientConfig.service?.port, 443);
});
