import assert from "node:assert/strict";
import { CoreV1Api, type V1Pod, type V1ResourceQuotaSpec, type V1ServiceSpec } from "@kubernetes/client-node";
import { refused } from "../kind-client.ts";
import {
  configMaps,
  pods,
  replicaSets,
  replicationControllers,
  resourceQuotas,
  secrets,
  services,
} from "../kinds.ts";
import { plain } from "../plain.ts";
import { conformance, type ConformanceContext } from "../suite.ts";

const NAME = "test-quota";
type Amounts = Record<string, string>;

/** Makes a quota; resolves when its status counts what there is. */
async function makeQuota(
  context: ConformanceContext,
  spec: V1ResourceQuotaSpec,
  name = NAME,
): Promise<Amounts> {
  const created = await resourceQuotas(context).create({ metadata: { name }, spec });
  assert.deepEqual(plain(created.spec), spec);
  const counted = await resourceQuotas(context).until(
    name,
    ({ status }) => status?.hard !== undefined && status.used !== undefined,
    "its status is calculated",
  );
  assert.deepEqual(counted.status!.hard, spec.hard);
  return counted.status!.used!;
}

/** Resolves when the quota counts these amounts. */
const used = (context: ConformanceContext, amounts: Amounts, name = NAME) =>
  resourceQuotas(context).until(
    name,
    ({ status }) => Object.entries(amounts).every(([key, amount]) => status?.used?.[key] === amount),
    `${JSON.stringify(amounts)} is used`,
  );

/** Asserts that the quota forbids it, and says which amount is too much. */
async function exceeds(call: Promise<unknown>, what: RegExp, name = NAME): Promise<void> {
  const { message } = await refused(call, 403, "Forbidden");
  assert.match(message!, new RegExp(`exceeded quota: ${name}`));
  assert.match(message!, what);
}

/** No node takes it, so that nothing but the quota counts it. */
const pod = (name: string, requests?: Amounts, more: Partial<V1Pod["spec"]> = {}): V1Pod => ({
  metadata: { name },
  spec: {
    nodeSelector: { "conformance.k8ts/nowhere": "yes" },
    containers: [{ name: "pause", image: "pause", resources: { requests, limits: requests } }],
    ...more,
  },
});

const template = {
  metadata: { labels: { app: "counted" } },
  spec: { containers: [{ name: "pause", image: "pause" }] },
};

conformance(
  "[sig-api-machinery] ResourceQuota should create a ResourceQuota and ensure its status is promptly calculated. [Conformance]",
  async (context) => {
    const hard = {
      pods: "5",
      services: "10",
      "requests.cpu": "1",
      "requests.memory": "500Mi",
      secrets: "10",
    };
    assert.deepEqual(await makeQuota(context, { hard }), {
      pods: "0",
      "requests.cpu": "0",
      "requests.memory": "0",
      secrets: "0",
      services: "0",
    });
  },
);

conformance(
  "[sig-api-machinery] ResourceQuota should create a ResourceQuota and capture the life of a service. [Conformance]",
  async (context) => {
    await makeQuota(context, {
      hard: { services: "3", "services.nodeports": "2", "services.loadbalancers": "1" },
    });
    const create = (name: string, type: string, more: Partial<V1ServiceSpec> = {}) =>
      services(context).create({
        metadata: { name },
        spec: { type, ports: [{ port: 80 }], selector: { a: "b" }, ...more },
      });
    const counts = (all: string, nodePorts: string, balancers: string) =>
      used(context, {
        services: all,
        "services.nodeports": nodePorts,
        "services.loadbalancers": balancers,
      });

    await create("internal", "ClusterIP");
    await create("on-nodes", "NodePort");
    await counts("2", "1", "0");
    const twoPorts = [
      { name: "a", port: 1 },
      { name: "b", port: 2 },
    ];
    await exceeds(create("many", "NodePort", { ports: twoPorts }), /services.nodeports=2/);
    await create("balanced", "LoadBalancer", { allocateLoadBalancerNodePorts: false });
    await counts("3", "1", "1");
    await exceeds(create("one-more", "ClusterIP"), /services=1, used: services=3, limited: services=3/);
    // Becoming another type is counted too.
    const toBalancer = services(context).patch("internal", {
      spec: { type: "LoadBalancer", allocateLoadBalancerNodePorts: false },
    });
    await exceeds(toBalancer, /services.loadbalancers=1/);
    for (const name of ["internal", "on-nodes", "balanced"]) await services(context).delete(name);
    await counts("0", "0", "0");
  },
);

