import assert from "node:assert/strict";
import { test } from "node:test";
import { Pod } from "#api/core-v1/pod";
import { type Harness, type Json, startHarness } from "../harness.ts";

const PODS = "/api/v1/namespaces/default/pods";
const pod = (name: string, spec: object = {}, labels: object = {}) => ({
  metadata: { name, namespace: "default", labels },
  spec: { containers: [{ name: "c", image: "busybox" }], ...spec },
});
const bindTo = (node: string) => ({ metadata: {}, target: { kind: "Node", name: node } });

test("a binding gives a pod its node, once", async (t) => {
  const { ask, create } = await startHarness(t);
  await create(Pod, pod("a"));
  const bound = await ask("POST", `${PODS}/a/binding`, bindTo("n1"));
  assert.deepEqual(bound.json, {
    kind: "Status",
    apiVersion: "v1",
    metadata: {},
    status: "Success",
    code: 201,
  });
  const after = (await ask("GET", `${PODS}/a`)).json;
  assert.equal(after.spec.nodeName, "n1");
  assert.equal(after.status.conditions.find(({ type }: Json) => type === "PodScheduled").status, "True");
  const again = await ask("POST", `${PODS}/a/binding`, bindTo("n2"));
  assert.equal(again.status, 409);
  assert.match(again.json.message, /pod a is already assigned to node "n1"/);
  const found = await ask("GET", "/api/v1/pods?fieldSelector=spec.nodeName%3Dn1");
  assert.equal(found.json.items.length, 1);
  const byOldName = await ask("GET", "/api/v1/pods?fieldSelector=spec.host%3Dn1");
  assert.equal(byOldName.json.items.length, 1);
  const jobs = await ask("GET", "/apis/batch/v1/jobs?fieldSelector=color%3Dred");
  assert.equal(jobs.json.message, 'field label "color" not supported for Job');
  const none = await ask("GET", "/api/v1/pods?fieldSelector=spec.nodeName%3Dn2");
  assert.equal(none.json.items.length, 0);
});

test("a pod on a node leaves in its own time, one without at once", async (t) => {
  const { ask, create } = await startHarness(t);
  await create(Pod, pod("waiting"));
  await ask("DELETE", `${PODS}/waiting`);
  assert.equal((await ask("GET", `${PODS}/waiting`)).status, 404);
  await create(Pod, pod("running", { nodeName: "n1" }));
  const leaving = (await ask("DELETE", `${PODS}/running`)).json;
  assert.equal(leaving.metadata.deletionGracePeriodSeconds, 30);
  assert.equal(leaving.metadata.deletionTimestamp, "2026-01-01T00:00:30Z");
  const longer = (await ask("DELETE", `${PODS}/running`, { gracePeriodSeconds: 60 })).json;
  assert.equal(longer.metadata.deletionGracePeriodSeconds, 30);
  const shorter = (await ask("DELETE", `${PODS}/running`, { gracePeriodSeconds: 5 })).json;
  assert.equal(shorter.metadata.deletionTimestamp, "2026-01-01T00:00:05Z");
  await ask("DELETE", `${PODS}/running?gracePeriodSeconds=0`);
  assert.equal((await ask("GET", `${PODS}/running`)).status, 404);
});

