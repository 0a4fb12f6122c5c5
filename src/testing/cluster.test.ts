/** A whole cluster in this process, on a clock that stands still. */
import assert from "node:assert/strict";
import { test, type TestContext } from "node:test";
import { inspect } from "node:util";
import { Deployment } from "#api/apps-v1/deployment";
import { ReplicaSet } from "#api/apps-v1/replicaset";
import { ConfigMap } from "#api/core-v1/configmap";
import { Event } from "#api/core-v1/event";
import { Namespace } from "#api/core-v1/namespace";
import { Node } from "#api/core-v1/node";
import { Pod } from "#api/core-v1/pod";
import { Service } from "#api/core-v1/service";
import { EndpointSlice } from "#api/discovery-v1/endpointslice";
import { setLogSink } from "#base/log";
import { keyOf } from "#client/address";
import { type Cluster, type ClusterOptions, startCluster, VirtualClock } from "./index.ts";

const NAMESPACE = "default";

/** What parts of the cluster complained of: none of these tests gives them reason to. */
const complaints: string[] = [];
setLogSink({
  level: "debug",
  write(level, component, message, values) {
    if (level !== "warn" && level !== "error" && message !== "event refused") return;
    const text = `${component}: ${message} ${inspect(values, { depth: 4 })}`;
    // Nobody can say anything in a namespace on its way out.
    if (!text.includes("because it is being terminated")) complaints.push(text);
  },
});
const at = { namespace: NAMESPACE, name: "web" };

async function start(context: TestContext, options: ClusterOptions = {}) {
  // Tests of other files in the same process may have had reason.
  complaints.splice(0);
  const cluster = await startCluster({ nodes: 3, clock: new VirtualClock(), ...options });
  context.after(async () => {
    await cluster.close();
    assert.deepEqual(complaints.splice(0), []);
  });
  const pods = cluster.informers.of(Pod);
  await cluster.settle();
  return { ...cluster, pods, all: () => [...pods.list(NAMESPACE)] };
}
type House = Awaited<ReturnType<typeof start>>;

const template = (image: string, spec: object = {}) => ({
  metadata: { labels: { app: "web" } },
  spec: { containers: [{ name: "main", image, ports: [{ name: "http", containerPort: 8080 }] }], ...spec },
});

const deploy = ({ client }: Pick<Cluster, "client">, replicas: number, more: object = {}) =>
  client.create(Deployment, {
    metadata: { name: "web", namespace: NAMESPACE },
    spec: { replicas, selector: { matchLabels: { app: "web" } }, template: template("one"), ...more },
  } as never);

const isReady = ({ status, metadata }: Pod): boolean =>
  metadata.deletionTimestamp === undefined &&
  status.conditions?.some(({ type, status }) => type === "Ready" && status === "True") === true;

const statusOf = async ({ client }: House) => (await client.get(Deployment, at)).status;

test("a Deployment of three becomes available", async (context) => {
  const house = await start(context);
  await deploy(house, 3);
  await house.settle();
  const { metadata, status } = await house.client.get(Deployment, at);
  assert.equal(status.availableReplicas, 3);
  assert.equal(metadata.generation, 1);
  assert.equal(status.observedGeneration, 1);
  assert.equal(status.conditions?.find(({ type }) => type === "Available")?.status, "True");
  assert.equal(new Set(house.all().map(({ spec }) => spec.nodeName)).size, 3);
  assert.equal(new Set(house.all().map(({ status }) => status.podIP)).size, 3);
});

test("what a cluster hands out cannot be changed in place", async (context) => {
  const house = await start(context);
  const node = await house.client.get(Node, { name: "node-1" });
  assert.throws(() => ((node.metadata as { name: string }).name = "other"), TypeError);
  const [cached] = [...house.informers.of(Node).list()];
  assert.throws(() => ((cached!.spec as { podCIDR: string }).podCIDR = ""), TypeError);
});

test("a rolling update never has fewer pods than it may", async (context) => {
  const house = await start(context, { lifeOf: () => ({ startMs: 300, readyMs: 700, stopMs: 500 }) });
  const strategy = { type: "RollingUpdate", rollingUpdate: { maxUnavailable: 1, maxSurge: 1 } };
  await deploy(house, 4, { strategy });
  await house.until("available", () => house.all().filter(isReady).length === 4);
  let [fewest, most] = [Infinity, 0];
  const look = () => {
    fewest = Math.min(fewest, house.all().filter(isReady).length);
    most = Math.max(most, house.all().filter((pod) => pod.metadata.deletionTimestamp === undefined).length);
  };
  context.after(house.pods.handle({ added: look, updated: look, deleted: look }));
  await house.client.strategicPatch(Deployment, at, { spec: { template: template("two") } });
  const isNew = ({ spec }: Pod) => spec.containers[0]?.image === "two";
  await house.until("updated", () => house.all().length === 4 && house.all().every(isNew));
  await house.until("ready", () => house.all().filter(isReady).length === 4);
  assert.ok(fewest >= 3, `only ${fewest} were ready`);
  assert.ok(most <= 5, `${most} pods at once`);
});

