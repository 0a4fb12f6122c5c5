import assert from "node:assert/strict";
import { PatchStrategy, type V1ReplicationController } from "@kubernetes/client-node";
import { refused } from "../kind-client.ts";
import { pods, replicationControllers, resourceQuotas } from "../kinds.ts";
import { podOf, templateOf, waiting, web } from "../pods.ts";
import { conformance } from "../suite.ts";
import { answerWithTheirNames, ownerOf, readyPods, walkScale } from "../workloads.ts";

const controllerOf = (name: string, replicas: number, container = waiting()): V1ReplicationController => ({
  metadata: { name, labels: { app: name } },
  spec: { replicas, selector: { app: name }, template: templateOf({ app: name }, container) },
});

conformance(
  "[sig-apps] ReplicationController should adopt matching pods on creation [Conformance]",
  async (context) => {
    const orphan = await pods(context).create(podOf("orphan", waiting(), {}, { app: "adopts" }));
    await replicationControllers(context).create(controllerOf("adopts", 1));
    const adopted = await pods(context).until("orphan", (pod) => ownerOf(pod) !== undefined, "is adopted");
    assert.equal(ownerOf(adopted), "ReplicationController/adopts");
    assert.equal(adopted.metadata?.uid, orphan.metadata?.uid);
    await replicationControllers(context).until(
      "adopts",
      ({ status }) => status?.replicas === 1,
      "has one pod",
    );
    assert.equal((await pods(context).list()).length, 1);
  },
);

conformance(
  "[sig-apps] ReplicationController should get and update a ReplicationController scale [Conformance]",
  async (context) => {
    await replicationControllers(context).create(controllerOf("rc", 1));
    await readyPods(context, "app=rc", 1);
    await walkScale(replicationControllers(context), "rc", "app=rc");
    await readyPods(context, "app=rc", 3);
  },
);

conformance(
  "[sig-apps] ReplicationController should release no longer matching pods [Conformance]",
  async (context) => {
    await replicationControllers(context).create(controllerOf("releases", 1));
    const [pod] = await readyPods(context, "app=releases", 1);
    const name = pod!.metadata!.name!;
    await pods(context).patch(name, { metadata: { labels: { app: "free" } } });
    const released = await pods(context).until(name, (now) => ownerOf(now) === undefined, "is released");
    assert.equal(released.metadata?.deletionTimestamp, undefined);
    const [next] = await readyPods(context, "app=releases", 1);
    assert.notEqual(next!.metadata?.name, name);
    assert.equal(ownerOf(next!), "ReplicationController/releases");
  },
);

conformance(
  "[sig-apps] ReplicationController should serve a basic image on each replica with a public image [Conformance]",
  async (context) => {
    await replicationControllers(context).create(controllerOf("serves", 2, web()));
    await answerWithTheirNames(context, await readyPods(context, "app=serves", 2));
  },
);

conformance(
  "[sig-apps] ReplicationController should surface a failure condition on a common issue like exceeded quota [Conformance]",
  async (context) => {
    const controllers = replicationControllers(context);
    await resourceQuotas(context).create({ metadata: { name: "two" }, spec: { hard: { pods: "2" } } });
    await resourceQuotas(context).until("two", ({ status }) => status?.hard?.pods === "2", "is counted");
    await controllers.create(controllerOf("many", 3));
    const failed = await controllers.until(
      "many",
      ({ status }) => status?.conditions?.some(({ type }) => type === "ReplicaFailure") === true,
      "says that it failed",
    );
    const condition = failed.status!.conditions!.find(({ type }) => type === "ReplicaFailure")!;
    assert.deepEqual([condition.status, condition.reason], ["True", "FailedCreate"]);
    assert.match(condition.message!, /exceeded quota: two, requested: pods=1, used: pods=2, limited: pods=2/);

    await controllers.subresource("Scale").patch("many", { spec: { replicas: 2 } });
    await controllers.until(
      "many",
      ({ status }) =>
        status?.replicas === 2 && !status.conditions?.some(({ type }) => type === "ReplicaFailure"),
      "is well again",
    );
  },
);

conformance(
  "[sig-apps] ReplicationController should test the lifecycle of a ReplicationController [Conformance]",
  async (context) => {
    const controllers = replicationControllers(context);
    const labels = { lifecycle: context.unique("rc") };
    const labelSelector = `lifecycle=${labels.lifecycle}`;
    const recording = await controllers.record({ labelSelector });
    await controllers.create({ ...controllerOf("rc", 1), metadata: { name: "rc", labels } });
    await recording.until(({ object }) => object.status?.readyReplicas === 1, "its pod is ready");

    const patched = await controllers.patch(
      "rc",
      { metadata: { labels: { patched: "yes" } } },
      PatchStrategy.StrategicMergePatch,
    );
    assert.deepEqual(patched.metadata?.labels, { ...labels, patched: "yes" });
    await controllers.patchStatus("rc", { status: { readyReplicas: 0, availableReplicas: 0 } });
    await recording.until(
      ({ type, object }) =>
        type === "MODIFIED" && object.metadata?.labels?.patched === "yes" && !object.status?.readyReplicas,
      "the status is as patched",
    );
    assert.equal((await controllers.readStatus("rc")).metadata?.name, "rc");
    await controllers.subresource("Scale").patch("rc", { spec: { replicas: 2 } });
    await controllers.until("rc", ({ status }) => status?.readyReplicas === 2, "has 2 ready pods");
    const found = await controllers.listEverywhere({ labelSelector });
    assert.deepEqual(
      found.map(({ metadata }) => [metadata?.namespace, metadata?.name]),
      [[context.namespace, "rc"]],
    );
    await controllers.update("rc", (controller) => {
      controller.spec!.replicas = 1;
    });
    await controllers.until("rc", ({ status }) => status?.replicas === 1, "has one pod");
    await controllers.deleteCollection({ labelSelector, propagationPolicy: "Background" });
    await recording.until(({ type }) => type === "DELETED", "it is deleted");
    await refused(controllers.read("rc"), 404, "NotFound");
    await pods(context).untilAll({}, (left) => left.length === 0, "its pods are gone, too");
  },
);