test("an eviction asks the budget", async (t) => {
  const harness = await startHarness(t);
  const { ask, create } = harness;
  for (const name of ["a", "b"]) {
    await create(Pod, pod(name, { nodeName: "n1" }, { app: "web" }));
    await setStatus(harness, name, { phase: "Running", conditions: [{ type: "Ready", status: "True" }] });
  }
  const BUDGETS = "/apis/policy/v1/namespaces/default/poddisruptionbudgets";
  const budget = (
    await ask("POST", BUDGETS, {
      metadata: { name: "web" },
      spec: { minAvailable: 1, selector: { matchLabels: { app: "web" } } },
    })
  ).json;
  const status = {
    observedGeneration: 1,
    disruptionsAllowed: 1,
    currentHealthy: 2,
    desiredHealthy: 1,
    expectedPods: 2,
  };
  await ask("PUT", `${BUDGETS}/web/status`, { ...budget, status });
  const evict = (name: string) => ask("POST", `${PODS}/${name}/eviction`, { metadata: { name } });
  assert.equal((await evict("a")).status, 201);
  const left = (await ask("GET", `${BUDGETS}/web`)).json;
  assert.equal(left.status.disruptionsAllowed, 0);
  assert.ok(left.status.disruptedPods.a);
  const refused = await evict("b");
  assert.equal(refused.status, 429);
  assert.equal(refused.headers["retry-after"], "10");
  assert.equal(refused.json.details.causes[0].reason, "DisruptionBudget");
});

test("an evicted pod says that it goes by no fault of its own", async (t) => {
  const harness = await startHarness(t);
  const { ask, create } = harness;
  await create(Pod, pod("a", { nodeName: "n1" }));
  await setStatus(harness, "a", { phase: "Running", conditions: [{ type: "Ready", status: "True" }] });
  const before = (await ask("GET", `${PODS}/a`)).json;
  const evict = (more: object) => ask("POST", `${PODS}/a/eviction`, { metadata: { name: "a" }, ...more });
  const another = await evict({ deleteOptions: { preconditions: { uid: "another" } } });
  assert.equal(another.status, 409);
  assert.equal((await evict({ deleteOptions: { dryRun: ["All"] } })).status, 201);
  assert.deepEqual((await ask("GET", `${PODS}/a`)).json, before);

  const { resourceVersion } = before.metadata;
  assert.equal((await evict({ deleteOptions: { preconditions: { resourceVersion } } })).status, 201);
  const { metadata, status } = (await ask("GET", `${PODS}/a`)).json;
  assert.ok(metadata.deletionTimestamp);
  assert.deepEqual(
    status.conditions.map((each: { type: string; reason?: string }) => [each.type, each.reason]),
    [
      ["Ready", undefined],
      ["DisruptionTarget", "EvictionByEvictionAPI"],
    ],
  );
});

async function setStatus({ ask }: Harness, name: string, status: object): Promise<void> {
  const answer = await ask("PATCH", `${PODS}/${name}/status`, { status });
  assert.equal(answer.status, 200);
}

test("status and spec are written by doors of their own", async (t) => {
  const { ask } = await startHarness(t);
  const DEPLOYMENTS = "/apis/apps/v1/namespaces/default/deployments";
  const template = { metadata: { labels: { a: "b" } }, spec: { containers: [{ name: "c", image: "i" }] } };
  const made = await ask("POST", DEPLOYMENTS, {
    metadata: { name: "d" },
    spec: { selector: { matchLabels: { a: "b" } }, template },
    status: { replicas: 7 },
  });
  assert.equal(made.status, 201, made.text);
  assert.equal(made.json.status.replicas, undefined);
  assert.equal(made.json.metadata.generation, 1);
  const object = made.json;
  const spec = await ask("PUT", `${DEPLOYMENTS}/d`, {
    ...object,
    spec: { ...object.spec, replicas: 3 },
    status: { replicas: 9 },
  });
  assert.equal(spec.json.metadata.generation, 2);
  assert.equal(spec.json.status.replicas, undefined);
  const status = await ask("PUT", `${DEPLOYMENTS}/d/status`, {
    ...spec.json,
    spec: object.spec,
    status: { replicas: 2 },
  });
  assert.equal(status.json.status.replicas, 2);
  assert.equal(status.json.spec.replicas, 3);
  assert.equal(status.json.metadata.generation, 2);
  const scale = await ask("GET", `${DEPLOYMENTS}/d/scale`);
  assert.deepEqual(scale.json.spec, { replicas: 3 });
  assert.deepEqual(scale.json.status, { replicas: 2, selector: "a=b" });
  const scaled = await ask("PATCH", `${DEPLOYMENTS}/d/scale`, { spec: { replicas: 5 } });
  assert.equal(scaled.json.kind, "Scale");
  assert.equal((await ask("GET", `${DEPLOYMENTS}/d`)).json.spec.replicas, 5);
  const negative = await ask("PUT", `${DEPLOYMENTS}/d/scale`, { ...scaled.json, spec: { replicas: -1 } });
  assert.equal(negative.status, 422);
});