conformance(
  "[sig-api-machinery] ResourceQuota should create a ResourceQuota and capture the life of a secret. [Conformance]",
  async (context) => {
    const before = (await secrets(context).list()).length;
    await makeQuota(context, { hard: { secrets: String(before + 1) } });
    await used(context, { secrets: String(before) });
    await secrets(context).create({ metadata: { name: "counted" }, stringData: { key: "value" } });
    await used(context, { secrets: String(before + 1) });
    await exceeds(secrets(context).create({ metadata: { name: "more" } }), /secrets=1/);
    await secrets(context).delete("counted");
    await used(context, { secrets: String(before) });
  },
);

conformance(
  "[sig-api-machinery] ResourceQuota should create a ResourceQuota and capture the life of a configMap. [Conformance]",
  async (context) => {
    // Each namespace has the one with the cluster's authority.
    await configMaps(context).until("kube-root-ca.crt", () => true);
    await makeQuota(context, { hard: { configmaps: "2" } });
    await used(context, { configmaps: "1" });
    await configMaps(context).create({ metadata: { name: "counted" } });
    await used(context, { configmaps: "2" });
    await exceeds(configMaps(context).create({ metadata: { name: "more" } }), /configmaps=1/);
    await configMaps(context).delete("counted");
    await used(context, { configmaps: "1" });
  },
);

conformance(
  "[sig-api-machinery] ResourceQuota should create a ResourceQuota and capture the life of a pod. [Conformance]",
  async (context) => {
    const extended = "requests.example.com/dongle";
    const hard = {
      pods: "5",
      cpu: "1",
      memory: "500Mi",
      "requests.ephemeral-storage": "50Gi",
      [extended]: "3",
    };
    const none = { pods: "0", cpu: "0", memory: "0", "requests.ephemeral-storage": "0", [extended]: "0" };
    assert.deepEqual(await makeQuota(context, { hard }), none);

    const requests = { cpu: "500m", memory: "252Mi", "ephemeral-storage": "30Gi", "example.com/dongle": "2" };
    const created = await pods(context).create(pod("fits", requests));
    const taken = {
      pods: "1",
      cpu: "500m",
      memory: "252Mi",
      "requests.ephemeral-storage": "30Gi",
      [extended]: "2",
    };
    await used(context, taken);

    await exceeds(pods(context).create(pod("cpu", { ...requests, cpu: "600m" })), /requested: .*cpu=600m/);
    const dongles = { cpu: "1m", memory: "1Mi", "ephemeral-storage": "1Gi", "example.com/dongle": "2" };
    await exceeds(pods(context).create(pod("dongles", dongles)), /requests.example.com\/dongle=2/);
    // What the quota limits has to be said.
    const silent = await refused(pods(context).create(pod("silent")), 403, "Forbidden");
    assert.match(silent.message!, /must specify cpu for: pause; .*memory for: pause/);

    // Its labels change, its resources do not.
    await pods(context).patch("fits", { metadata: { labels: { changed: "yes" } } });
    const bigger = pods(context).patch("fits", {
      spec: { containers: [{ ...created.spec!.containers[0], resources: { requests: { cpu: "100m" } } }] },
    });
    await refused(bigger, 422, "Invalid");
    await used(context, taken);
    await pods(context).delete("fits", { gracePeriodSeconds: 0 });
    await used(context, none);
  },
);

