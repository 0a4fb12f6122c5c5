import assert from "node:assert/strict";
import { test } from "node:test";
import { Registry } from "prom-client";
import { systemRandom } from "#base/random";
import { VirtualClock } from "#base/virtual-clock";
import { formatYaml } from "#machinery/yaml";
import type { Authorizer, RequestInfo } from "../contracts.ts";
import { requestInfoOf } from "../request/request-info.ts";
import { startReviewWebhook } from "../webhook-client/test-review-webhook.ts";
import { parseAuthorizationConfiguration } from "./configuration/authorization-configuration.ts";
import { ConfiguredAuthorizers } from "./configured-authorizers.ts";

const parse = (authorizers: unknown) =>
  parseAuthorizationConfiguration(
    formatYaml({ apiVersion: "apiserver.config.k8s.io/v1", kind: "AuthorizationConfiguration", authorizers }),
  );

const nothing: Authorizer = { authorize: () => ({ verdict: "no-opinion", reason: "" }) };
const ann = { name: "ann", uid: "7", groups: ["devs"], extra: { team: ["red"] } };

async function setUp(
  t: { after(end: () => unknown): void },
  change: object = {},
  rbac: Authorizer = nothing,
) {
  const webhook = await startReviewWebhook(t);
  const clock = new VirtualClock();
  const registry = new Registry();
  const closing = new AbortController();
  t.after(() => closing.abort());
  const configured = new ConfiguredAuthorizers({
    node: nothing,
    rbac,
    clock,
    random: systemRandom,
    registry,
    closing: closing.signal,
  });
  const hook = (more: object) => ({
    type: "Webhook",
    name: "hook",
    webhook: {
      timeout: "3s",
      authorizedTTL: "30s",
      unauthorizedTTL: "10s",
      subjectAccessReviewVersion: "v1",
      matchConditionSubjectAccessReviewVersion: "v1",
      failurePolicy: "NoOpinion",
      connectionInfo: { type: "KubeConfigFile", kubeConfigFile: webhook.kubeconfigFile },
      ...more,
    },
  });
  await configured.use(parse([hook(change), { type: "RBAC", name: "rbac" }]));
  const ask = async (path: string, method = "GET") => configured.authorize(ann, infoOf(path, method));
  return { webhook, clock, configured, registry, hook, ask };
}

function infoOf(target: string, method = "GET"): RequestInfo {
  const [path = "", search = ""] = target.split("?");
  return requestInfoOf(method, path, search);
}

const PODS = "/api/v1/namespaces/default/pods";

test("a webhook is asked with all that is known, and its answer is remembered for a while", async (t) => {
  const { webhook, clock, ask, registry } = await setUp(t);
  webhook.answer = ({ spec }) => ({ allowed: spec.resourceAttributes?.verb === "list", reason: "as I say" });
  const target = `${PODS}?fieldSelector=spec.nodeName%3Dn1&labelSelector=app+in+(a,b),!x`;
  assert.deepEqual(await ask(target), { verdict: "allow", reason: "as I say" });
  assert.deepEqual(webhook.asked[0]?.review, {
    kind: "SubjectAccessReview",
    apiVersion: "authorization.k8s.io/v1",
    spec: {
      resourceAttributes: {
        namespace: "default",
        verb: "list",
        version: "v1",
        resource: "pods",
        fieldSelector: { requirements: [{ key: "spec.nodeName", operator: "In", values: ["n1"] }] },
        labelSelector: {
          requirements: [
            { key: "app", operator: "In", values: ["a", "b"] },
            { key: "x", operator: "DoesNotExist" },
          ],
        },
      },
      user: "ann",
      groups: ["devs"],
      extra: { team: ["red"] },
      uid: "7",
    },
  });
  assert.equal(webhook.asked[0]?.authorization, "Bearer from-the-server");
  await ask(target);
  assert.equal(webhook.asked.length, 1);
  await clock.advance(30_000);
  await ask(target);
  assert.equal(webhook.asked.length, 2);

  assert.equal((await ask(`${PODS}/a`)).verdict, "no-opinion");
  await clock.advance(9_999);
  await ask(`${PODS}/a`);
  assert.equal(webhook.asked.length, 3);
  await clock.advance(1);
  await ask(`${PODS}/a`);
  assert.equal(webhook.asked.length, 4);
  assert.match(
    await registry.metrics(),
    /apiserver_authorization_decisions_total\{type="Webhook",name="hook",decision="allowed"\} 3/,
  );
});

test("a webhook that denies has the last word, one without an opinion leaves it to the next", async (t) => {
  const rbac: Authorizer = { authorize: () => ({ verdict: "allow", reason: "RBAC" }) };
  const { webhook, ask } = await setUp(t, {}, rbac);
  webhook.answer = ({ spec }) =>
    spec.nonResourceAttributes ? { allowed: false, denied: true, reason: "no" } : { allowed: false };
  assert.deepEqual(await ask("/metrics"), { verdict: "deny", reason: "no" });
  assert.equal((await ask(PODS)).reason, "RBAC");
  assert.deepEqual(webhook.asked[0]?.review.spec.nonResourceAttributes, { path: "/metrics", verb: "get" });
});