test("a namespace goes when its finalizers have gone", async (t) => {
  const { ask } = await startHarness(t);
  const made = (await ask("POST", "/api/v1/namespaces", { metadata: { name: "x" } })).json;
  assert.deepEqual(made.spec.finalizers, ["kubernetes"]);
  const going = (await ask("DELETE", "/api/v1/namespaces/x")).json;
  assert.equal(going.status.phase, "Terminating");
  const again = await ask("DELETE", "/api/v1/namespaces/x");
  assert.equal(again.status, 409);
  const done = await ask("PUT", "/api/v1/namespaces/x/finalize", { ...going, spec: { finalizers: [] } });
  assert.equal(done.status, 200);
  assert.equal((await ask("GET", "/api/v1/namespaces/x")).status, 404);
});

test("a field is kept where its gate is on, or where the object had it before", async (t) => {
  const leases = "/apis/coordination.k8s.io/v1/namespaces/default/leases";
  const lease = { metadata: { name: "l" }, spec: { holderIdentity: "a", preferredHolder: "b" } };
  const off = await startHarness(t);
  assert.deepEqual((await off.ask("POST", leases, lease)).json.spec, { holderIdentity: "a" });
  const changed = await off.ask("PATCH", `${leases}/l`, { spec: { preferredHolder: "c" } });
  assert.deepEqual(changed.json.spec, { holderIdentity: "a" });
  assert.equal(
    changed.json.metadata.resourceVersion,
    (await off.ask("GET", `${leases}/l`)).json.metadata.resourceVersion,
  );
  const on = await startHarness(t, { gates: { CoordinatedLeaderElection: true } });
  assert.deepEqual((await on.ask("POST", leases, lease)).json.spec, lease.spec);
});

test("every cluster has its namespaces", async (t) => {
  const { ask } = await startHarness(t);
  const list = (await ask("GET", "/api/v1/namespaces")).json;
  const names = list.items.map((item: Json) => item.metadata.name);
  assert.deepEqual(names, ["default", "kube-node-lease", "kube-public", "kube-system"]);
});

test("an Event is shown by both of its groups", async (t) => {
  const { ask } = await startHarness(t);
  const made = await ask("POST", "/apis/events.k8s.io/v1/namespaces/default/events", {
    metadata: { name: "e" },
    eventTime: "2026-01-01T00:00:00.000000Z",
    reportingController: "example.com/c",
    reportingInstance: "c-1",
    action: "Tested",
    reason: "Testing",
    type: "Normal",
    note: "words",
    regarding: { kind: "Pod", name: "a", namespace: "default" },
  });
  assert.equal(made.status, 201, made.text);
  assert.equal(made.json.note, "words");
  const core = (await ask("GET", "/api/v1/namespaces/default/events/e")).json;
  assert.equal(core.message, "words");
  assert.equal(core.involvedObject.name, "a");
  assert.equal(core.reportingComponent, "example.com/c");
});

test("nothing is older or younger than it is", async (t) => {
  const { ask, create } = await startHarness(t);
  const made = await create(Pod, pod("a"));
  const path = `${PODS}/a`;
  const moved = { ...made, metadata: { ...made.metadata, creationTimestamp: "2020-01-01T00:00:00Z" } };
  const answer = await ask("PUT", path, moved);
  assert.equal(answer.status, 422);
  assert.match(answer.json.message, /metadata\.creationTimestamp: Invalid value: .*: field is immutable/);
  const { creationTimestamp: _, ...metadata } = made.metadata;
  assert.equal((await ask("PUT", path, { ...made, metadata })).status, 200);
});
