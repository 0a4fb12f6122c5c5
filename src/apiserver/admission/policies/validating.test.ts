/** Validating policies as clients of the API meet them. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { ConnectHandler } from "../../request/handlers.ts";
import type { Answered, Json } from "../webhooks/test-kit.ts";
import { CONFIG_MAPS, GROUP, MAPS, startPolicyServer } from "./test-kit.ts";

function denied(answer: Answered, code: number, reason: string, message: string): void {
  assert.equal(answer.status, code, JSON.stringify(answer.json));
  assert.equal(answer.json.message, message);
  assert.equal(answer.json.reason, reason);
}

const no = (policy: string, why: string, name = "a", binding = policy): string =>
  `configmaps "${name}" is forbidden: ValidatingAdmissionPolicy '${policy}' with binding '${binding}' denied request: ${why}`;

/** Of the config map that was created last. */
const recordOf = (records: readonly Json[]): Json =>
  records.findLast(({ verb, objectRef }) => verb === "create" && objectRef.resource === "configmaps");

const rule = (expression: string, more: object = {}) => ({ validations: [{ expression, ...more }] });

test("a write that breaks a rule is refused in upstream's words", async (t) => {
  const { validating, map, ask } = await startPolicyServer(t);
  await validating("small", rule(" object.data.size() <= 1 "));
  assert.equal((await map("a", { data: { x: "1" } })).status, 201);
  const answer = await map("b", { data: { x: "1", y: "2" } });
  denied(answer, 422, "Invalid", no("small", "failed expression: object.data.size() <= 1", "b"));
  assert.deepEqual(answer.json.details, {
    name: "b",
    kind: "configmaps",
    causes: [
      { message: no("small", "failed expression: object.data.size() <= 1", "b").split("forbidden: ")[1] },
    ],
  });
  const update = await ask("PATCH", `${MAPS}/a`, { data: { z: "1" } });
  denied(update, 422, "Invalid", no("small", "failed expression: object.data.size() <= 1"));
  // What is not stored is judged as well.
  assert.equal((await map("c", { data: { x: "1", y: "2" } }, "?dryRun=All")).status, 422);
  assert.equal((await ask("DELETE", `${GROUP}/v1/validatingadmissionpolicybindings/small`)).status, 200);
  assert.equal((await map("b", { data: { x: "1", y: "2" } })).status, 201);
});

test("the policy says why and how it refuses", async (t) => {
  const { validating, map } = await startPolicyServer(t);
  await validating("p", {
    variables: [
      { name: "size", expression: "object.data.size()" },
      { name: "twice", expression: "variables.size * 2" },
    ],
    validations: [
      { expression: "variables.size < 3", message: " too many ", reason: "RequestEntityTooLarge" },
      {
        expression: "variables.twice < 3",
        message: "unused",
        messageExpression: "'twice ' + string(variables.size) + ' is ' + string(variables.twice)",
        reason: "Forbidden",
      },
      {
        expression: "!('bad' in object.data)",
        message: "plain",
        messageExpression: "object.data.bad + '\\n'",
      },
    ],
  });
  const data = (count: number) => Object.fromEntries(Array.from({ length: count }, (_, n) => [`k${n}`, ""]));
  denied(await map("a", { data: data(3) }), 413, "RequestEntityTooLarge", no("p", "too many"));
  denied(await map("a", { data: data(2) }), 403, "Forbidden", no("p", "twice 2 is 4"));
  // A message of two lines is none.
  denied(await map("a", { data: { bad: "" } }), 422, "Invalid", no("p", "plain"));
});