for (const [kind, plural, make] of [
  [
    "replication controller",
    "replicationcontrollers",
    (context: ConformanceContext, name: string) =>
      replicationControllers(context).create({
        metadata: { name },
        spec: { replicas: 0, selector: { app: "counted" }, template },
      }),
  ],
  [
    "replica set",
    "replicasets.apps",
    (context: ConformanceContext, name: string) =>
      replicaSets(context).create({
        metadata: { name },
        spec: { replicas: 0, selector: { matchLabels: { app: "counted" } }, template },
      }),
  ],
] as const) {
  const name = `[sig-api-machinery] ResourceQuota should create a ResourceQuota and capture the life of a ${kind}. [Conformance]`;
  conformance(name, async (context) => {
    const key = plural.includes(".") ? `count/${plural}` : plural;
    await makeQuota(context, { hard: { [key]: "1" } });
    await used(context, { [key]: "0" });
    await make(context, "counted");
    await used(context, { [key]: "1" });
    await exceeds(make(context, "more"), new RegExp(`${key}=1`));
    const client = kind === "replica set" ? replicaSets(context) : replicationControllers(context);
    await client.delete("counted", { propagationPolicy: "Background" });
    await used(context, { [key]: "0" });
    await make(context, "again");
    await used(context, { [key]: "1" });
  });
}

conformance(
  "[sig-api-machinery] ResourceQuota should verify ResourceQuota with best effort scope. [Conformance]",
  async (context) => {
    await makeQuota(context, { hard: { pods: "2" }, scopes: ["BestEffort"] }, "best-effort");
    await makeQuota(context, { hard: { pods: "2" }, scopes: ["NotBestEffort"] }, "not-best-effort");
    const counts = async (bestEffort: string, notBestEffort: string) => {
      await used(context, { pods: bestEffort }, "best-effort");
      await used(context, { pods: notBestEffort }, "not-best-effort");
    };
    await pods(context).create(pod("idle"));
    await counts("1", "0");
    await pods(context).delete("idle", { gracePeriodSeconds: 0 });
    await counts("0", "0");
    await pods(context).create(pod("busy", { cpu: "100m", memory: "50Mi" }));
    await counts("0", "1");
    await pods(context).delete("busy", { gracePeriodSeconds: 0 });
    await counts("0", "0");
    for (const name of ["a", "b"]) await pods(context).create(pod(name));
    await exceeds(pods(context).create(pod("c")), /pods=1/, "best-effort");
    await pods(context).create(pod("d", { cpu: "1m" }));
    await counts("2", "1");
    // This scope counts pods and nothing else.
    const odd = { metadata: { name: "odd" }, spec: { hard: { cpu: "1" }, scopes: ["BestEffort"] } };
    await refused(resourceQuotas(context).create(odd), 422, "Invalid");
  },
);

conformance(
  "[sig-api-machinery] ResourceQuota should verify ResourceQuota with terminating scopes. [Conformance]",
  async (context) => {
    const hard = { pods: "2", "requests.cpu": "1", "limits.cpu": "2" };
    await makeQuota(context, { hard, scopes: ["Terminating"] }, "terminating");
    await makeQuota(context, { hard, scopes: ["NotTerminating"] }, "not-terminating");
    const none = { pods: "0", "requests.cpu": "0", "limits.cpu": "0" };
    const some = { pods: "1", "requests.cpu": "500m", "limits.cpu": "500m" };

    await pods(context).create(pod("long", { cpu: "500m" }));
    await used(context, some, "not-terminating");
    await used(context, none, "terminating");
    await pods(context).delete("long", { gracePeriodSeconds: 0 });
    await used(context, none, "not-terminating");

    await pods(context).create(pod("short", { cpu: "500m" }, { activeDeadlineSeconds: 3600 }));
    await used(context, some, "terminating");
    await used(context, none, "not-terminating");
    const another = pod("another", { cpu: "600m" }, { activeDeadlineSeconds: 60 });
    await exceeds(pods(context).create(another), /requests.cpu=600m/, "terminating");
    await pods(context).delete("short", { gracePeriodSeconds: 0 });
    await used(context, none, "terminating");
  },
);

