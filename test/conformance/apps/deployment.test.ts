import assert from "node:assert/strict";
import {
  PatchStrategy,
  type V1Deployment,
  type V1DeploymentStrategy,
  type V1ReplicaSet,
} from "@kubernetes/client-node";
import { refused } from "../kind-client.ts";
import { deployments, pods, replicaSets } from "../kinds.ts";
import { isReady, templateOf, waiting } from "../pods.ts";
import { conformance } from "../suite.ts";
import { ownerOf, readyPods, walkScale, walkStatus } from "../workloads.ts";

const REVISION = "deployment.kubernetes.io/revision";

/** No node has it, and nobody may fetch it. */
const MISSING = { image: "k8ts.local/nowhere:1", imagePullPolicy: "Never" };

const deploymentOf = (
  name: string,
  replicas: number,
  container = waiting(),
  strategy?: V1DeploymentStrategy,
): V1Deployment => ({
  metadata: { name, labels: { app: name } },
  spec: {
    replicas,
    ...(strategy && { strategy }),
    selector: { matchLabels: { app: name } },
    template: templateOf({ app: name }, container),
  },
});

const oldSet = (app: string, name: string, replicas: number): V1ReplicaSet => ({
  metadata: { name, labels: { app } },
  spec: {
    replicas,
    selector: { matchLabels: { app, generation: "old" } },
    template: templateOf({ app, generation: "old" }),
  },
});

/** All that was asked for is there, and nothing else. */
const isComplete = ({ metadata, spec, status }: V1Deployment): boolean =>
  status?.observedGeneration === metadata?.generation &&
  status?.updatedReplicas === spec?.replicas &&
  status?.replicas === spec?.replicas &&
  status?.availableReplicas === spec?.replicas;

const hasCondition = ({ status }: V1Deployment, type: string, value: string, reason: string): boolean =>
  status?.conditions?.some(
    (each) => each.type === type && each.status === value && each.reason === reason,
  ) === true;

conformance(
  "[sig-apps] Deployment Deployment should have a working scale subresource [Conformance]",
  async (context) => {
    await deployments(context).create(deploymentOf("web", 1));
    await deployments(context).until("web", isComplete, "is complete");
    await walkScale(deployments(context), "web", "app=web");
    await readyPods(context, "app=web", 3);
  },
);

conformance(
  "[sig-apps] Deployment RecreateDeployment should delete old pods and create new ones [Conformance]",
  async (context) => {
    const all = deployments(context);
    await all.create(deploymentOf("again", 2, waiting(), { type: "Recreate" }));
    await all.until("again", isComplete, "is complete");
    const recording = await pods(context).record();
    await all.patch("again", { spec: { template: { metadata: { labels: { version: "two" } } } } });
    const done = await all.until("again", isComplete, "is complete again");
    assert.equal(done.metadata?.annotations?.[REVISION], "2");
    const isNew = ({ metadata }: { metadata?: { labels?: Record<string, string> } }) =>
      metadata?.labels?.version === "two";
    const told = recording.events
      .filter(({ type }) => type !== "MODIFIED")
      .map(({ type, object }) => `${type} ${isNew(object) ? "new" : "old"}`);
    // No new one before the last old one is gone.
    assert.deepEqual(told, ["DELETED old", "DELETED old", "ADDED new", "ADDED new"]);
  },
);

