import assert from "node:assert/strict";
import type { V1OwnerReference, V1Pod, V1PodTemplateSpec } from "@kubernetes/client-node";
import { refused } from "../kind-client.ts";
import { configMaps, deployments, pods, replicaSets, replicationControllers } from "../kinds.ts";
import { conformance, type ConformanceContext } from "../suite.ts";

/** Pods that no node takes: as objects they are like others. */
const NOWHERE = { "conformance.k8ts/nowhere": "yes" };

const template = ({ images }: ConformanceContext, runs: boolean): V1PodTemplateSpec => ({
  metadata: { labels: { app: "collected" } },
  spec: {
    terminationGracePeriodSeconds: 1,
    nodeSelector: runs ? undefined : NOWHERE,
    containers: [{ name: "web", image: images.web }],
  },
});

const ofApp = { labelSelector: "app=collected" };

/** A replication controller whose pods all exist, or all run. */
async function makeController(context: ConformanceContext, name: string, replicas: number, runs = false) {
  const { metadata } = await replicationControllers(context).create({
    metadata: { name },
    spec: { replicas, selector: { app: "collected" }, template: template(context, runs) },
  });
  const owned = (pod: V1Pod) => pod.metadata!.ownerReferences?.[0]?.uid === metadata!.uid;
  const isThere = (pod: V1Pod) => owned(pod) && (!runs || pod.status?.phase === "Running");
  await pods(context).untilAll(ofApp, (all) => all.filter(isThere).length === replicas, "the pods exist");
  return metadata!;
}

async function makeDeployment(context: ConformanceContext, name: string) {
  const created = await deployments(context).create({
    metadata: { name },
    spec: {
      replicas: 2,
      selector: { matchLabels: { app: "collected" } },
      template: template(context, false),
    },
  });
  const [set] = await replicaSets(context).untilAll(
    ofApp,
    (sets) => sets.length === 1,
    "it has a replica set",
  );
  assert.equal(set!.metadata!.ownerReferences?.[0]?.uid, created.metadata!.uid);
  await pods(context).untilAll(ofApp, (all) => all.length === 2, "it has pods");
  return { deployment: created.metadata!, set: set!.metadata! };
}

/** Resolves when the collector has done what was to be done before: it takes this owner's dependent after that. */
async function collectorIsDone(context: ConformanceContext): Promise<void> {
  const maps = configMaps(context);
  const owner = await maps.create({ metadata: { name: context.unique("owner") } });
  const { name, uid } = owner.metadata!;
  const dependent = context.unique("dependent");
  const ownerReferences = [{ apiVersion: "v1", kind: "ConfigMap", name: name!, uid: uid! }];
  await maps.create({ metadata: { name: dependent, ownerReferences } });
  await maps.delete(name!, { propagationPolicy: "Background" });
  await maps.untilGone(dependent);
}

conformance(
  "[sig-api-machinery] Garbage collector should delete pods created by rc when not orphaning [Conformance]",
  async (context) => {
    const { name } = await makeController(context, "background", 2);
    const seen = await pods(context).record(ofApp);
    await replicationControllers(context).delete(name!, { propagationPolicy: "Background" });
    await refused(replicationControllers(context).read(name!), 404);
    await pods(context).untilAll(ofApp, (all) => all.length === 0, "no pod is left");
    // Nobody makes new ones meanwhile.
    assert.deepEqual(
      seen.types().filter((type) => type === "ADDED"),
      [],
    );
  },
);

conformance(
  "[sig-api-machinery] Garbage collector should delete RS created by deployment when not orphaning [Conformance]",
  async (context) => {
    const { deployment } = await makeDeployment(context, "background");
    await deployments(context).delete(deployment.name!, { propagationPolicy: "Background" });
    await refused(deployments(context).read(deployment.name!), 404);
    await replicaSets(context).untilAll(ofApp, (sets) => sets.length === 0, "no replica set is left");
    await pods(context).untilAll(ofApp, (all) => all.length === 0, "no pod is left");
  },
);

conformance(
  "[sig-api-machinery] Garbage collector should orphan RS created by deployment when deleteOptions.PropagationPolicy is Orphan [Conformance]",
  async (context) => {
    const { deployment, set } = await makeDeployment(context, "orphaning");
    await deployments(context).delete(deployment.name!, { propagationPolicy: "Orphan" });
    await deployments(context).untilGone(deployment.name!);
    const orphan = await replicaSets(context).until(
      set.name!,
      ({ metadata }) => (metadata!.ownerReferences ?? []).length === 0,
      "it has no owner",
    );
    assert.equal(orphan.metadata!.uid, set.uid);
    await collectorIsDone(context);
    assert.equal((await replicaSets(context).read(set.name!)).metadata!.deletionTimestamp, undefined);
    // It owns its pods as before.
    const left = await pods(context).list(ofApp);
    assert.deepEqual(
      left.map(({ metadata }) => metadata!.ownerReferences?.[0]?.uid),
      [set.uid, set.uid],
    );
  },
);

