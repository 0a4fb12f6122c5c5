import assert from "node:assert/strict";
import { test } from "node:test";
import { type Harness, type Json, startHarness } from "../harness.ts";

const path = (version: string) => `/apis/autoscaling/${version}/namespaces/default/horizontalpodautoscalers`;
const APPLY = { "content-type": "application/apply-patch+yaml" };

const scaler = (version: string, spec: object, metadata: object = {}) => ({
  apiVersion: `autoscaling/${version}`,
  kind: "HorizontalPodAutoscaler",
  metadata: { name: "web", ...metadata },
  spec: {
    scaleTargetRef: { apiVersion: "apps/v1", kind: "Deployment", name: "web" },
    maxReplicas: 5,
    ...spec,
  },
});

const cpu = (averageUtilization: number) => ({
  type: "Resource",
  resource: { name: "cpu", target: { type: "Utilization", averageUtilization } },
});
const memory = {
  type: "Resource",
  resource: { name: "memory", target: { type: "Utilization", averageUtilization: 60 } },
};

const applying =
  ({ ask }: Harness) =>
  (manager: string, version: string, spec: object, query = "") =>
    ask("PATCH", `${path(version)}/web?fieldManager=${manager}${query}`, scaler(version, spec), APPLY);

/** `manager operation version` to the fields of the spec, without those that everybody sends. */
function owners({ json }: { readonly json: Json }): Record<string, readonly string[]> {
  const common = new Set(["f:scaleTargetRef", "f:maxReplicas"]);
  return Object.fromEntries(
    json.metadata.managedFields.map((entry: Json) => [
      `${entry.manager} ${entry.operation} ${entry.apiVersion}`,
      Object.keys(entry.fieldsV1["f:spec"] ?? {}).filter((field) => !common.has(field)),
    ]),
  );
}

test("an apply in one version conflicts with who has the field by another name in its own", async (t) => {
  const harness = await startHarness(t);
  const apply = applying(harness);
  assert.equal((await apply("old", "v1", { targetCPUUtilizationPercentage: 50 })).status, 201);

  const refused = await apply("new", "v2", { metrics: [cpu(70)] });
  assert.equal(refused.status, 409);
  assert.equal(
    refused.json.message,
    'Apply failed with 1 conflict: conflict with "old": .spec.targetCPUUtilizationPercentage',
  );
  assert.deepEqual(refused.json.details.causes, [
    {
      reason: "FieldManagerConflict",
      message: 'conflict with "old"',
      field: ".spec.targetCPUUtilizationPercentage",
    },
  ]);

  const shared = await apply("new", "v2", { metrics: [cpu(50)] });
  assert.equal(shared.status, 200, shared.text);
  assert.deepEqual(owners(shared), {
    "old Apply autoscaling/v1": ["f:targetCPUUtilizationPercentage"],
    "new Apply autoscaling/v2": ["f:metrics"],
  });

  const forced = await apply("new", "v2", { metrics: [cpu(70)] }, "&force=true");
  assert.equal(forced.status, 200, forced.text);
  assert.deepEqual(owners(forced), {
    "old Apply autoscaling/v1": [],
    "new Apply autoscaling/v2": ["f:metrics"],
  });
  const { json } = await harness.ask("GET", `${path("v1")}/web`);
  assert.equal(json.spec.targetCPUUtilizationPercentage, 70);
});

test("who wrote by update is named with its version", async (t) => {
  const harness = await startHarness(t);
  const body = scaler("v1", { targetCPUUtilizationPercentage: 50 });
  assert.equal((await harness.ask("POST", `${path("v1")}?fieldManager=manager`, body)).status, 201);
  const refused = await applying(harness)("new", "v2", { metrics: [cpu(70)] });
  assert.equal(
    refused.json.message,
    'Apply failed with 1 conflict: conflict with "manager" using autoscaling/v1: .spec.targetCPUUtilizationPercentage',
  );
});