test("scaling up and down, and to nothing", async (context) => {
  const house = await start(context);
  await deploy(house, 1);
  await house.settle();
  for (const replicas of [5, 2, 0]) {
    await house.client.scale(Deployment, at, replicas);
    await house.settle();
    assert.equal(house.all().length, replicas);
    assert.equal((await statusOf(house)).readyReplicas ?? 0, replicas);
  }
});

test("a deleted pod and one that breaks down are replaced and restarted", async (context) => {
  const house = await start(context);
  await deploy(house, 3);
  await house.settle();
  const [first, second] = house.all();
  await house.client.delete(Pod, first!.metadata);
  await house.settle();
  assert.equal(house.all().filter(isReady).length, 3);
  assert.ok(!house.all().some(({ metadata }) => metadata.uid === first!.metadata.uid));

  house.nodes.crash(second!.metadata);
  await house.settle();
  const restarted = house.pods.getByKey(keyOf(second!));
  assert.equal(restarted?.status.containerStatuses?.[0]?.restartCount, 1);
  assert.ok(isReady(restarted!));
  house.nodes.crash(second!.metadata);
  await house.settle();
  const backingOff = house.pods.getByKey(keyOf(second!))!;
  assert.equal(backingOff.status.containerStatuses?.[0]?.state?.waiting?.reason, "CrashLoopBackOff");
  assert.equal((await statusOf(house)).readyReplicas, 2);
  await house.advance(11_000);
  assert.equal((await statusOf(house)).readyReplicas, 3);
});

test("a lost node is tainted, its pods are replaced when they tolerate it no longer, and it may come back", async (context) => {
  const house = await start(context);
  await deploy(house, 3);
  await house.settle();
  const lost = house.all()[0]!.spec.nodeName!;
  const there = () => house.all().filter(({ spec }) => spec.nodeName === lost);
  const active = () => house.all().filter(({ metadata }) => metadata.deletionTimestamp === undefined);
  const taints = () =>
    (house.informers.of(Node).get(undefined, lost)?.spec.taints ?? []).map(
      ({ key, effect }) => `${key}:${effect}`,
    );
  assert.equal(there().length, 1);
  house.nodes.lose(lost);
  await house.advance(40_000);
  assert.deepEqual(taints(), []);
  await house.advance(30_000);
  assert.deepEqual(taints().toSorted(), [
    "node.kubernetes.io/unreachable:NoExecute",
    "node.kubernetes.io/unreachable:NoSchedule",
  ]);
  assert.equal(active().filter(isReady).length, 2);
  // The admission of pods gave them a toleration of 300 seconds.
  await house.advance(270_000);
  assert.equal(active().length, 3);
  assert.equal(there().length, 1);
  await house.advance(60_000);
  assert.equal(active().filter(isReady).length, 3);
  assert.ok(active().every(({ spec }) => spec.nodeName !== lost));
  assert.ok(there().every(({ metadata }) => metadata.deletionTimestamp !== undefined));

  await house.nodes.recover(lost);
  await house.settle();
  assert.deepEqual(taints(), []);
  assert.deepEqual(there(), []);
});

test("a node that is gone for good takes its pods along", async (context) => {
  const house = await start(context);
  await deploy(house, 3);
  await house.settle();
  const gone = house.all()[0]!.spec.nodeName!;
  await house.nodes.remove(gone);
  await house.advance(120_000);
  assert.equal(house.all().length, 3);
  assert.ok(house.all().every((pod) => isReady(pod) && pod.spec.nodeName !== gone));
});

for (const propagationPolicy of ["Foreground", "Background", "Orphan"] as const) {
  test(`deleting a Deployment: ${propagationPolicy}`, async (context) => {
    const house = await start(context);
    const sets = house.informers.of(ReplicaSet);
    const deployments = house.informers.of(Deployment);
    await deploy(house, 2);
    await house.settle();
    const order: string[] = [];
    house.pods.handle({ deleted: () => order.push("pod") });
    sets.handle({ deleted: () => order.push("set") });
    deployments.handle({ deleted: () => order.push("deployment") });
    await house.client.delete(Deployment, at, { propagationPolicy });
    await house.settle();
    if (propagationPolicy === "Orphan") {
      assert.deepEqual(order, ["deployment"]);
      assert.equal(house.all().length, 2);
      assert.deepEqual([...sets.list()][0]?.metadata.ownerReferences ?? [], []);
    } else {
      assert.deepEqual(order.toSorted(), ["deployment", "pod", "pod", "set"]);
      assert.equal(order.at(propagationPolicy === "Foreground" ? -1 : 0), "deployment");
    }
  });
}