test("bindings choose between refusing, warning and putting on record", async (t) => {
  const { validating, put, map, records } = await startPolicyServer(t);
  await validating("loud", rule("false", { message: "no" }), { validationActions: ["Warn", "Audit"] });
  const made = await map("a");
  assert.equal(made.status, 201);
  assert.match(
    String(made.headers.warning),
    /299 - "Validation failed for ValidatingAdmissionPolicy 'loud' with binding 'loud': no"/,
  );
  const annotations = recordOf(records).annotations;
  assert.deepEqual(JSON.parse(annotations["validation.policy.admission.k8s.io/validation_failure"]), [
    {
      message: "no",
      policy: "loud",
      binding: "loud",
      expressionIndex: 0,
      validationActions: ["Warn", "Audit"],
    },
  ]);
  const spec = {
    policyName: "loud",
    validationActions: ["Deny"],
    matchResources: { objectSelector: { matchLabels: { x: "y" } } },
  };
  await put(`${GROUP}/v1/validatingadmissionpolicybindings`, { metadata: { name: "strict" }, spec });
  assert.equal((await map("b")).status, 201);
  denied(
    await map("c", { metadata: { name: "c", labels: { x: "y" } } }),
    422,
    "Invalid",
    no("loud", "no", "c", "strict"),
  );
});

test("audit annotations are made by expressions", async (t) => {
  const { validating, put, map, records } = await startPolicyServer(t);
  await put(MAPS, { metadata: { name: "one" }, data: { tag: "first" } });
  await put(MAPS, { metadata: { name: "two" }, data: { tag: "second" } });
  await validating(
    "p",
    {
      paramKind: { apiVersion: "v1", kind: "ConfigMap" },
      matchConstraints: { resourceRules: [{ ...CONFIG_MAPS.resourceRules[0], resourceNames: ["a"] }] },
      auditAnnotations: [
        { key: "tags", valueExpression: "string(params.data.tag)" },
        { key: "who", valueExpression: "request.userInfo.username" },
        { key: "nothing", valueExpression: "null" },
      ],
    },
    { paramRef: { selector: {}, namespace: "default", parameterNotFoundAction: "Deny" } },
  );
  assert.equal((await map("a")).status, 201);
  const { annotations } = recordOf(records);
  assert.equal(annotations["p/tags"], "first, second");
  assert.equal(annotations["p/who"], "admin");
  assert.equal(annotations["p/nothing"], undefined);
});