conformance(
  "[sig-apps] Deployment RollingUpdateDeployment should delete old pods and create new ones [Conformance]",
  async (context) => {
    const all = deployments(context);
    await replicaSets(context).create(oldSet("roll", "roll-before", 1));
    const [before] = await readyPods(context, "app=roll", 1);
    await all.create(deploymentOf("roll", 1, waiting({ image: context.images.webNext })));
    const { metadata, status } = await all.until("roll", isComplete, "is complete");
    assert.equal(metadata?.annotations?.[REVISION], "1");
    assert.ok(hasCondition({ status }, "Progressing", "True", "NewReplicaSetAvailable"));
    assert.ok(hasCondition({ status }, "Available", "True", "MinimumReplicasAvailable"));
    // The set that was there belongs to nobody else, but its selector asks for more than the deployment's.
    const sets = await replicaSets(context).list({ labelSelector: "app=roll" });
    const adopted = sets.find((set) => set.metadata?.name === "roll-before");
    assert.equal(ownerOf(adopted!), "Deployment/roll");
    assert.equal(adopted?.spec?.replicas, 0);
    await pods(context).untilGone(before!.metadata!.name!);
    const fresh = sets.find((set) => set.metadata?.name !== "roll-before")!;
    const hash = fresh.metadata!.labels!["pod-template-hash"];
    assert.ok(hash);
    assert.equal(fresh.metadata!.name, `roll-${hash}`);
    assert.equal(fresh.spec?.selector.matchLabels?.["pod-template-hash"], hash);
    const [now] = await pods(context).list({ labelSelector: "app=roll" });
    assert.equal(now?.metadata?.labels?.["pod-template-hash"], hash);
    assert.equal(ownerOf(now!), `ReplicaSet/${fresh.metadata!.name}`);
  },
);

conformance(
  "[sig-apps] Deployment deployment should delete old replica sets [Conformance]",
  async (context) => {
    const sets = replicaSets(context);
    await sets.create(oldSet("cleans", "cleans-before", 1));
    await readyPods(context, "app=cleans", 1);
    const deployment = deploymentOf("cleans", 1);
    deployment.spec!.revisionHistoryLimit = 0;
    await deployments(context).create(deployment);
    await sets.untilGone("cleans-before");
    const left = await sets.list({ labelSelector: "app=cleans" });
    assert.deepEqual(left.map(ownerOf), ["Deployment/cleans"]);
    await deployments(context).patch("cleans", {
      spec: { template: { metadata: { labels: { version: "two" } } } },
    });
    await sets.untilGone(left[0]!.metadata!.name!);
    assert.equal((await sets.list({ labelSelector: "app=cleans" })).length, 1);
  },
);

conformance(
  "[sig-apps] Deployment deployment should support proportional scaling [Conformance]",
  async (context) => {
    const all = deployments(context);
    const rollingUpdate = { maxSurge: 3, maxUnavailable: 2 };
    await all.create(deploymentOf("many", 10, waiting(), { type: "RollingUpdate", rollingUpdate }));
    await all.until("many", isComplete, "is complete");
    const sizes = (first: number, second: number) =>
      replicaSets(context).untilAll(
        { labelSelector: "app=many" },
        (sets) => {
          const wanted = (image: string) =>
            sets.find(({ spec }) => spec?.template?.spec?.containers[0]?.image === image)?.spec?.replicas;
          return wanted(context.images.web) === first && wanted(MISSING.image) === second;
        },
        `the sets want ${first} and ${second}`,
      );

    // A rollout that cannot go on stops at both limits: 8 of the old ones available, 13 altogether.
    await all.patch(
      "many",
      { spec: { template: { spec: { containers: [{ name: "main", ...MISSING }] } } } },
      PatchStrategy.StrategicMergePatch,
    );
    await sizes(8, 5);
    await all.until(
      "many",
      ({ status }) => status?.availableReplicas === 8 && status.unavailableReplicas === 5,
      "has 8 available",
    );
    // Five more are shared by size.
    await all.subresource("Scale").patch("many", { spec: { replicas: 15 } });
    await sizes(11, 7);
    await all.until(
      "many",
      ({ status }) => status?.replicas === 18 && status.availableReplicas === 11,
      "has 11 available",
    );
  },
);