test("an update in one version takes what it changes from appliers in another", async (t) => {
  const harness = await startHarness(t);
  const apply = applying(harness);
  await apply("me", "v1", { targetCPUUtilizationPercentage: 50, minReplicas: 2 });
  const type = { "content-type": "application/merge-patch+json" };
  const patch = { spec: { metrics: [cpu(80)] } };
  const changed = await harness.ask("PATCH", `${path("v2")}/web?fieldManager=you`, patch, type);
  assert.equal(changed.status, 200, changed.text);
  assert.deepEqual(owners(changed), {
    "me Apply autoscaling/v1": ["f:minReplicas"],
    "you Update autoscaling/v2": ["f:metrics"],
  });
  // One that leaves the field as it is takes nothing.
  const other = { spec: { minReplicas: 3 } };
  const again = await harness.ask("PATCH", `${path("v1")}/web?fieldManager=they`, other, type);
  assert.deepEqual(owners(again), {
    "me Apply autoscaling/v1": [],
    "you Update autoscaling/v2": ["f:metrics"],
    "they Update autoscaling/v1": ["f:minReplicas"],
  });
});

test("what was applied in one version and is no longer named in another goes, unless others have it", async (t) => {
  const harness = await startHarness(t);
  const apply = applying(harness);
  await apply("me", "v1", { targetCPUUtilizationPercentage: 50, minReplicas: 2 });
  const kept = await apply("you", "v2", { minReplicas: 2 });
  assert.equal(kept.status, 200, kept.text);
  const left = await apply("me", "v2", {});
  assert.equal(left.status, 200, left.text);
  assert.deepEqual(owners(left), {
    "me Apply autoscaling/v2": [],
    "you Apply autoscaling/v2": ["f:minReplicas"],
  });
  assert.equal(left.json.spec.minReplicas, 2);
  // What is there when nobody wants anything.
  assert.deepEqual(left.json.spec.metrics, [cpu(80)]);
});

test("what the version in which something was applied does not show stays", async (t) => {
  const harness = await startHarness(t);
  const apply = applying(harness);
  const behavior = { scaleDown: { stabilizationWindowSeconds: 7 } };
  await apply("me", "v1", { targetCPUUtilizationPercentage: 50, minReplicas: 2 });
  await apply("you", "v2", { metrics: [cpu(50), memory], behavior });
  const left = await apply("me", "v2", {});
  assert.equal(left.status, 200, left.text);
  assert.deepEqual(left.json.spec.metrics, [cpu(50), memory]);
  assert.equal(left.json.spec.behavior.scaleDown.stabilizationWindowSeconds, 7);
  assert.equal(left.json.spec.minReplicas, 1);
  assert.equal(left.json.metadata.annotations, undefined);
});

test("the same configuration in another version takes nothing away, and the entry tells the new version", async (t) => {
  const harness = await startHarness(t);
  const apply = applying(harness);
  await apply("me", "v1", { targetCPUUtilizationPercentage: 50, minReplicas: 2 });
  const moved = await apply("me", "v2", { metrics: [cpu(50)], minReplicas: 2 });
  assert.deepEqual(owners(moved), { "me Apply autoscaling/v2": ["f:metrics", "f:minReplicas"] });
  assert.deepEqual(moved.json.spec.metrics, [cpu(50)]);
  const back = await apply("me", "v1", { minReplicas: 2 });
  assert.deepEqual(owners(back), { "me Apply autoscaling/v1": ["f:minReplicas"] });
  // What is there when nobody wants anything.
  assert.equal(back.json.spec.targetCPUUtilizationPercentage, 80);
});

