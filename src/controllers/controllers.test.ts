/** The controllers against the API server itself, in one process and on a clock that stands still. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { Deployment } from "#api/apps-v1/deployment";
import { ReplicaSet } from "#api/apps-v1/replicaset";
import { Lease } from "#api/coordination-v1/lease";
import { ConfigMap } from "#api/core-v1/configmap";
import { Endpoints } from "#api/core-v1/endpoints";
import { Namespace } from "#api/core-v1/namespace";
import { Node } from "#api/core-v1/node";
import { Pod } from "#api/core-v1/pod";
import type { Taint } from "#api/core-v1/taint";
import { Service } from "#api/core-v1/service";
import { ServiceAccount } from "#api/core-v1/serviceaccount";
import { EndpointSlice } from "#api/discovery-v1/endpointslice";
import { formatMicroTime, formatTime } from "#machinery/time";
import { deployments } from "./deployment/deployment.ts";
import { endpointSlices } from "./endpointslice/endpointslice.ts";
import { endpoints } from "./endpoints/endpoints.ts";
import { garbageCollector } from "./garbage-collector/garbage-collector.ts";
import { namespaces } from "./namespace/namespace.ts";
import { nodeIpam } from "./node-ipam/node-ipam.ts";
import { nodeLifecycle } from "./node-lifecycle/node-lifecycle.ts";
import { podGc } from "./pod-gc/pod-gc.ts";
import { replicaSets } from "./replicaset/replicaset.ts";
import { rootCas } from "./root-ca/root-ca.ts";
import { serviceAccounts } from "./serviceaccount/serviceaccount.ts";
import { addNode, type House, runPods, start, template } from "./harness.test.ts";
import { taintEviction } from "./taint-eviction/taint-eviction.ts";

const deploy = ({ client }: House, replicas: number, image = "one", more: object = {}) =>
  client.create(Deployment, {
    metadata: { name: "a", namespace: "web" },
    spec: { replicas, selector: { matchLabels: { app: "a" } }, template: template(image), ...more },
  } as never);

const at = { namespace: "web", name: "a" };

const deploymentOf = ({ informers }: House) => informers.of(Deployment).get("web", "a");
const conditionOf = (house: House, type: string) =>
  deploymentOf(house)?.status.conditions?.find(
    (condition: { readonly type: string }) => condition.type === type,
  );

test("a Deployment of 500 gets its pods", async (context) => {
  const house = await start(context, deployments, replicaSets, garbageCollector);
  await deploy(house, 500);
  await house.until("500 pods", () => house.pods.size === 500);
  await house.until("status", () => deploymentOf(house)?.status.replicas === 500);
  assert.equal(conditionOf(house, "Available")?.reason, "MinimumReplicasUnavailable");
  await house.client.delete(Deployment, at);
  await house.until("all gone", () => house.pods.size === 0 && house.sets.size === 0);
});

test("a rolling update keeps enough pods, completes, and can be undone", async (context) => {
  const house = await start(context, deployments, replicaSets, garbageCollector);
  const { client, pods, until } = house;
  runPods(house);
  let fewest = Infinity;
  await deploy(house, 4);
  await until("available", () => conditionOf(house, "Progressing")?.reason === "NewReplicaSetAvailable");
  const serving = () =>
    [...pods.list("web")].filter(
      ({ status, metadata }) => status.phase === "Running" && !metadata.deletionTimestamp,
    );
  const stop = pods.handle({ deleted: () => (fewest = Math.min(fewest, serving().length)) });

  await client.strategicPatch(Deployment, at, { spec: { template: template("two") } });
  const done = (image: string) => () =>
    conditionOf(house, "Progressing")?.reason === "NewReplicaSetAvailable" &&
    serving().length === 4 &&
    serving().every(({ spec }) => spec.containers[0]?.image === image) &&
    deploymentOf(house)?.status.updatedReplicas === 4;
  await until("updated", done("two"));
  stop();
  assert.ok(fewest >= 3, `only ${fewest} were left`);
  assert.equal(deploymentOf(house)?.metadata.annotations?.["deployment.kubernetes.io/revision"], "2");
  assert.equal(house.sets.size, 2);

  await client.strategicPatch(Deployment, at, { spec: { template: template("one") } });
  await until("undone", done("one"));
  assert.equal(house.sets.size, 2);
  await until(
    "revision",
    () => deploymentOf(house)?.metadata.annotations?.["deployment.kubernetes.io/revision"] === "3",
  );
  const messages = (await client.list(ReplicaSet)).items.map(({ metadata }) => metadata.annotations);
  assert.ok(
    messages.some((annotations) => annotations?.["deployment.kubernetes.io/revision-history"] === "1"),
  );
});

test("an update that does not come up is said to have failed after its deadline, and the old pods stay", async (context) => {
  const house = await start(context, deployments, replicaSets);
  const { client, until, clock } = house;
  runPods(house, "good");
  await deploy(house, 4, "good", { progressDeadlineSeconds: 60 });
  await until("available", () => conditionOf(house, "Progressing")?.reason === "NewReplicaSetAvailable");
  await client.strategicPatch(Deployment, at, { spec: { template: template("bad") } });
  await until("under way", () => house.pods.size === 5);
  await house.settled();
  await clock.advance(70_000);
  await until("deadline", () => conditionOf(house, "Progressing")?.reason === "ProgressDeadlineExceeded");
  assert.equal(conditionOf(house, "Available")?.status, "True");
});

test("Recreate waits until the old pods are gone; scaling and pausing need no new set", async (context) => {
  const house = await start(context, deployments, replicaSets);
  const { client, until, pods } = house;
  runPods(house);
  await deploy(house, 2, "one", { strategy: { type: "Recreate" } });
  await until("available", () => conditionOf(house, "Progressing")?.reason === "NewReplicaSetAvailable");
  const images = new Set<string>();
  pods.handle({
    added: () =>
      images.add(
        [...pods.list("web")]
          .map(({ spec }) => spec.containers[0]?.image)
          .toSorted()
          .join(),
      ),
  });
  await client.strategicPatch(Deployment, at, { spec: { template: template("two") } });
  const now = () => [...pods.list("web")].map(({ spec }) => spec.containers[0]?.image).join();
  await until("recreated", () => now() === "two,two");
  assert.ok(![...images].some((together) => together.includes("one,two")));
  await client.strategicPatch(Deployment, at, { spec: { paused: true, replicas: 3 } });
  await until("scaled", () => pods.size === 3);
  await until("paused", () => conditionOf(house, "Progressing")?.reason === "DeploymentPaused");
  assert.equal(house.sets.size, 2);
});

test("a ReplicaSet adopts what matches and is nobody's, and lets go what matches no longer", async (context) => {
  const house = await start(context, replicaSets);
  const { client, until, pods } = house;
  await client.create(Pod, {
    metadata: { name: "stray", namespace: "web", labels: { app: "a" } },
    spec: template("one").spec,
  } as never);
  const spec = { replicas: 2, selector: { matchLabels: { app: "a" } }, template: template("one") };
  const set = await client.create(ReplicaSet, { metadata: { name: "a", namespace: "web" }, spec } as never);
  const owned = () =>
    [...pods.list("web")].filter(({ metadata }) => metadata.ownerReferences?.[0]?.uid === set.metadata.uid);
  await until("adopted", () => owned().length === 2);
  assert.equal(pods.size, 2);
  await client.mergePatch(Pod, { namespace: "web", name: "stray" }, { metadata: { labels: { app: "b" } } });
  await until("replaced", () => pods.size === 3 && owned().length === 2);
  assert.ok(!pods.get("web", "stray")?.metadata.ownerReferences?.length);
});

test("foreground: dependents first; orphan: they stay", async (context) => {
  const house = await start(context, deployments, replicaSets, garbageCollector);
  const { client, until, sets, pods } = house;
  await deploy(house, 2);
  await until("pods", () => pods.size === 2);
  await house.settled();
  await client.delete(Deployment, at, { propagationPolicy: "Orphan" });
  await until("gone", () => deploymentOf(house) === undefined);
  const [set] = [...sets.list("web")];
  assert.equal(sets.size, 1);
  assert.ok(!set?.metadata.ownerReferences?.length);

  const order: string[] = [];
  sets.handle({ deleted: () => order.push("set") });
  pods.handle({ deleted: () => order.push("pod") });
  await client.delete(
    ReplicaSet,
    { namespace: "web", name: set!.metadata.name },
    { propagationPolicy: "Foreground" },
  );
  await until("all gone", () => sets.size === 0);
  assert.deepEqual(order, ["pod", "pod", "set"]);
});

test("a service's endpoints follow its pods", async (context) => {
  const house = await start(context, replicaSets, endpointSlices, endpoints);
  const { client, until, informers, pods } = house;
  const spec = { selector: { app: "a" }, ports: [{ port: 80, targetPort: "http" }], clusterIP: "None" };
  await client.create(Service, { metadata: { name: "a", namespace: "web" }, spec } as never);
  const slices = informers.of(EndpointSlice);
  await until("an empty slice", () => slices.size === 1);
  const setSpec = { replicas: 150, selector: { matchLabels: { app: "a" } }, template: template("one") };
  runPods(house);
  await client.create(ReplicaSet, { metadata: { name: "a", namespace: "web" }, spec: setSpec } as never);
  const all = () => [...slices.list("web")].flatMap(({ endpoints }) => endpoints);
  await until("150 ready", () => all().filter(({ conditions }) => conditions.ready).length === 150);
  assert.ok([...slices.list("web")].every(({ endpoints }) => endpoints.length <= 100));
  assert.equal(slices.size, 2);
  const [slice] = [...slices.list("web")];
  assert.deepEqual([slice?.ports[0]?.port, slice?.addressType], [8080, "IPv4"]);
  await until(
    "legacy",
    () => informers.of(Endpoints).get("web", "a")?.subsets?.[0]?.addresses?.length === 150,
  );

  const victim = [...pods.list("web")][0]!;
  await client.mergePatch(Pod, victim.metadata, { metadata: { labels: { app: "b" } } });
  await until("one left", () => all().every(({ targetRef }) => targetRef?.uid !== victim.metadata.uid));
});

test("a namespace gets its account and CA, and goes with everything in it", async (context) => {
  const { client, until, informers } = await start(
    context,
    namespaces,
    serviceAccounts,
    rootCas("PEM"),
    garbageCollector,
  );
  const maps = informers.of(ConfigMap);
  await until("CA", () => maps.get("web", "kube-root-ca.crt")?.data?.["ca.crt"] === "PEM");
  await until("account", () => informers.of(ServiceAccount).get("web", "default") !== undefined);
  await client.delete(ConfigMap, { namespace: "web", name: "kube-root-ca.crt" });
  await until("CA again", () => maps.get("web", "kube-root-ca.crt") !== undefined);
  await client.create(ConfigMap, { metadata: { name: "mine", namespace: "web" } });
  await client.delete(Namespace, { name: "web" });
  await until("gone", () => informers.of(Namespace).get(undefined, "web") === undefined);
  assert.deepEqual([...maps.list("web")], []);
});

const nodeOf = ({ informers }: House, name: string) => informers.of(Node).get(undefined, name);

test("a lost node is tainted, its pods are not ready, and leave when they tolerate it no longer", async (context) => {
  const house = await start(
    context,
    nodeLifecycle(),
    taintEviction,
    nodeIpam([{ cidr: "10.244.0.0/16", nodePrefix: 24 }]),
    podGc(),
  );
  const { client, until, clock, pods } = house;
  for (const name of ["alive", "lost"]) await addNode(house, name);
  await until("ranges", () =>
    Boolean(nodeOf(house, "alive")?.spec.podCIDR && nodeOf(house, "lost")?.spec.podCIDR),
  );
  assert.notEqual(nodeOf(house, "alive")?.spec.podCIDR, nodeOf(house, "lost")?.spec.podCIDR);
  const tolerations = [
    {
      key: "node.kubernetes.io/unreachable",
      operator: "Exists",
      effect: "NoExecute",
      tolerationSeconds: 300,
    },
  ];
  const spec = { ...template("one").spec, nodeName: "lost", tolerations, terminationGracePeriodSeconds: 0 };
  await client.create(Pod, { metadata: { name: "p", namespace: "web" }, spec } as never);
  runPods(house);
  await until("running", () => pods.get("web", "p")?.status.phase === "Running");

  const lease = { namespace: "kube-node-lease", name: "alive" };
  await client.create(Lease, { metadata: lease, spec: { holderIdentity: "alive" } } as never);
  const keepAlive = async () => {
    const known = await client.get(Lease, lease);
    await client.update(Lease, {
      ...known,
      spec: { ...known.spec, renewTime: formatMicroTime(clock.now()) },
    });
  };
  for (let second = 0; second < 70; second += 10) {
    await keepAlive();
    await clock.advance(10_000);
  }
  const ready = (name: string) =>
    nodeOf(house, name)?.status.conditions?.find(
      (condition: { readonly type: string }) => condition.type === "Ready",
    );
  await until("unknown", () => ready("lost")?.status === "Unknown");
  assert.equal(ready("alive")?.status, "True");
  const effects = () =>
    (nodeOf(house, "lost")?.spec.taints ?? []).map(({ key, effect }: Taint) => `${key}:${effect}`).toSorted();
  await until("taints", () => effects().length === 2);
  assert.deepEqual(effects(), [
    "node.kubernetes.io/unreachable:NoExecute",
    "node.kubernetes.io/unreachable:NoSchedule",
  ]);
  await until("not ready", () => pods.get("web", "p")?.status.conditions?.[0]?.status === "False");
  assert.ok(pods.get("web", "p"));
  for (let second = 0; second < 310; second += 10) {
    await keepAlive();
    await clock.advance(10_000);
  }
  await until(
    "evicted",
    () =>
      pods.get("web", "p") === undefined || pods.get("web", "p")?.metadata.deletionTimestamp !== undefined,
  );

  const node = await client.get(Node, { name: "lost" });
  const conditions = [{ ...ready("lost"), status: "True", lastHeartbeatTime: formatTime(clock.now()) }];
  await client.updateStatus(Node, { ...node, status: { ...node.status, conditions } } as Node);
  await until("untainted", () => effects().length === 0);
});

test("pods of a node that is gone go after a while", async (context) => {
  const house = await start(context, podGc());
  const { client, until, clock, pods } = house;
  const spec = { ...template("one").spec, nodeName: "nowhere" };
  await client.create(Pod, { metadata: { name: "p", namespace: "web" }, spec } as never);
  await until("there", () => pods.size === 1);
  await house.settled();
  await clock.advance(39_000);
  await house.settled();
  assert.equal(pods.size, 1);
  await clock.advance(2_000);
  await until("gone", () => pods.size === 0);
});