conformance("[sig-apps] Deployment deployment should support rollover [Conformance]", async (context) => {
  const all = deployments(context);
  await replicaSets(context).create(oldSet("over", "over-before", 1));
  await readyPods(context, "app=over", 1);
  const rollingUpdate = { maxSurge: 1, maxUnavailable: 0 };
  await all.create(deploymentOf("over", 1, waiting(MISSING), { type: "RollingUpdate", rollingUpdate }));
  const half = await all.until(
    "over",
    ({ status }) => status?.updatedReplicas === 1 && status.replicas === 2,
    "is on its way",
  );
  assert.equal(half.status?.unavailableReplicas, 1);

  // Changed again in the middle of it.
  await all.patch(
    "over",
    { spec: { template: { spec: { containers: [{ name: "main", image: context.images.webNext }] } } } },
    PatchStrategy.StrategicMergePatch,
  );
  const done = await all.until("over", isComplete, "is complete");
  assert.equal(done.metadata?.annotations?.[REVISION], "2");
  const sets = await replicaSets(context).list({ labelSelector: "app=over" });
  const sizes = sets
    .map(({ spec }) => [spec?.template?.spec?.containers[0]?.image, spec?.replicas])
    .toSorted();
  assert.deepEqual(
    sizes,
    [
      [context.images.web, 0],
      [context.images.webNext, 1],
      [MISSING.image, 0],
    ].toSorted(),
  );
  for (const set of sets) assert.equal(ownerOf(set), "Deployment/over");
});

conformance(
  "[sig-apps] Deployment should run the lifecycle of a Deployment [Conformance]",
  async (context) => {
    const all = deployments(context);
    const labels = { lifecycle: context.unique("deployment") };
    const labelSelector = `lifecycle=${labels.lifecycle}`;
    const recording = await all.record({ labelSelector });
    await all.create({ ...deploymentOf("web", 1), metadata: { name: "web", labels } });
    await recording.until(({ type }) => type === "ADDED", "it is added");
    await all.until("web", isComplete, "is complete");
    assert.equal(hasCondition(await all.read("web"), "Available", "True", "MinimumReplicasAvailable"), true);

    const patched = await all.patch(
      "web",
      {
        metadata: { labels: { patched: "yes" } },
        spec: {
          replicas: 2,
          template: { spec: { containers: [{ name: "main", image: context.images.webNext }] } },
        },
      },
      PatchStrategy.StrategicMergePatch,
    );
    assert.deepEqual(patched.metadata?.labels, { ...labels, patched: "yes" });
    assert.equal(patched.metadata?.generation, 2);
    await all.until("web", isComplete, "is complete after the patch");
    const everywhere = await all.listEverywhere({ labelSelector });
    assert.deepEqual(
      everywhere.map(({ metadata }) => [metadata?.namespace, metadata?.name]),
      [[context.namespace, "web"]],
    );

    await all.update("web", (deployment) => {
      deployment.spec!.replicas = 1;
    });
    await all.until("web", isComplete, "is complete after the replacement");
    const { status } = await all.readStatus("web");
    assert.deepEqual([status?.readyReplicas, status?.updatedReplicas, status?.observedGeneration], [1, 1, 3]);
    await all.patchStatus("web", { status: { readyReplicas: 0, availableReplicas: 0 } });
    await recording.until(
      ({ object }) =>
        object.metadata?.generation === 3 &&
        object.status?.updatedReplicas === 1 &&
        !object.status.readyReplicas,
      "the status is as patched",
    );
    await all.deleteCollection({ labelSelector });
    await recording.until(({ type }) => type === "DELETED", "it is deleted");
    await refused(all.read("web"), 404, "NotFound");
    await pods(context).untilAll({}, (left) => !left.some(isReady), "its pods are gone, too");
  },
);

conformance(
  "[sig-apps] Deployment should validate Deployment Status endpoints [Conformance]",
  async (context) => {
    await deployments(context).create(deploymentOf("web", 1));
    await deployments(context).until("web", isComplete, "is complete");
    await walkStatus(deployments(context), "web");
  },
);
