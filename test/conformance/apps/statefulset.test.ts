import assert from "node:assert/strict";
import {
  PatchStrategy,
  type V1Pod,
  type V1StatefulSet,
  type V1StatefulSetSpec,
} from "@kubernetes/client-node";
import type { KindClient } from "../kind-client.ts";
import { pods, services, statefulSets } from "../kinds.ts";
import { Kubectl } from "../kubectl.ts";
import { isReady, podOf, scripted, templateOf, waiting } from "../pods.ts";
import { conformance, type ConformanceContext } from "../suite.ts";
import { readyPods, walkCollection, walkScale, walkStatus } from "../workloads.ts";

const SUITE = "[sig-apps] StatefulSet Basic StatefulSet functionality [StatefulSetBasic]";
const REVISION = "controller-revision-hash";
const SELECTOR = "app=ss";

const setOf = (
  replicas: number,
  more: Partial<V1StatefulSetSpec> = {},
  container = waiting(),
): V1StatefulSet => ({
  metadata: { name: "ss", labels: { app: "ss" } },
  spec: {
    replicas,
    serviceName: "ss",
    selector: { matchLabels: { app: "ss" } },
    template: templateOf({ app: "ss" }, container),
    ...more,
  },
});

/** Ready while `/tmp/well` exists. */
const fragile = scripted("touch /tmp/well; trap 'exit 0' TERM; sleep 3600 & wait", {
  readinessProbe: { exec: { command: ["test", "-f", "/tmp/well"] }, periodSeconds: 1, failureThreshold: 1 },
});

const create = async (
  context: ConformanceContext,
  set: V1StatefulSet,
): Promise<KindClient<V1StatefulSet>> => {
  await services(context).create({
    metadata: { name: "ss" },
    spec: { clusterIP: "None", selector: { app: "ss" } },
  });
  await statefulSets(context).create(set);
  return statefulSets(context);
};

const makeIll = async (context: ConformanceContext, name: string): Promise<void> => {
  await new Kubectl(context).run(`exec ${name} -- rm /tmp/well`);
  await pods(context).until(name, (pod) => !isReady(pod), "is not ready");
};

const makeWell = (context: ConformanceContext, name: string): Promise<string> =>
  new Kubectl(context).run(`exec ${name} -- touch /tmp/well`);

const scaleTo = (sets: KindClient<V1StatefulSet>, replicas: number) =>
  sets.subresource("Scale").patch("ss", { spec: { replicas } });

const settled = (sets: KindClient<V1StatefulSet>) =>
  sets.until(
    "ss",
    ({ metadata, spec, status }) =>
      status?.observedGeneration === metadata?.generation &&
      status?.replicas === spec?.replicas &&
      (status?.readyReplicas ?? 0) === spec?.replicas &&
      (status?.updatedReplicas ?? 0) === spec?.replicas &&
      status?.currentRevision === status?.updateRevision,
    "is settled",
  );

const nameOf = ({ metadata }: V1Pod): string => metadata!.name!;
const revisionOf = ({ metadata }: V1Pod): string => metadata!.labels![REVISION]!;
const imageOf = ({ spec }: V1Pod): string => spec!.containers[0]!.image!;
const withImage = (image: string) => ({
  spec: { template: { spec: { containers: [{ name: "main", image }] } } },
});

conformance(
  `${SUITE} Scaling should happen in predictable order and halt if any stateful pod is unhealthy [Slow] [Conformance]`,
  async (context) => {
    const recording = await pods(context).record({ labelSelector: SELECTOR });
    const told = (type: string) =>
      recording.events.filter((event) => event.type === type).map(({ object }) => nameOf(object));
    const sets = await create(context, setOf(1, {}, fragile));
    await readyPods(context, SELECTOR, 1);

    await makeIll(context, "ss-0");
    await scaleTo(sets, 3);
    await sets.until(
      "ss",
      ({ metadata, status }) => status?.observedGeneration === metadata?.generation && !status?.readyReplicas,
      "has seen the wish",
    );
    assert.deepEqual((await pods(context).list({ labelSelector: SELECTOR })).map(nameOf), ["ss-0"]);
    await makeWell(context, "ss-0");
    await readyPods(context, SELECTOR, 3);
    assert.deepEqual(told("ADDED"), ["ss-0", "ss-1", "ss-2"]);
    // Each began when the one before it was ready.
    for (const [before, after] of [
      ["ss-0", "ss-1"],
      ["ss-1", "ss-2"],
    ] as const) {
      const added = recording.events.findIndex(
        ({ type, object }) => type === "ADDED" && nameOf(object) === after,
      );
      const last = recording.events.slice(0, added).findLast(({ object }) => nameOf(object) === before);
      assert.ok(isReady(last!.object), `${before} is ready when ${after} is made`);
    }

    const names = ["ss-0", "ss-1", "ss-2"];
    for (const name of names) await makeIll(context, name);
    await scaleTo(sets, 0);
    await sets.until(
      "ss",
      ({ metadata, status }) => status?.observedGeneration === metadata?.generation,
      "has seen the wish",
    );
    assert.deepEqual(told("DELETED"), []);
    // The last goes as soon as it is the first that is ill.
    for (const name of ["ss-0", "ss-1"]) await makeWell(context, name);
    await pods(context).untilAll({ labelSelector: SELECTOR }, (left) => left.length === 0, "all are gone");
    await recording.until(
      ({ type, object }) => type === "DELETED" && nameOf(object) === "ss-0",
      "the first is gone",
    );
    assert.deepEqual(told("DELETED"), ["ss-2", "ss-1", "ss-0"]);
  },
);

