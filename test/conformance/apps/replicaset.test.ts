import assert from "node:assert/strict";
import { PatchStrategy, type V1ReplicaSet } from "@kubernetes/client-node";
import { pods, replicaSets } from "../kinds.ts";
import { podOf, templateOf, waiting, web } from "../pods.ts";
import { conformance } from "../suite.ts";
import {
  answerWithTheirNames,
  ownerOf,
  readyPods,
  walkCollection,
  walkScale,
  walkStatus,
} from "../workloads.ts";

const setOf = (name: string, replicas: number, container = waiting()): V1ReplicaSet => ({
  metadata: { name, labels: { app: name } },
  spec: {
    replicas,
    selector: { matchLabels: { app: name } },
    template: templateOf({ app: name }, container),
  },
});

conformance("[sig-apps] ReplicaSet Replace and Patch tests [Conformance]", async (context) => {
  const sets = replicaSets(context);
  await sets.create(setOf("rs", 1));
  const [first] = await readyPods(context, "app=rs", 1);
  const recording = await sets.record({ fieldSelector: "metadata.name=rs" });

  const replaced = await sets.update("rs", (set) => {
    set.spec!.replicas = 2;
  });
  assert.equal(replaced.metadata?.generation, 2);
  await sets.until("rs", ({ status }) => status?.readyReplicas === 2, "has 2 ready pods");

  const patched = await sets.patch(
    "rs",
    {
      metadata: { labels: { patched: "yes" } },
      spec: {
        replicas: 3,
        template: { spec: { containers: [{ name: "main", image: context.images.webNext }] } },
      },
    },
    PatchStrategy.StrategicMergePatch,
  );
  assert.equal(patched.metadata?.labels?.patched, "yes");
  assert.deepEqual(
    patched.spec?.template?.spec?.containers.map(({ name, image, command }) => [name, image, command]),
    [["main", context.images.webNext, waiting().command]],
  );
  await recording.until(({ object }) => object.metadata?.labels?.patched === "yes", "the patch is seen");
  const { status } = await sets.until("rs", (set) => set.status?.readyReplicas === 3, "has 3 ready pods");
  assert.deepEqual([status?.replicas, status?.fullyLabeledReplicas, status?.availableReplicas], [3, 3, 3]);
  assert.equal(status?.observedGeneration, 3);
  // The template is for new pods; those that run stay.
  const images = new Map(
    (await pods(context).list()).map(({ metadata, spec }) => [metadata!.name, spec!.containers[0]!.image]),
  );
  assert.equal(images.get(first!.metadata!.name), context.images.web);
  assert.equal([...images.values()].filter((image) => image === context.images.webNext).length, 1);
});

conformance(
  "[sig-apps] ReplicaSet Replicaset should have a working scale subresource [Conformance]",
  async (context) => {
    await replicaSets(context).create(setOf("rs", 1));
    await readyPods(context, "app=rs", 1);
    await walkScale(replicaSets(context), "rs", "app=rs");
    await readyPods(context, "app=rs", 3);
  },
);

conformance(
  "[sig-apps] ReplicaSet should adopt matching pods on creation and release no longer matching pods [Conformance]",
  async (context) => {
    const orphan = await pods(context).create(podOf("orphan", waiting(), {}, { app: "adopts" }));
    await replicaSets(context).create(setOf("adopts", 1));
    const adopted = await pods(context).until("orphan", (pod) => ownerOf(pod) !== undefined, "is adopted");
    assert.equal(ownerOf(adopted), "ReplicaSet/adopts");
    assert.equal(adopted.metadata?.uid, orphan.metadata?.uid);
    assert.equal(adopted.metadata?.ownerReferences?.[0]?.blockOwnerDeletion, true);
    await replicaSets(context).until("adopts", ({ status }) => status?.replicas === 1, "has one pod");
    assert.equal((await pods(context).list({ labelSelector: "app=adopts" })).length, 1);

    await pods(context).patch("orphan", { metadata: { labels: { app: "free" } } });
    const released = await pods(context).until("orphan", (pod) => ownerOf(pod) === undefined, "is released");
    assert.equal(released.metadata?.deletionTimestamp, undefined);
    const [next] = await readyPods(context, "app=adopts", 1);
    assert.equal(ownerOf(next!), "ReplicaSet/adopts");
    assert.notEqual(next!.metadata?.name, "orphan");
  },
);

conformance(
  "[sig-apps] ReplicaSet should list and delete a collection of ReplicaSets [Conformance]",
  async (context) => {
    const labels = { collection: context.unique("sets") };
    for (const name of ["one", "two", "three"])
      await replicaSets(context).create({ ...setOf(name, 1), metadata: { name, labels } });
    await walkCollection(replicaSets(context), labels, 3);
    await pods(context).untilAll({}, (left) => left.length === 0, "their pods are gone, too");
  },
);

conformance(
  "[sig-apps] ReplicaSet should serve a basic image on each replica with a public image [Conformance]",
  async (context) => {
    await replicaSets(context).create(setOf("serves", 2, web()));
    await answerWithTheirNames(context, await readyPods(context, "app=serves", 2));
  },
);

conformance(
  "[sig-apps] ReplicaSet should validate Replicaset Status endpoints [Conformance]",
  async (context) => {
    await replicaSets(context).create(setOf("rs", 1));
    await readyPods(context, "app=rs", 1);
    await walkStatus(replicaSets(context), "rs");
  },
);