test("what cannot be evaluated refuses, unless the policy says to go on", async (t) => {
  const { validating, map, server } = await startPolicyServer(t);
  await validating("open", { ...rule("object.nope == 1"), failurePolicy: "Ignore" });
  assert.equal((await map("a")).status, 201);
  await validating("shut", rule("object.nope == 1"));
  const why = "expression 'object.nope == 1' resulted in error: no such key: nope";
  denied(await map("b"), 422, "Invalid", no("shut", why, "b"));
  const metrics = await server.metrics.text();
  const counted = (policy: string, action: string) =>
    `apiserver_validating_admission_policy_check_total{policy="${policy}",policy_binding="${policy}",error_type="invalid_error",enforcement_action="${action}"}`;
  assert.ok(metrics.includes(`${counted("open", "allow")} 2`), metrics);
  assert.ok(metrics.includes(`${counted("shut", "deny")} 1`));
  assert.match(metrics, /apiserver_validating_admission_policy_check_duration_seconds_count\{policy="shut"/);
});

test("expressions have budgets, each one and all of a policy together", async (t) => {
  const { validating, map } = await startPolicyServer(t);
  const list = JSON.stringify(Array.from({ length: 100 }, (_, n) => n));
  const slow = (rounds: string) => `${list}.all(x, ${list}.all(y, ${rounds}))`;
  await validating("one", {
    matchConditions: [{ name: "c", expression: "object.metadata.name == 'one'" }],
    ...rule(slow(`${list}.all(z, x + y + z >= 0)`)),
  });
  const refused = (await map("one")).json.message as string;
  assert.match(refused, /resulted in error: operation cancelled: actual cost limit exceeded$/);
  const validations = Array.from({ length: 99 }, () => ({
    expression: slow("x + y >= 0 && x * y >= 0 && x - y < 1000"),
  }));
  await validating("all", {
    matchConditions: [{ name: "c", expression: "object.metadata.name == 'all'" }],
    validations,
  });
  denied(
    await map("all"),
    422,
    "Invalid",
    no(
      "all",
      "validation failed due to running out of cost budget, no further validation rules will be run",
      "all",
    ),
  );
});

test("a variable is evaluated once for all expressions, and only where one mentions it", async (t) => {
  const { validating, map } = await startPolicyServer(t);
  const list = JSON.stringify(Array.from({ length: 100 }, (_, n) => n));
  // Costs about a twentieth of the budget: evaluated for each rule, it would be spent.
  const variables = [
    { name: "slow", expression: `${list}.all(x, ${list}.all(y, x + y >= 0))` },
    { name: "wrong", expression: "object.nope" },
  ];
  const validations = Array.from({ length: 80 }, () => ({ expression: "variables.slow" }));
  await validating("p", { variables, validations });
  assert.equal((await map("a")).status, 201);
  await validating("q", { variables, validations: [{ expression: "variables.wrong == 1" }] });
  const why = `expression 'variables.wrong == 1' resulted in error: composited variable "wrong" fails to evaluate: no such key: nope`;
  denied(await map("b"), 422, "Invalid", no("q", why, "b"));
});

test("expressions see the write, the namespace, and who asks for it", async (t) => {
  const { validating, map, ask, put } = await startPolicyServer(t);
  await put("/api/v1/namespaces", { metadata: { name: "team", labels: { owner: "me" } } });
  const expressions = [
    "request.operation == 'CREATE' ? oldObject == null : true",
    "request.operation == 'DELETE' ? object == null && oldObject.metadata.name == request.name : object != null",
    "namespaceObject.metadata.name == request.namespace && namespaceObject.metadata.labels.owner == 'me'",
    "namespaceObject.metadata.creationTimestamp < timestamp('2999-01-01T00:00:00Z')",
    "request.dryRun == false && request.resource.resource == 'configmaps' && request.kind.kind == 'ConfigMap'",
    "authorizer.group('').resource('pods').namespace(request.namespace).check('create').allowed()",
    "authorizer.requestResource.check('get').allowed()",
  ];
  const inTeam = { namespaceSelector: { matchLabels: { owner: "me" } } };
  await validating(
    "p",
    { validations: expressions.map((expression) => ({ expression })) },
    { matchResources: inTeam },
  );
  assert.equal((await map("elsewhere")).status, 201);
  const maps = "/api/v1/namespaces/team/configmaps";
  const made = await ask("POST", maps, { metadata: { name: "a" } });
  assert.equal(made.status, 201, JSON.stringify(made.json));
  assert.equal((await ask("PATCH", `${maps}/a`, { data: { x: "1" } })).status, 200);
  const gone = await ask("DELETE", `${maps}/a`);
  assert.equal(gone.status, 200, JSON.stringify(gone.json));
});

test("rules may leave out, name objects, and match other versions of the same kind", async (t) => {
  const { put, ask, map } = await startPolicyServer(t);
  const policy = (name: string, matchConstraints: object, expression: string) =>
    put(`${GROUP}/v1/validatingadmissionpolicies`, {
      metadata: { name },
      spec: { matchConstraints, validations: [{ expression }] },
    });
  const bind = (name: string) =>
    put(`${GROUP}/v1/validatingadmissionpolicybindings`, {
      metadata: { name },
      spec: { policyName: name, validationActions: ["Deny"] },
    });
  const [every] = CONFIG_MAPS.resourceRules;
  await policy(
    "some",
    { ...CONFIG_MAPS, excludeResourceRules: [{ ...every, resourceNames: ["free"] }] },
    "false",
  );
  await bind("some");
  assert.equal((await map("free")).status, 201);
  assert.equal((await map("other")).status, 422);

  const scalers = (matchPolicy: string) => ({
    matchPolicy,
    resourceRules: [
      {
        operations: ["CREATE"],
        apiGroups: ["autoscaling"],
        apiVersions: ["v2"],
        resources: ["horizontalpodautoscalers"],
      },
    ],
  });
  const isSeen =
    "object.apiVersion == 'autoscaling/v2' && object.spec.metrics[0].resource.target.averageUtilization == 50 && request.requestKind.version == 'v1' && request.kind.version == 'v2'";
  await policy("exact", scalers("Exact"), "false");
  await bind("exact");
  await policy("equivalent", scalers("Equivalent"), `!(${isSeen})`);
  await bind("equivalent");
  const old = await ask("POST", "/apis/autoscaling/v1/namespaces/default/horizontalpodautoscalers", {
    metadata: { name: "a" },
    spec: {
      maxReplicas: 3,
      targetCPUUtilizationPercentage: 50,
      scaleTargetRef: { kind: "Deployment", name: "a", apiVersion: "apps/v1" },
    },
  });
  assert.equal(old.status, 422);
  assert.match(old.json.message, /ValidatingAdmissionPolicy 'equivalent' with binding/);
});

test("params come by name or by selector, from the namespace of the write or another", async (t) => {
  const { put, validating, map } = await startPolicyServer(t);
  const limit = (name: string, max: string, namespace = "default") =>
    put(`/api/v1/namespaces/${namespace}/secrets`, {
      metadata: { name, labels: { limits: "yes" } },
      stringData: { max },
    });
  const counted = {
    paramKind: { apiVersion: "v1", kind: "Secret" },
    validations: [
      {
        expression: "object.data.size() <= size(params.data.max)",
        messageExpression: "'at most ' + string(size(params.data.max))",
      },
    ],
  };
  await limit("max", "x");
  // Base64 of one letter has four.
  await validating("named", counted, { paramRef: { name: "max", parameterNotFoundAction: "Deny" } });
  const data = (count: number) => ({
    data: Object.fromEntries(Array.from({ length: count }, (_, n) => [`k${n}`, ""])),
  });
  assert.equal((await map("a", data(4))).status, 201);
  denied(await map("b", data(5)), 422, "Invalid", no("named", "at most 4", "b"));
});

test("without params a binding refuses or lets go, as it says", async (t) => {
  const { put, validating, map, ask } = await startPolicyServer(t);
  const spec = {
    paramKind: { apiVersion: "v1", kind: "Namespace" },
    ...rule("params == null || 'ok' in params.metadata.labels"),
  };
  const lost = (parameterNotFoundAction: string) => ({ paramRef: { name: "gone", parameterNotFoundAction } });
  await validating("lax", spec, lost("Allow"));
  assert.equal((await map("a")).status, 201);
  await validating("strict", spec, lost("Deny"));
  denied(
    await map("b"),
    422,
    "Invalid",
    no(
      "strict",
      "failed to configure binding: no params found for policy binding with `Deny` parameterNotFoundAction",
      "b",
    ),
  );
  await put("/api/v1/namespaces", { metadata: { name: "gone", labels: { ok: "" } } });
  assert.equal((await map("b")).status, 201);
  await validating(
    "wrong",
    { ...spec, ...rule("true") },
    { paramRef: { name: "gone", namespace: "default", parameterNotFoundAction: "Deny" } },
  );
  const misplaced =
    "failed to configure binding: paramRef.namespace must not be provided for a cluster-scoped `paramKind`";
  denied(await map("c"), 422, "Invalid", no("wrong", misplaced, "c"));
  await ask("DELETE", `${GROUP}/v1/validatingadmissionpolicies/wrong`);
  await validating(
    "unknown",
    { ...rule("true"), paramKind: { apiVersion: "example.com/v1", kind: "Limit" } },
    lost("Allow"),
  );
  const unknown =
    "failed to configure policy: failed to find resource referenced by paramKind: 'example.com/v1, Kind=Limit'";
  denied(
    await map("c"),
    422,
    "Invalid",
    `configmaps "c" is forbidden: ValidatingAdmissionPolicy 'unknown' denied request: ${unknown}`,
  );
});

const LIMITS = "/apis/example.com/v1/limits";
const limitDefinition = {
  metadata: { name: "limits.example.com" },
  spec: {
    group: "example.com",
    scope: "Cluster",
    names: { plural: "limits", kind: "Limit" },
    versions: [
      {
        name: "v1",
        served: true,
        storage: true,
        schema: { openAPIV3Schema: { type: "object", properties: { max: { type: "integer" } } } },
      },
    ],
  },
};

test("params may be of a custom kind, and policies about one", async (t) => {
  const { put, validating, map, ask } = await startPolicyServer(t);
  await validating(
    "limited",
    {
      paramKind: { apiVersion: "example.com/v1", kind: "Limit" },
      ...rule("object.data.size() <= params.max"),
    },
    { paramRef: { name: "small", parameterNotFoundAction: "Deny" } },
  );
  await put("/apis/apiextensions.k8s.io/v1/customresourcedefinitions", limitDefinition);
  while ((await ask("GET", LIMITS)).status !== 200) await new Promise(setImmediate);
  const limit = { apiVersion: "example.com/v1", kind: "Limit" };
  await put(LIMITS, { ...limit, metadata: { name: "small" }, max: 1 });
  assert.equal((await map("a", { data: { x: "" } })).status, 201);
  assert.equal((await map("b", { data: { x: "", y: "" } })).status, 422);
  assert.equal((await ask("PATCH", `${LIMITS}/small`, { max: 2 })).status, 200);
  await ask("GET", `${LIMITS}/small`);
  assert.equal((await map("b", { data: { x: "", y: "" } })).status, 201);

  const resourceRules = [
    { operations: ["*"], apiGroups: ["example.com"], apiVersions: ["*"], resources: ["*"] },
  ];
  await validating("of-limits", { matchConstraints: { resourceRules }, ...rule("object.max < 100") });
  const refused = await ask("POST", LIMITS, { ...limit, metadata: { name: "huge" }, max: 1000 });
  assert.equal(
    refused.json.message,
    `limits.example.com "huge" is forbidden: ValidatingAdmissionPolicy 'of-limits' with binding 'of-limits' denied request: failed expression: object.max < 100`,
  );
});

test("policies are about everything but policies and questions about rights", async (t) => {
  const { validating, ask } = await startPolicyServer(t);
  const resourceRules = [{ operations: ["*"], apiGroups: ["*"], apiVersions: ["*"], resources: ["*/*"] }];
  const outside = "request.namespace == '' || request.namespace == 'default'";
  await validating("everything", {
    matchConstraints: { resourceRules },
    matchConditions: [{ name: "c", expression: `(${outside}) && request.userInfo.username == 'admin'` }],
    ...rule("request.subResource == 'scale' ? object.spec.replicas < 3 : false"),
  });
  const deployment = { metadata: { name: "d" } };
  assert.equal((await ask("POST", "/apis/apps/v1/namespaces/default/deployments", deployment)).status, 422);
  const review = { spec: { nonResourceAttributes: { path: "/", verb: "get" } } };
  const asked = await ask("POST", "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews", review);
  assert.equal(asked.status, 201, JSON.stringify(asked.json));
  const gone = await ask("DELETE", `${GROUP}/v1/validatingadmissionpolicies/everything`);
  assert.equal(gone.status, 200);
});

test("a scale is judged as a scale", async (t) => {
  const { validating, ask } = await startPolicyServer(t);
  const resourceRules = [
    { operations: ["UPDATE"], apiGroups: ["apps"], apiVersions: ["v1"], resources: ["deployments/scale"] },
  ];
  await validating("few", {
    matchConstraints: { resourceRules },
    ...rule("object.kind == 'Scale' && object.spec.replicas < 3"),
  });
  const labels = { app: "a" };
  const template = { metadata: { labels }, spec: { containers: [{ name: "a", image: "a" }] } };
  const deployments = "/apis/apps/v1/namespaces/default/deployments";
  const made = await ask("POST", deployments, {
    metadata: { name: "d" },
    spec: { selector: { matchLabels: labels }, template },
  });
  assert.equal(made.status, 201, JSON.stringify(made.json));
  assert.equal((await ask("PATCH", `${deployments}/d/scale`, { spec: { replicas: 2 } })).status, 200);
  const refused = await ask("PATCH", `${deployments}/d/scale`, { spec: { replicas: 3 } });
  assert.equal(refused.status, 422, JSON.stringify(refused.json as Json));
});

test("a connection is judged by its options, before it is made", async (t) => {
  const connected: string[] = [];
  const connects = new Map<string, ConnectHandler>([
    [
      "pods/exec",
      async ({ exchange, info }) => {
        connected.push(info.name);
        exchange.reply(200, {}, Buffer.from("{}"));
      },
    ],
  ]);
  const { validating, put, ask } = await startPolicyServer(t, connects);
  const resourceRules = [
    { operations: ["CONNECT"], apiGroups: [""], apiVersions: ["v1"], resources: ["pods/exec"] },
  ];
  await validating("no-shell", {
    matchConstraints: { resourceRules },
    ...rule("object.kind == 'PodExecOptions' && oldObject == null && !('sh' in object.command)", {
      message: "no shells",
      reason: "Forbidden",
    }),
  });
  const pods = "/api/v1/namespaces/default/pods";
  await put(pods, { metadata: { name: "p" }, spec: { containers: [{ name: "c", image: "i" }] } });
  const why = `pods "p" is forbidden: ValidatingAdmissionPolicy 'no-shell' with binding 'no-shell' denied request: no shells`;
  denied(await ask("POST", `${pods}/p/exec?command=sh&stdin=true`), 403, "Forbidden", why);
  assert.deepEqual(connected, []);
  await ask("POST", `${pods}/p/exec?command=ls`);
  assert.deepEqual(connected, ["p"]);
});

test("the status of a policy is written apart, and changes nothing of what it does", async (t) => {
  const { validating, ask, map } = await startPolicyServer(t);
  await validating("p", rule("false"));
  const path = `${GROUP}/v1/validatingadmissionpolicies/p`;
  const condition = {
    type: "Ready",
    status: "True",
    reason: "Because",
    message: "m",
    lastTransitionTime: "2026-01-01T00:00:00Z",
  };
  const status = { observedGeneration: 1, typeChecking: {}, conditions: [condition] };
  const patched = await ask("PATCH", `${path}/status`, { status, spec: { failurePolicy: "Ignore" } });
  assert.equal(patched.status, 200, JSON.stringify(patched.json));
  assert.deepEqual(patched.json.status, status);
  assert.equal(patched.json.spec.failurePolicy, "Fail");
  assert.equal(patched.json.metadata.generation, 1);
  const warned = await ask("PATCH", `${path}/status`, {
    status: { typeChecking: { expressionWarnings: [{ fieldRef: " ", warning: "" }] } },
  });
  assert.deepEqual(
    warned.json.details.causes.map(({ field, message }: Json) => `${field}: ${message}`),
    [
      "status.typeChecking.expressionWarnings[0].warning: Required value",
      "status.typeChecking.expressionWarnings[0].fieldRef: Required value",
    ],
  );
  assert.equal((await map("a")).status, 422);
  const changed = await ask("PATCH", path, { spec: rule("true"), status: { observedGeneration: 9 } });
  assert.deepEqual([changed.json.metadata.generation, changed.json.status], [2, status]);
  await ask("GET", path);
  assert.equal((await map("a")).status, 201);
});