for (const [policy, verdict] of [
  ["NoOpinion", "no-opinion"],
  ["Deny", "deny"],
] as const) {
  test(`a webhook that cannot be asked, with policy ${policy}`, async (t) => {
    const { webhook, ask, clock, registry } = await setUp(t, { failurePolicy: policy });
    webhook.answer = () => undefined;
    const asking = ask(PODS);
    // Time passes while it pauses between its tries, and connections break when they do.
    const settled = asking.then(() => true);
    const turn = () => new Promise<false>((resolve) => setImmediate(() => resolve(false)));
    // oxlint-disable-next-line no-await-in-loop -- one pause after the other
    while (!(await Promise.race([settled, turn()]))) await clock.advance(500);
    const decision = await asking;
    assert.equal(decision.verdict, verdict);
    assert.match(decision.error ?? "", /Post "https:\/\/127.0.0.1:\d+\/review\?timeout=3s": /);
    assert.equal(webhook.asked.length, 5);
    webhook.answer = () => ({ allowed: true });
    assert.equal((await ask(PODS)).verdict, "allow", "failures are not remembered");
    const open = /evaluations_fail_open_total\{name="hook",result="error"\} 1/.test(await registry.metrics());
    assert.equal(open, policy === "NoOpinion");
  });
}

test("conditions say what is a webhook's business", async (t) => {
  const matchConditions = [
    { expression: "has(request.resourceAttributes)" },
    { expression: "request.resourceAttributes.namespace == 'kube-system'" },
    { expression: "!('system:serviceaccounts' in request.groups)" },
  ];
  const { webhook, ask, registry } = await setUp(t, { matchConditions });
  webhook.answer = () => ({ allowed: true });
  assert.equal((await ask(PODS)).verdict, "no-opinion");
  assert.equal((await ask("/version")).verdict, "no-opinion");
  assert.equal(webhook.asked.length, 0);
  assert.equal((await ask("/api/v1/namespaces/kube-system/pods")).verdict, "allow");
  assert.match(await registry.metrics(), /match_condition_exclusions_total\{name="hook",type="Webhook"\} 2/);
});

test("a condition that cannot be evaluated is a failure of the webhook", async (t) => {
  const matchConditions = [{ expression: "request.extra['missing'][0] == 'x'" }];
  const { ask } = await setUp(t, { matchConditions, failurePolicy: "Deny" });
  const decision = await ask(PODS);
  assert.equal(decision.verdict, "deny");
  assert.match(decision.error ?? "", /resulted in error: no such key: missing/);
});

test("another configuration takes the place of the first; one that cannot be used changes nothing", async (t) => {
  const { configured, ask } = await setUp(t, { failurePolicy: "Deny" });
  await configured.use(parse([{ type: "AlwaysAllow", name: "all" }]));
  assert.equal((await ask(PODS)).verdict, "allow");
  await assert.rejects(configured.use(parse([])), /at least one authorization mode must be defined/);
  assert.equal((await ask(PODS)).verdict, "allow");
  assert.deepEqual(configured.types, ["AlwaysAllow"]);
});

const WRONG: readonly (readonly [object, string])[] = [
  [{ timeout: "31s" }, 'timeout: Invalid value: "31s": must be > 0s and <= 30s'],
  [{ timeout: undefined }, "timeout: Required value"],
  [{ authorizedTTL: "-1s" }, 'authorizedTTL: Invalid value: "-1s": must be > 0s'],
  [
    { failurePolicy: "Allow" },
    'failurePolicy: Unsupported value: "Allow": supported values: "Deny", "NoOpinion"',
  ],
  [
    { connectionInfo: { type: "KubeConfigFile", kubeConfigFile: "relative" } },
    'connectionInfo.kubeConfigFile: Invalid value: "relative": must be an absolute path',
  ],
  [
    { connectionInfo: { type: "InClusterConfig" } },
    'connectionInfo.type: Invalid value: "InClusterConfig": not allowed for the API server itself',
  ],
  [
    { matchConditions: [{ expression: "1" }] },
    'matchConditions[0].expression: Invalid value: "1": must evaluate to bool',
  ],
  [
    { matchConditions: [{ expression: "true" }, { expression: "true" }] },
    'matchConditions[1].expression: Duplicate value: "true"',
  ],
];

test("what is wrong with a webhook's configuration is said", async (t) => {
  const { configured, hook } = await setUp(t);
  for (const [change, message] of WRONG) {
    const [path] = message.split(":");
    const whole = `authorizers[0].webhook.${message}`;
    // oxlint-disable-next-line no-await-in-loop -- a table
    await assert.rejects(
      configured.use(parse([hook(change)])),
      { name: "ConfigurationError", message: whole },
      path,
    );
  }
});

const WRONG_LISTS: readonly (readonly [unknown, string])[] = [
  [
    [
      { type: "RBAC", name: "a" },
      { type: "RBAC", name: "b" },
    ],
    'authorizers[1].type: Duplicate value: "RBAC"',
  ],
  [
    [
      { type: "RBAC", name: "a" },
      { type: "Node", name: "a" },
    ],
    'authorizers[1].name: Duplicate value: "a"',
  ],
  [[{ type: "RBAC" }], "authorizers[0].name: Required value"],
  [
    [{ type: "RBAC", name: "a", webhook: {} }],
    'authorizers[0].webhook: Invalid value: "non-null": may only be specified when type=Webhook',
  ],
  [
    [{ type: "Other", name: "a" }],
    'authorizers[0].type: Unsupported value: "Other": supported values: "AlwaysAllow", "AlwaysDeny", "Node", "RBAC", "Webhook"',
  ],
  [[{ type: "Webhook", name: "a" }], "authorizers[0].webhook: Required value: required when type=Webhook"],
];

test("what is wrong with the list of authorizers is said", async (t) => {
  const { configured } = await setUp(t);
  for (const [authorizers, message] of WRONG_LISTS) {
    // oxlint-disable-next-line no-await-in-loop -- a table
    await assert.rejects(configured.use(parse(authorizers)), { name: "ConfigurationError", message });
  }
});