conformance(
  `${SUITE} Burst scaling should run to completion even with unhealthy pods [Slow] [Conformance]`,
  async (context) => {
    const sets = await create(context, setOf(1, { podManagementPolicy: "Parallel" }, fragile));
    await readyPods(context, SELECTOR, 1);
    await makeIll(context, "ss-0");
    await scaleTo(sets, 3);
    const all = await pods(context).untilAll(
      { labelSelector: SELECTOR },
      (found) => found.length === 3 && found.filter(isReady).length === 2,
      "the others are ready",
    );
    assert.deepEqual(all.filter((pod) => !isReady(pod)).map(nameOf), ["ss-0"]);
    await makeIll(context, "ss-1");
    await scaleTo(sets, 0);
    await pods(context).untilAll({ labelSelector: SELECTOR }, (left) => left.length === 0, "all are gone");
    const { status } = await sets.until("ss", (set) => set.status?.replicas === 0, "has no pods");
    assert.equal(status?.readyReplicas ?? 0, 0);
  },
);

conformance(`${SUITE} Should recreate evicted statefulset [Conformance]`, async (context) => {
  const hostPort = 21_017;
  const ports = [{ containerPort: 8080, hostPort }];
  const taker = await pods(context).create(podOf("taker", waiting({ ports })));
  const { spec } = await pods(context).until(taker.metadata!.name!, isReady, "has the port");
  const recording = await pods(context).record({ labelSelector: SELECTOR });
  // Bound to the node from the start: nobody but the kubelet sees that the port is taken.
  const set = setOf(1, {}, waiting({ ports }));
  set.spec!.template.spec!.nodeName = spec!.nodeName;
  await create(context, set);
  const { object } = await recording.until(
    (event) => event.object.status?.phase === "Failed",
    "the kubelet refuses the pod",
  );
  assert.equal(nameOf(object), "ss-0");
  await recording.until(
    ({ type, object: gone }) => type === "DELETED" && gone.metadata?.uid === object.metadata?.uid,
    "the failed pod is removed",
  );

  await pods(context).delete("taker");
  const again = await pods(context).until("ss-0", isReady, "runs now");
  assert.notEqual(again.metadata?.uid, object.metadata?.uid);
});

conformance(`${SUITE} should have a working scale subresource [Conformance]`, async (context) => {
  const sets = await create(context, setOf(1));
  await readyPods(context, SELECTOR, 1);
  await walkScale(sets, "ss", SELECTOR);
  await readyPods(context, SELECTOR, 3);
});

conformance(
  `${SUITE} should list, patch and delete a collection of StatefulSets [Conformance]`,
  async (context) => {
    const sets = await create(context, setOf(1));
    await settled(sets);
    const patched = await sets.patch(
      "ss",
      {
        metadata: { labels: { patched: "yes" } },
        spec: { replicas: 2, ...withImage(context.images.webNext).spec },
      },
      PatchStrategy.StrategicMergePatch,
    );
    assert.equal(patched.metadata?.labels?.patched, "yes");
    await settled(sets);
    assert.deepEqual((await pods(context).list({ labelSelector: SELECTOR })).map(imageOf), [
      context.images.webNext,
      context.images.webNext,
    ]);
    const label = context.unique("sets");
    await sets.patch("ss", { metadata: { labels: { collection: label } } });
    await walkCollection(sets, { collection: label }, 1);
    await pods(context).untilAll({}, (left) => left.length === 0, "its pods are gone, too");
  },
);