test("a namespace goes with everything in it", async (context) => {
  const house = await start(context);
  const { client } = house;
  await client.create(Namespace, { metadata: { name: "team" } });
  await client.create(ConfigMap, { metadata: { name: "mine", namespace: "team" }, data: { a: "b" } });
  await client.create(Deployment, {
    metadata: { name: "web", namespace: "team" },
    spec: { replicas: 2, selector: { matchLabels: { app: "web" } }, template: template("one") },
  } as never);
  await house.settle();
  assert.equal([...house.pods.list("team")].length, 2);
  await client.delete(Namespace, { name: "team" });
  await house.until("gone", () => house.informers.of(Namespace).get(undefined, "team") === undefined);
  assert.deepEqual([...house.pods.list("team")], []);
  assert.equal(await client.find(ConfigMap, { namespace: "team", name: "mine" }), undefined);
  assert.deepEqual((await client.list(ReplicaSet, { namespace: "team" })).items, []);
});

test("the slices of a service follow the readiness of its pods", async (context) => {
  const house = await start(context);
  await house.client.create(Service, {
    metadata: { name: "web", namespace: NAMESPACE },
    spec: { selector: { app: "web" }, ports: [{ port: 80, targetPort: "http" }] },
  } as never);
  await deploy(house, 3);
  await house.settle();
  const slices = house.informers.of(EndpointSlice);
  const mine = () =>
    [...slices.list(NAMESPACE)].filter(
      ({ metadata }) => metadata.labels?.["kubernetes.io/service-name"] === "web",
    );
  const ready = () =>
    mine().flatMap(({ endpoints }) => endpoints.filter(({ conditions }) => conditions?.ready));
  assert.equal(mine().length, 1);
  assert.equal(mine()[0]?.ports?.[0]?.port, 8080);
  assert.equal(ready().length, 3);
  const [pod] = house.all();
  house.nodes.setReady(pod!.metadata, false);
  await house.settle();
  assert.equal(ready().length, 2);
  assert.ok(!ready().some(({ targetRef }) => targetRef?.name === pod!.metadata.name));
  house.nodes.setReady(pod!.metadata, true);
  await house.settle();
  assert.equal(ready().length, 3);
});

const eventsAbout = async ({ client }: House, name: string, reason: string) =>
  (await client.list(Event, { namespace: NAMESPACE })).items.filter(
    (event) => event.involvedObject.name === name && event.reason === reason,
  );

test("events say why a pod waits, and it is placed as soon as there is room", async (context) => {
  const house = await start(context, { nodes: 0 });
  const { client, nodes } = house;
  await nodes.add(2, { cpu: "1" });
  await nodes.addOne({ name: "kept", taints: [{ key: "team", value: "a", effect: "NoSchedule" }] });
  const containers = [{ name: "main", image: "one", resources: { requests: { cpu: "2" } } }];
  await client.create(Pod, {
    metadata: { name: "big", namespace: NAMESPACE },
    spec: { containers },
  } as never);
  await house.settle();
  const [event] = await eventsAbout(house, "big", "FailedScheduling");
  assert.match(event?.message ?? "", /^0\/3 nodes are available: /);
  assert.match(event?.message ?? "", /2 Insufficient cpu/);
  assert.match(event?.message ?? "", /1 node\(s\) had untolerated taint/);
  const waits = house.pods.get(NAMESPACE, "big")?.status.conditions?.[0];
  assert.deepEqual([waits?.type, waits?.status, waits?.reason], ["PodScheduled", "False", "Unschedulable"]);

  await nodes.addOne({ name: "roomy", cpu: "4" });
  await house.until("placed", () => house.pods.get(NAMESPACE, "big")?.spec.nodeName === "roomy");
  await house.settle();
  assert.equal((await eventsAbout(house, "big", "Scheduled")).length, 1);
});

test("a Deployment of 500 is bound and runs", async (context) => {
  const house = await start(context, { nodes: 20 });
  await deploy(house, 500);
  await house.settle();
  assert.equal((await statusOf(house)).readyReplicas, 500);
  const perNode = new Map<string, number>();
  for (const { spec } of house.all())
    perNode.set(spec.nodeName ?? "", (perNode.get(spec.nodeName ?? "") ?? 0) + 1);
  assert.equal(perNode.size, 20);
  assert.ok(Math.max(...perNode.values()) <= 110);
  await house.client.delete(Deployment, at);
  await house.settle();
  assert.deepEqual(house.all(), []);
});

test("the same seed gives the same cluster", async (context) => {
  const names = async () => {
    const house = await start(context, { seed: 7 });
    await deploy(house, 5);
    await house.settle();
    return house.all().map(({ metadata, spec }) => `${metadata.name} ${spec.nodeName}`);
  };
  assert.deepEqual(await names(), await names());
});