conformance(
  "[sig-api-machinery] Garbage collector should orphan pods created by rc if delete options say so [Serial] [Conformance]",
  async (context) => {
    const replicas = 20;
    const { name } = await makeController(context, "orphaning", replicas);
    const before = await pods(context).list(ofApp);
    await replicationControllers(context).delete(name!, { propagationPolicy: "Orphan" });
    await replicationControllers(context).untilGone(name!);
    await pods(context).untilAll(
      ofApp,
      (all) => all.every(({ metadata }) => (metadata!.ownerReferences ?? []).length === 0),
      "no pod has an owner",
    );
    await collectorIsDone(context);
    const after = await pods(context).list(ofApp);
    const uids = (all: readonly V1Pod[]) => all.map(({ metadata }) => metadata!.uid!).toSorted();
    assert.deepEqual(uids(after), uids(before));
    assert.ok(after.every(({ metadata }) => metadata!.deletionTimestamp === undefined));
  },
);

conformance(
  "[sig-api-machinery] Garbage collector should keep the rc around until all its pods are deleted if the deleteOptions says so [Serial] [Conformance]",
  async (context) => {
    const { name } = await makeController(context, "foreground", 3, true);
    const podsSeen = await pods(context).record(ofApp);
    const controllersSeen = await replicationControllers(context).record();
    await replicationControllers(context).delete(name!, { propagationPolicy: "Foreground" });

    const waiting = await controllersSeen.until(
      ({ object }) => object.metadata?.deletionTimestamp !== undefined,
      "the controller waits for its pods",
    );
    assert.equal(waiting.type, "MODIFIED");
    assert.ok(waiting.object.metadata?.finalizers?.includes("foregroundDeletion"));
    const gone = await controllersSeen.until(({ type }) => type === "DELETED", "the controller is gone");
    assert.deepEqual(await pods(context).list(ofApp), []);
    await podsSeen.until(
      () => podsSeen.types().filter((type) => type === "DELETED").length === 3,
      "the pods are gone",
    );
    const last = BigInt(gone.object.metadata!.resourceVersion!);
    for (const { type, object } of podsSeen.events) {
      assert.notEqual(type, "ADDED", "no pod is made anew");
      assert.ok(BigInt(object.metadata!.resourceVersion!) < last, "the pods went first");
    }
  },
);

conformance(
  "[sig-api-machinery] Garbage collector should not delete dependents that have both valid owner and owner that's waiting for dependents to be deleted [Serial] [Conformance]",
  async (context) => {
    const going = await makeController(context, "going", 6);
    const [staying] = [
      await replicationControllers(context).create({
        metadata: { name: "staying" },
        spec: {
          replicas: 0,
          selector: { app: "other" },
          template: { ...template(context, false), metadata: { labels: { app: "other" } } },
        },
      }),
    ];
    const second: V1OwnerReference = {
      apiVersion: "v1",
      kind: "ReplicationController",
      name: "staying",
      uid: staying.metadata!.uid!,
    };
    const all = await pods(context).list(ofApp);
    const shared = all.slice(0, 3).map(({ metadata }) => metadata!.name!);
    for (const name of shared)
      await pods(context).update(name, ({ metadata }) => metadata!.ownerReferences!.push(second));

    await replicationControllers(context).delete(going.name!, { propagationPolicy: "Foreground" });
    await replicationControllers(context).untilGone(going.name!);
    const left = await pods(context).untilAll(ofApp, (some) => some.length === 3, "the shared ones are left");
    await collectorIsDone(context);
    assert.deepEqual(left.map(({ metadata }) => metadata!.name!).toSorted(), shared.toSorted());
    for (const name of shared) {
      const { metadata } = await pods(context).read(name);
      assert.equal(metadata!.deletionTimestamp, undefined);
      assert.deepEqual(
        metadata!.ownerReferences?.map(({ uid }) => uid),
        [second.uid],
      );
    }
  },
);

conformance(
  "[sig-api-machinery] Garbage collector should not be blocked by dependency circle [Conformance]",
  async (context) => {
    const client = pods(context);
    const names = ["pod1", "pod2", "pod3"];
    const made = await Promise.all(
      names.map((name) => client.create({ metadata: { name }, spec: template(context, false).spec! })),
    );
    const ownedBy = (name: string, owner: number) =>
      client.patch(name, {
        metadata: {
          ownerReferences: [
            {
              apiVersion: "v1",
              kind: "Pod",
              name: names[owner]!,
              uid: made[owner]!.metadata!.uid!,
              controller: true,
              blockOwnerDeletion: true,
            },
          ],
        },
      });
    // pod1 is owned by pod3, pod2 by pod1, pod3 by pod2.
    await ownedBy("pod1", 2);
    await ownedBy("pod2", 0);
    await ownedBy("pod3", 1);
    await client.delete("pod1", { propagationPolicy: "Foreground" });
    await client.untilAll({}, (all) => all.length === 0, "the whole circle is gone");
  },
);