conformance(
  `${SUITE} should perform rolling updates and roll backs of template modifications [Conformance]`,
  async (context) => {
    const sets = await create(context, setOf(3, {}, fragile));
    const first = (await settled(sets)).status!.currentRevision!;
    const { web, webNext } = context.images;
    const before = await pods(context).list({ labelSelector: SELECTOR });
    assert.ok(before.every((pod) => revisionOf(pod) === first && imageOf(pod) === web));

    await makeIll(context, "ss-1");
    const recording = await pods(context).record({ labelSelector: SELECTOR });
    await sets.patch("ss", withImage(webNext), PatchStrategy.StrategicMergePatch);
    const { status } = await sets.until(
      "ss",
      ({ status: now }) => now?.updateRevision !== first,
      "has a new revision",
    );
    const second = status!.updateRevision!;
    // Nothing is changed while one of them is not well.
    assert.deepEqual((await pods(context).list({ labelSelector: SELECTOR })).map(revisionOf), [
      first,
      first,
      first,
    ]);
    await makeWell(context, "ss-1");
    await settled(sets);
    const made = () =>
      recording.events.filter(({ type }) => type === "ADDED").map(({ object }) => nameOf(object));
    assert.deepEqual(made(), ["ss-2", "ss-1", "ss-0"]);
    const after = await pods(context).list({ labelSelector: SELECTOR });
    assert.ok(after.every((pod) => revisionOf(pod) === second && imageOf(pod) === webNext));

    await sets.patch("ss", withImage(web), PatchStrategy.StrategicMergePatch);
    await sets.until("ss", ({ status: now }) => now?.updateRevision === first, "is on its way back");
    const back = await settled(sets);
    // What it was before is no new revision.
    assert.equal(back.status?.currentRevision, first);
    assert.ok(
      (await pods(context).list({ labelSelector: SELECTOR })).every(
        (pod) => revisionOf(pod) === first && imageOf(pod) === web,
      ),
    );
    assert.deepEqual(made(), ["ss-2", "ss-1", "ss-0", "ss-2", "ss-1", "ss-0"]);
  },
);

conformance(
  `${SUITE} should perform canary updates and phased rolling updates of template modifications [Conformance]`,
  async (context) => {
    const { web, webNext } = context.images;
    const updateStrategy = { type: "RollingUpdate", rollingUpdate: { partition: 3 } };
    const sets = await create(context, setOf(3, { updateStrategy }));
    const first = (await settled(sets)).status!.currentRevision!;
    const recording = await pods(context).record({ labelSelector: SELECTOR });
    const partitionAt = (partition: number) =>
      sets.patch("ss", { spec: { updateStrategy: { rollingUpdate: { partition } } } });
    const imagesAre = async (...images: string[]) => {
      await pods(context).untilAll(
        { labelSelector: SELECTOR },
        (all) =>
          all.length === 3 &&
          all.every((pod) => isReady(pod) && imageOf(pod) === images[Number(nameOf(pod).at(-1))]),
        `the images are ${images.join()}`,
      );
    };

    // Beyond the highest pod: nobody is updated.
    await sets.patch("ss", withImage(webNext), PatchStrategy.StrategicMergePatch);
    const { status } = await sets.until(
      "ss",
      ({ metadata, status: now }) =>
        now?.observedGeneration === metadata?.generation && now?.updateRevision !== first,
      "has seen the change",
    );
    assert.deepEqual(
      [status?.currentRevision, status?.currentReplicas, status?.updatedReplicas ?? 0],
      [first, 3, 0],
    );
    const second = status!.updateRevision!;
    await imagesAre(web, web, web);

    // One canary.
    await partitionAt(2);
    await imagesAre(web, web, webNext);
    const canary = await sets.until(
      "ss",
      ({ status: now }) => now?.updatedReplicas === 1,
      "has one updated pod",
    );
    assert.deepEqual([canary.status?.currentReplicas, canary.status?.currentRevision], [2, first]);

    // Pods that are lost come back as what they were.
    for (const name of ["ss-0", "ss-2"]) {
      const { metadata } = await pods(context).read(name);
      await pods(context).delete(name);
      const again = await pods(context).until(
        name,
        (pod) => pod.metadata?.uid !== metadata?.uid && isReady(pod),
        "is back",
      );
      assert.equal(revisionOf(again), name === "ss-2" ? second : first);
    }

    // Phase by phase.
    await partitionAt(1);
    await imagesAre(web, webNext, webNext);
    await partitionAt(0);
    await imagesAre(webNext, webNext, webNext);
    assert.equal((await settled(sets)).status?.currentRevision, second);
    // Nothing else was made anew: the canary, what was lost, and each phase.
    const made = recording.events.filter(({ type }) => type === "ADDED").map(({ object }) => nameOf(object));
    assert.deepEqual(made, ["ss-2", "ss-0", "ss-2", "ss-1", "ss-0"]);
  },
);

conformance(`${SUITE} should validate Statefulset Status endpoints [Conformance]`, async (context) => {
  const sets = await create(context, setOf(1));
  await settled(sets);
  await walkStatus(sets, "ss");
});