test("who wrote in a version that is gone owns nothing any more", async (t) => {
  const harness = await startHarness(t);
  const apply = applying(harness);
  const first = await apply("me", "v1", { minReplicas: 2 });
  const managedFields = first.json.metadata.managedFields.map((entry: Json) => ({
    ...entry,
    apiVersion: "autoscaling/v2beta1",
  }));
  const metadata = { ...first.json.metadata, managedFields, labels: { a: "1" } };
  const put = await harness.ask("PUT", `${path("v1")}/web?fieldManager=x`, { ...first.json, metadata });
  assert.deepEqual(owners(put), { "x Update autoscaling/v1": [] });
  const taken = await apply("you", "v1", { minReplicas: 3 });
  assert.equal(taken.status, 200, taken.text);
  assert.deepEqual(owners(taken)["you Apply autoscaling/v1"], ["f:minReplicas"]);
});

test("status and object have their own owners in every version", async (t) => {
  const harness = await startHarness(t);
  const apply = applying(harness);
  await apply("me", "v1", { targetCPUUtilizationPercentage: 50 });
  const status = (version: string, value: object, query: string) =>
    harness.ask(
      "PATCH",
      `${path(version)}/web/status?${query}`,
      { ...scaler(version, {}), status: value },
      APPLY,
    );
  const old = { currentReplicas: 1, desiredReplicas: 2, currentCPUUtilizationPercentage: 10 };
  assert.equal((await status("v1", old, "fieldManager=a")).status, 200);
  const current = { averageUtilization: 20 };
  const metric = { type: "Resource", resource: { name: "cpu", current } };
  const refused = await status("v2", { desiredReplicas: 2, currentMetrics: [metric] }, "fieldManager=b");
  assert.equal(
    refused.json.message,
    'Apply failed with 1 conflict: conflict with "a" with subresource "status": .status.currentCPUUtilizationPercentage',
  );
  const { json } = await harness.ask("GET", `${path("v1")}/web`);
  assert.equal(json.spec.targetCPUUtilizationPercentage, 50);
});

test("an Event has the same owners under both of its names", async (t) => {
  const { ask } = await startHarness(t);
  const name = "happened";
  const core = "/api/v1/namespaces/default/events";
  const event = {
    apiVersion: "v1",
    kind: "Event",
    metadata: { name, namespace: "default" },
    involvedObject: { kind: "Pod", namespace: "default", name: "web" },
    reason: "Because",
    message: "first",
    type: "Normal",
  };
  const made = await ask("PATCH", `${core}/${name}?fieldManager=me`, event, APPLY);
  assert.equal(made.status, 201, made.text);
  const other = { apiVersion: "events.k8s.io/v1", kind: "Event", metadata: { name }, note: "second" };
  const target = `/apis/events.k8s.io/v1/namespaces/default/events/${name}?fieldManager=you`;
  const refused = await ask("PATCH", target, other, APPLY);
  assert.equal(refused.json.message, 'Apply failed with 1 conflict: conflict with "me": .message');
});

test("an empty entry takes all owners away; a subresource cannot", async (t) => {
  const harness = await startHarness(t);
  await applying(harness)("me", "v1", { targetCPUUtilizationPercentage: 50 });
  const patch = { metadata: { managedFields: [{}] } };
  const same = await harness.ask("PATCH", `${path("v2")}/web/status?fieldManager=you`, patch);
  assert.equal(same.status, 200, same.text);
  assert.deepEqual(owners(same), { "me Apply autoscaling/v1": ["f:targetCPUUtilizationPercentage"] });
  const reset = await harness.ask("PATCH", `${path("v2")}/web?fieldManager=you`, patch);
  assert.equal(reset.status, 200, reset.text);
  assert.equal(reset.json.metadata.managedFields, undefined);
});

test("what a version does not know has the defaults of the stored one", async (t) => {
  const harness = await startHarness(t);
  const made = await harness.ask("POST", path("v1"), scaler("v1", {}));
  assert.equal(made.json.spec.targetCPUUtilizationPercentage, 80);
  const { json } = await harness.ask("GET", `${path("v2")}/web`);
  assert.deepEqual(json.spec.metrics, [cpu(80)]);
});
