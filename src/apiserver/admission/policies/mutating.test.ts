/** Mutating policies as clients of the API meet them. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { patching, startServer, startWebhook } from "../webhooks/test-kit.ts";
import { GROUP, MAPS, startPolicyServer } from "./test-kit.ts";

type Loose = Readonly<Record<string, unknown>>;

const apply = (...expressions: readonly string[]) => ({
  mutations: expressions.map((expression) => ({
    patchType: "ApplyConfiguration",
    applyConfiguration: { expression },
  })),
});
const patch = (expression: string) => ({
  mutations: [{ patchType: "JSONPatch", jsonPatch: { expression } }],
});
const labelled = (key: string, value = "'yes'") =>
  `Object{metadata: Object.metadata{labels: {"${key}": ${value}}}}`;

test("a configuration is laid over what is written, as server-side apply merges", async (t) => {
  const { mutating, map, ask } = await startPolicyServer(t);
  await mutating("label", apply(labelled("a"), labelled("b", "object.metadata.labels.a + '-b'")));
  const made = await map("x", { metadata: { name: "x", labels: { own: "1" } }, data: { k: "v" } });
  assert.equal(made.status, 201, JSON.stringify(made.json));
  assert.deepEqual(made.json.metadata.labels, { a: "yes", b: "yes-b", own: "1" });
  assert.deepEqual(made.json.data, { k: "v" });
  const patched = await ask("PATCH", `${MAPS}/x`, { metadata: { labels: { a: null } } });
  assert.equal(patched.json.metadata.labels.a, "yes");
  // What the policy adds is nobody's.
  const owners = JSON.stringify(made.json.metadata.managedFields);
  assert.ok(!owners.includes('"f:a"') && owners.includes('"f:own"'), owners);
});

test("items of keyed lists are merged by their keys, and a new sidecar joins them", async (t) => {
  const { mutating, ask } = await startPolicyServer(t);
  const pods = { operations: ["CREATE"], apiGroups: [""], apiVersions: ["v1"], resources: ["pods"] };
  await mutating("sidecar", {
    matchConstraints: { resourceRules: [pods] },
    variables: [{ name: "image", expression: "'registry.example.com/' + object.metadata.name" }],
    ...apply(`Object{
      spec: Object.spec{
        initContainers: [
          Object.spec.initContainers{name: "mesh", image: variables.image, restartPolicy: "Always"}
        ],
        containers: [Object.spec.containers{name: "main", imagePullPolicy: "Always"}],
        terminationGracePeriodSeconds: 7
      }
    }`),
  });
  const containers = [
    { name: "main", image: "main:1", ports: [{ containerPort: 80 }] },
    { name: "other", image: "other:1" },
  ];
  const made = await ask("POST", "/api/v1/namespaces/default/pods", {
    metadata: { name: "p" },
    spec: { containers },
  });
  assert.equal(made.status, 201, JSON.stringify(made.json));
  const { spec } = made.json;
  assert.equal(spec.initContainers[0].image, "registry.example.com/p");
  // Defaults of what the policy has brought.
  assert.equal(spec.initContainers[0].terminationMessagePolicy, "File");
  assert.equal(spec.terminationGracePeriodSeconds, 7);
  assert.deepEqual(
    spec.containers.map(({ name, imagePullPolicy, ports }: Record<string, unknown>) => [
      name,
      imagePullPolicy,
      ports,
    ]),
    [
      ["main", "Always", [{ containerPort: 80, protocol: "TCP" }]],
      ["other", "IfNotPresent", undefined],
    ],
  );
});

test("a JSON patch is made by an expression", async (t) => {
  const { mutating, map } = await startPolicyServer(t);
  await mutating(
    "patch",
    patch(`[
      JSONPatch{op: "test", path: "/data/go", value: "yes"},
      JSONPatch{op: "add", path: "/metadata/annotations", value: {}},
      JSONPatch{op: "add", path: "/metadata/annotations/" + jsonpatch.escapeKey("example.com/a"), value: "1"},
      JSONPatch{op: "move", from: "/data/old", path: "/data/new"},
      JSONPatch{op: "add", path: "/metadata/labels", value: Object.metadata.labels{x: "y"}}
    ]`),
  );
  const made = await map("a", { data: { go: "yes", old: "v" } });
  assert.equal(made.status, 201, JSON.stringify(made.json));
  assert.deepEqual(made.json.data, { go: "yes", new: "v" });
  assert.deepEqual(made.json.metadata.annotations, { "example.com/a": "1" });
  assert.deepEqual(made.json.metadata.labels, { x: "y" });
  // Where the test fails, nothing is changed, and nothing is wrong.
  const untouched = await map("b", { data: { go: "no", old: "v" } });
  assert.equal(untouched.status, 201);
  assert.deepEqual(untouched.json.data, { go: "no", old: "v" });
});

const FAILURES: readonly (readonly [name: string, spec: Loose, message: string])[] = [
  [
    "misplaced",
    apply("Object{metadata: Object.spec{labels: {}}}"),
    'type mismatch: unexpected type name "Object.spec", expected "Object.metadata", which matches field name path from root Object type',
  ],
  [
    "unknown",
    apply("Object{datax: {'a': 'b'}}"),
    "error applying patch: failed to convert patch object to typed object: .datax: field not declared in schema",
  ],
  [
    "atomic",
    apply("Object{metadata: Object.metadata{ownerReferences: [Object.metadata.ownerReferences{uid: 'u'}]}}"),
    "error applying patch: invalid ApplyConfiguration: may not mutate atomic arrays, maps or structs: .metadata.ownerReferences[0]",
  ],
  [
    "broken",
    apply("Object{data: {'a': string(object.nope)}}"),
    "expression 'Object{data: {'a': string(object.nope)}}' resulted in error: no such key: nope",
  ],
  ["lost", patch("[JSONPatch{op: 'remove', path: '/nope'}]"), 'JSON Patch: the path "/nope" does not exist'],
];

test("a change that cannot be made refuses the write, unless the policy says to go on", async (t) => {
  const { mutating, map, ask, server } = await startPolicyServer(t);
  for (const [name, spec, message] of FAILURES) {
    await mutating(name, spec);
    const refused = await map("a");
    assert.equal(refused.status, 403, JSON.stringify(refused.json));
    const text = `policy '${name}' with binding '${name}' denied request: ${message}`;
    assert.equal(refused.json.message, text);
    assert.equal(refused.json.reason, "Invalid");
    assert.deepEqual(refused.json.details, { name: "a", kind: "configmaps", causes: [{ message: text }] });
    assert.equal((await ask("DELETE", `${GROUP}/v1beta1/mutatingadmissionpolicies/${name}`)).status, 200);
    await mutating(`${name}-open`, { ...spec, failurePolicy: "Ignore" });
    const made = await map(name);
    assert.equal(made.status, 201, JSON.stringify(made.json));
    assert.equal(
      (await ask("DELETE", `${GROUP}/v1beta1/mutatingadmissionpolicies/${name}-open`)).status,
      200,
    );
  }
  const metrics = await server.metrics.text();
  assert.ok(
    metrics.includes(
      'apiserver_mutating_admission_policy_check_total{policy="atomic",policy_binding="atomic",error_type="invalid_error"} 1',
    ),
    metrics,
  );
  // What the object cannot hold is the server's to say.
  await mutating("strict", patch("[JSONPatch{op: 'add', path: '/datax', value: 1}]"));
  const refused = await map("b");
  assert.equal(refused.status, 500);
  assert.match(refused.json.message as string, /strict decoding error: unknown field "datax"/);
});

test("policies see each other's changes, and those that ask for it see later ones", async (t) => {
  const { mutating, map } = await startPolicyServer(t);
  const count = (key: string, of: string) =>
    `Object{metadata: Object.metadata{annotations: {"${key}": string(size(object.metadata.?${of}.orValue({})))}}}`;
  await mutating("a-never", apply(count("never", "labels")));
  await mutating("b-again", { ...apply(count("again", "labels")), reinvocationPolicy: "IfNeeded" });
  await mutating("c-label", apply(labelled("x")));
  const made = await map("m");
  assert.equal(made.status, 201, JSON.stringify(made.json));
  assert.deepEqual(made.json.metadata.annotations, { never: "0", again: "1" });
});

test("conditions and params decide whether and how an object is changed", async (t) => {
  const { mutating, put, map } = await startPolicyServer(t);
  await put("/api/v1/namespaces/default/secrets", {
    metadata: { name: "one", labels: { tag: "" } },
    stringData: { v: "1" },
  });
  await put("/api/v1/namespaces/default/secrets", {
    metadata: { name: "two", labels: { tag: "" } },
    stringData: { v: "2" },
  });
  await mutating(
    "tag",
    {
      paramKind: { apiVersion: "v1", kind: "Secret" },
      matchConditions: [
        { name: "c", expression: "!object.metadata.name.startsWith('skip') && params.data.v != ''" },
      ],
      ...apply('Object{metadata: Object.metadata{labels: {string(params.metadata.name): "yes"}}}'),
    },
    { paramRef: { selector: { matchLabels: { tag: "" } }, parameterNotFoundAction: "Deny" } },
  );
  assert.deepEqual((await map("a")).json.metadata.labels, { one: "yes", two: "yes" });
  assert.equal((await map("skip")).json.metadata.labels, undefined);
});

test("webhooks see what policies have made, and policies are asked again behind them", async (t) => {
  const hook = await startWebhook(t);
  const { mutating, map, configure } = await startPolicyServer(t);
  hook.answers.set("/hook", ({ object }) =>
    patching({
      op: "add",
      path: "/metadata/labels/hook",
      value: Object.keys(object.metadata.labels).join("-"),
    }),
  );
  await configure("Mutating", "hook", hook.webhook("/hook"));
  await mutating("a", {
    ...apply(labelled("policy", "'hook' in object.metadata.?labels.orValue({}) ? 'after' : 'before'")),
    reinvocationPolicy: "IfNeeded",
  });
  const made = await map("x");
  assert.equal(made.status, 201, JSON.stringify(made.json));
  assert.deepEqual(made.json.metadata.labels, { hook: "policy", policy: "after" });
});

test("custom objects are changed as their schema says", async (t) => {
  const { mutating, put, ask } = await startPolicyServer(t);
  const item = {
    type: "object",
    required: ["name"],
    properties: { name: { type: "string" }, size: { type: "integer" } },
  };
  const properties = {
    spec: {
      type: "object",
      properties: {
        items: {
          type: "array",
          items: item,
          "x-kubernetes-list-type": "map",
          "x-kubernetes-list-map-keys": ["name"],
        },
        args: { type: "array", items: { type: "string" } },
        mode: { type: "string", default: "fast" },
      },
    },
  };
  await put("/apis/apiextensions.k8s.io/v1/customresourcedefinitions", {
    metadata: { name: "boxes.example.com" },
    spec: {
      group: "example.com",
      scope: "Cluster",
      names: { plural: "boxes", kind: "Box" },
      versions: [
        {
          name: "v1",
          served: true,
          storage: true,
          schema: { openAPIV3Schema: { type: "object", properties } },
        },
      ],
    },
  });
  const boxes = "/apis/example.com/v1/boxes";
  while ((await ask("GET", boxes)).status !== 200) await new Promise(setImmediate);
  const resourceRules = [
    { operations: ["CREATE"], apiGroups: ["example.com"], apiVersions: ["v1"], resources: ["boxes"] },
  ];
  await mutating("box", {
    matchConstraints: { resourceRules },
    ...apply(
      "Object{spec: Object.spec{items: [Object.spec.items{name: 'a', size: 2}, Object.spec.items{name: 'b'}]}}",
    ),
  });
  const box = { apiVersion: "example.com/v1", kind: "Box", metadata: { name: "x" } };
  const made = await ask("POST", boxes, { ...box, spec: { items: [{ name: "c" }, { name: "a", size: 1 }] } });
  assert.equal(made.status, 201, JSON.stringify(made.json));
  assert.deepEqual(made.json.spec, {
    items: [{ name: "c" }, { name: "a", size: 2 }, { name: "b" }],
    mode: "fast",
  });
  await mutating("args", {
    matchConstraints: { resourceRules },
    ...apply("Object{spec: Object.spec{args: ['x']}}"),
  });
  const refused = await ask("POST", boxes, { ...box, metadata: { name: "y" } });
  assert.match(
    refused.json.message as string,
    /may not mutate atomic arrays, maps or structs: \.spec\.args$/,
  );
});

test("a policy may ask for another version, and changes the object there", async (t) => {
  const { mutating, ask } = await startPolicyServer(t);
  const resourceRules = [
    {
      operations: ["CREATE"],
      apiGroups: ["autoscaling"],
      apiVersions: ["v2"],
      resources: ["horizontalpodautoscalers"],
    },
  ];
  await mutating("calm", {
    matchConstraints: { resourceRules },
    ...patch(`[
      JSONPatch{op: "replace", path: "/spec/metrics/0/resource/target/averageUtilization",
        value: object.spec.metrics[0].resource.target.averageUtilization + 1}
    ]`),
  });
  const scalers = "/apis/autoscaling/v1/namespaces/default/horizontalpodautoscalers";
  const made = await ask("POST", scalers, {
    metadata: { name: "a" },
    spec: {
      maxReplicas: 3,
      targetCPUUtilizationPercentage: 50,
      scaleTargetRef: { kind: "Deployment", name: "a", apiVersion: "apps/v1" },
    },
  });
  assert.equal(made.status, 201, JSON.stringify(made.json));
  assert.equal(made.json.apiVersion, "autoscaling/v1");
  assert.equal(made.json.spec.targetCPUUtilizationPercentage, 51);
});

test("mutating policies work where only an old version of them is served", async (t) => {
  const { mutating, map } = await startPolicyServer(t, undefined, "v1alpha1");
  await mutating("label", apply(labelled("a")));
  assert.deepEqual((await map("x")).json.metadata.labels, { a: "yes" });
});

test("mutating policies are not served by default", async (t) => {
  const { ask } = await startServer(t);
  assert.equal((await ask("GET", `${GROUP}/v1beta1/mutatingadmissionpolicies`)).status, 404);
});
