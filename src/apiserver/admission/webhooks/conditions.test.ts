import assert from "node:assert/strict";
import { test } from "node:test";
import { Registry } from "prom-client";
import { MutatingWebhookConfiguration } from "#api/admissionregistration-v1/mutatingwebhookconfiguration";
import { ConfigMap } from "#api/core-v1/configmap";
import { made, problemsOf } from "#api/test-kit";
import { systemClock } from "#base/clock";
import type { Admission, Authorizer } from "../../contracts.ts";
import { ConditionMetrics } from "../expressions/condition-metrics.ts";
import { conditionsHold } from "./conditions.ts";
import { compileHook, type Hook } from "./hook.ts";
import { allowing, startServer, startWebhook } from "./test-kit.ts";

const WEBHOOK = {
  name: "hook.example.com",
  clientConfig: { url: "https://example.com" },
  sideEffects: "None",
  admissionReviewVersions: ["v1"],
};

const configuration = (failurePolicy: string, conditions: readonly object[]) => ({
  webhooks: [{ ...WEBHOOK, failurePolicy, matchConditions: conditions }],
});

const named = (...expressions: readonly string[]) =>
  expressions.map((expression, index) => ({ name: `c${index}`, expression }));

function hookWith(failurePolicy: string, ...expressions: readonly string[]): Hook {
  const { webhooks } = made(
    MutatingWebhookConfiguration,
    configuration(failurePolicy, named(...expressions)),
  );
  return compileHook("one", 0, webhooks![0]!);
}

const object = made(ConfigMap, { metadata: { name: "a", labels: { team: "x" } }, data: { size: "3" } });
const admission: Admission = {
  operation: "CREATE",
  resource: ConfigMap,
  subresource: "",
  namespace: "default",
  name: "a",
  object,
  old: undefined,
  options: { dryRun: false, fieldManager: "me" },
  dryRun: false,
  user: { name: "jane", groups: ["devs"], extra: { scope: ["all"] } },
  warn: () => undefined,
  annotate: () => undefined,
} as unknown as Admission;

/** Allows to get; about deletions it has to think. */
const authorizer: Authorizer = {
  authorize: (user, { verb, resource }) => {
    const decision = {
      verdict: verb === "get" || user.name === "system:serviceaccount:a:b" ? "allow" : "deny",
      reason: resource,
    } as const;
    return verb === "delete" ? Promise.resolve(decision) : decision;
  },
};

const metrics = new ConditionMetrics(new Registry());

const holds = (hook: Hook) =>
  conditionsHold(
    hook,
    { admission, resource: ConfigMap as never, object, old: undefined },
    { type: "admit", authorizer, clock: systemClock, metrics },
  );

const table: readonly (readonly [boolean, ...string[]])[] = [
  [true, "true"],
  [false, "false"],
  [true, "object.metadata.name == 'a'", "object.data.size == '3'"],
  [false, "true", "object.metadata.name == 'b'"],
  [true, "oldObject == null"],
  [true, "request.operation == 'CREATE' && request.namespace == 'default' && !request.dryRun"],
  [true, "request.kind.kind == 'ConfigMap' && request.resource.resource == 'configmaps'"],
  [true, "request.userInfo.username == 'jane' && 'devs' in request.userInfo.groups"],
  [true, "request.userInfo.extra['scope'] == ['all']"],
  [true, "request.options.fieldManager == 'me'"],
  [true, "!has(request.subResource)"],
  [true, "authorizer.group('').resource('pods').check('get').allowed()"],
  [false, "authorizer.requestResource.check('update').allowed()"],
  [true, "authorizer.requestResource.check('delete').reason() == 'configmaps'"],
  [true, "authorizer.serviceAccount('a', 'b').group('').resource('pods').check('delete').allowed()"],
  // What is false decides, whatever else went wrong.
  [false, "object.nope == 1", "false"],
];

test("conditions see the write and who asks for it", async () => {
  for (const [expected, ...expressions] of table) {
    assert.equal(await holds(hookWith("Fail", ...expressions)), expected, expressions.join(" ; "));
  }
});

test("a condition that cannot be evaluated refuses the request, or leaves the webhook out", async () => {
  assert.equal(await holds(hookWith("Ignore", "object.nope == 1", "true")), false);
  await assert.rejects(holds(hookWith("Fail", "object.nope == 1", "true")), {
    message: `configmaps "a" is forbidden: expression 'object.nope == 1' resulted in error: no such key: nope`,
  });
});

test("conditions are compiled when they are written", () => {
  const problems = (...conditions: readonly object[]) =>
    problemsOf(MutatingWebhookConfiguration, configuration("Fail", conditions));
  assert.deepEqual(problems(...named("true")), []);
  assert.deepEqual(problems({ name: "", expression: " " }), [
    "webhooks[0].matchConditions[0].expression: Required value",
    "webhooks[0].matchConditions[0].name: Required value",
  ]);
  assert.deepEqual(problems({ name: "a", expression: "true" }, { name: "a", expression: "true" }), [
    'webhooks[0].matchConditions[1].name: Duplicate value: "a"',
  ]);
  assert.deepEqual(problems(...named("1 + 1")), [
    'webhooks[0].matchConditions[0].expression: Invalid value: "1 + 1": must evaluate to bool but got int',
  ]);
  const [undeclared] = problems(...named("params.x == 1"));
  assert.match(undeclared ?? "", /compilation failed: ERROR: .*undeclared reference to 'params'/s);
  const many = named(...Array.from({ length: 65 }, () => "true"));
  assert.deepEqual(problems(...many), [
    "webhooks[0].matchConditions: Too many: 65: must have at most 64 items",
  ]);
});

test("a webhook is not asked where its conditions do not hold", async (t) => {
  const [hook, { ask, configure, server }] = await Promise.all([startWebhook(t), startServer(t)]);
  hook.answers.set("/check", () => allowing);
  const matchConditions = named("!object.metadata.name.startsWith('skip')");
  await configure("Validating", "one", hook.webhook("/check", { matchConditions }));
  for (const name of ["skip-me", "ask-me"]) {
    const made = await ask("POST", "/api/v1/namespaces/default/configmaps", { metadata: { name } });
    assert.equal(made.status, 201);
  }
  assert.deepEqual(
    hook.asked.map(({ name }) => name as string),
    ["ask-me"],
  );
  const excluded =
    'apiserver_admission_match_condition_exclusions_total{name="check.example.com",kind="webhook",type="validate",operation="CREATE"} 1';
  assert.ok((await server.metrics.text()).includes(excluded));
});