conformance(
  "[sig-api-machinery] ResourceQuota should be able to update and delete ResourceQuota. [Conformance]",
  async (context) => {
    const client = resourceQuotas(context);
    await makeQuota(context, { hard: { cpu: "1", memory: "500Mi" } });
    assert.deepEqual((await client.read(NAME)).spec!.hard, { cpu: "1", memory: "500Mi" });
    const updated = await client.update(NAME, ({ spec }) => (spec!.hard = { cpu: "2", memory: "1Gi" }));
    assert.deepEqual(updated.spec!.hard, { cpu: "2", memory: "1Gi" });
    assert.deepEqual((await client.read(NAME)).spec!.hard, { cpu: "2", memory: "1Gi" });
    await client.until(NAME, ({ status }) => status?.hard?.cpu === "2", "the status follows");
    // What applies from now on is the new amount.
    await pods(context).create(pod("fits", { cpu: "1500m", memory: "1Mi" }));
    await client.delete(NAME);
    await refused(client.read(NAME), 404);
    await pods(context).create(pod("free", { cpu: "8" }));
  },
);

conformance(
  "[sig-api-machinery] ResourceQuota should manage the lifecycle of a ResourceQuota [Conformance]",
  async (context) => {
    const client = resourceQuotas(context);
    const label = context.unique("quota");
    const labels = { of: label };
    const mine = { labelSelector: `of=${label}` };
    await client.create({ metadata: { name: NAME, labels }, spec: { hard: { configmaps: "100" } } });
    await client.until(NAME, ({ status }) => status?.used?.configmaps !== undefined);
    const everywhere = await client.listEverywhere(mine);
    assert.deepEqual(
      everywhere.map(({ metadata }) => metadata!.namespace),
      [context.namespace],
    );
    const patched = await client.patch(NAME, {
      metadata: { labels: { patched: "yes" } },
      spec: { hard: { configmaps: "200" } },
    });
    assert.deepEqual(patched.metadata!.labels, { ...labels, patched: "yes" });
    assert.deepEqual(patched.spec!.hard, { configmaps: "200" });
    await client.create({ metadata: { name: "kept" }, spec: { hard: { configmaps: "10" } } });
    await client.deleteCollection(mine);
    await client.untilGone(NAME);
    assert.deepEqual(await client.listEverywhere(mine), []);
    await client.read("kept");
  },
);

conformance(
  "[sig-api-machinery] ResourceQuota should apply changes to a resourcequota status [Conformance]",
  async (context) => {
    const client = resourceQuotas(context);
    const spec = { hard: { "requests.cpu": "500m", "requests.memory": "500Mi" } };
    await makeQuota(context, spec);
    const seen = await client.record({ fieldSelector: `metadata.name=${NAME}` });

    const updated = await client.updateStatus(NAME, ({ status }) => {
      status!.hard = { "requests.cpu": "600m", "requests.memory": "600Mi" };
    });
    assert.deepEqual(updated.status!.hard, { "requests.cpu": "600m", "requests.memory": "600Mi" });
    // The spec is not reached by this path.
    assert.deepEqual(plain(updated.spec), spec);
    const hasCpu = (cpu: string) => (event: { object: { status?: { hard?: Amounts } } }) =>
      event.object.status?.hard?.["requests.cpu"] === cpu;
    await seen.until(hasCpu("600m"), "the changed status is seen");
    const patched = await client.patchStatus(NAME, {
      status: { hard: { "requests.cpu": "700m", "requests.memory": "700Mi" } },
    });
    assert.deepEqual(patched.status!.hard, { "requests.cpu": "700m", "requests.memory": "700Mi" });
    await seen.until(hasCpu("700m"), "the patched status is seen");
    // A new spec is counted anew.
    const next = { hard: { "requests.cpu": "800m", "requests.memory": "500Mi" } };
    await client.patch(NAME, { spec: next });
    await client.until(
      NAME,
      ({ status }) => status?.hard?.["requests.cpu"] === "800m",
      "the status follows the spec",
    );
    const read = await context.api(CoreV1Api).readNamespacedResourceQuotaStatus({
      namespace: context.namespace,
      name: NAME,
    });
    assert.deepEqual(plain([read.spec, read.status?.hard]), [next, next.hard]);
  },
);
