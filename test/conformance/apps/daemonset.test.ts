import assert from "node:assert/strict";
import { PatchStrategy, type V1DaemonSet, type V1Pod } from "@kubernetes/client-node";
import { refused } from "../kind-client.ts";
import { controllerRevisions, daemonSets, nodes, pods } from "../kinds.ts";
import { isReady, templateOf, waiting } from "../pods.ts";
import { conformance, type ConformanceContext } from "../suite.ts";
import { ownerOf, walkCollection, walkStatus } from "../workloads.ts";

const HASH = "controller-revision-hash";

const daemonOf = (name: string, nodeSelector?: Record<string, string>): V1DaemonSet => ({
  metadata: { name, labels: { app: name } },
  spec: {
    selector: { matchLabels: { app: name } },
    template: templateOf({ app: name }, waiting(), nodeSelector ? { nodeSelector } : {}),
  },
});

/** The pods as soon as one is ready on each of these nodes, and no other is left. */
const onNodes = (context: ConformanceContext, names: readonly string[], more = (_pod: V1Pod) => true) =>
  pods(context).untilAll(
    {},
    (all) =>
      all.every((pod) => isReady(pod) && more(pod)) &&
      same(
        all.map(({ spec }) => spec!.nodeName!),
        names,
      ),
    `one ready pod on each of ${names.join(", ")}`,
  );

const same = (one: readonly string[], other: readonly string[]): boolean =>
  one.toSorted().join() === other.toSorted().join();

const nodeNames = async (context: ConformanceContext): Promise<string[]> =>
  (await nodes(context).list()).map(({ metadata }) => metadata!.name!);

const setImage = (context: ConformanceContext, image: string) =>
  daemonSets(context).patch(
    "daemon",
    { spec: { template: { spec: { containers: [{ name: "main", image }] } } } },
    PatchStrategy.StrategicMergePatch,
  );

const runs =
  (image: string) =>
  ({ spec }: V1Pod): boolean =>
    spec?.containers[0]?.image === image;

conformance(
  "[sig-apps] Daemon set [Serial] should run and stop simple daemon [Conformance]",
  async (context) => {
    const names = await nodeNames(context);
    await daemonSets(context).create(daemonOf("daemon"));
    const all = await onNodes(context, names);
    for (const pod of all) assert.equal(ownerOf(pod), "DaemonSet/daemon");
    const { status } = await daemonSets(context).until(
      "daemon",
      (set) => set.status?.numberAvailable === names.length,
      "is available",
    );
    assert.deepEqual(
      [
        status?.desiredNumberScheduled,
        status?.currentNumberScheduled,
        status?.numberReady,
        status?.updatedNumberScheduled,
        status?.numberMisscheduled,
      ],
      [names.length, names.length, names.length, names.length, 0],
    );
    const lost = all[0]!;
    await pods(context).delete(lost.metadata!.name!);
    await onNodes(context, names, ({ metadata }) => metadata?.uid !== lost.metadata?.uid);
    await daemonSets(context).delete("daemon");
    await pods(context).untilAll({}, (left) => left.length === 0, "no daemon is left");
  },
);

conformance(
  "[sig-apps] Daemon set [Serial] should run and stop complex daemon [Conformance]",
  async (context) => {
    const key = `color-${context.namespace}`;
    const [node] = await nodeNames(context);
    const paint = (color: string | null) =>
      nodes(context).patch(node!, { metadata: { labels: { [key]: color } } });
    context.defer(() => paint(null));
    const set = daemonOf("daemon", { [key]: "blue" });
    await daemonSets(context).create(set);
    await daemonSets(context).until(
      "daemon",
      ({ status }) => status?.observedGeneration === 1,
      "is observed",
    );
    assert.deepEqual(await pods(context).list(), []);

    await paint("blue");
    await onNodes(context, [node!]);
    await paint("green");
    await pods(context).untilAll({}, (left) => left.length === 0, "the daemon has left its node");
    await daemonSets(context).patch("daemon", {
      spec: {
        updateStrategy: { type: "RollingUpdate" },
        template: { spec: { nodeSelector: { [key]: "green" } } },
      },
    });
    await onNodes(context, [node!]);
    const { status } = await daemonSets(context).until(
      "daemon",
      (now) => now.status?.numberAvailable === 1,
      "is available",
    );
    assert.deepEqual([status?.desiredNumberScheduled, status?.numberMisscheduled], [1, 0]);
  },
);

conformance(
  "[sig-apps] Daemon set [Serial] should retry creating failed daemon pods [Conformance]",
  async (context) => {
    const names = await nodeNames(context);
    await daemonSets(context).create(daemonOf("daemon"));
    const [pod] = await onNodes(context, names);
    await pods(context).patchStatus(pod!.metadata!.name!, { status: { phase: "Failed" } });
    await pods(context).untilGone(pod!.metadata!.name!);
    await onNodes(context, names, ({ metadata }) => metadata?.uid !== pod!.metadata?.uid);
  },
);

conformance(
  "[sig-apps] Daemon set [Serial] should update pod when spec was updated and update strategy is RollingUpdate [Conformance]",
  async (context) => {
    const names = await nodeNames(context);
    await daemonSets(context).create({ ...daemonOf("daemon") });
    const before = await onNodes(context, names);
    const old = before[0]!.metadata!.labels![HASH];
    await setImage(context, context.images.webNext);
    const after = await onNodes(context, names, runs(context.images.webNext));
    const hashes = new Set(after.map(({ metadata }) => metadata!.labels![HASH]));
    assert.equal(hashes.size, 1);
    assert.ok(!hashes.has(old));
    const revisions = (await controllerRevisions(context).list()).toSorted(
      (one, other) => one.revision - other.revision,
    );
    assert.deepEqual(
      revisions.map(({ revision, metadata }) => [revision, metadata!.labels![HASH]]),
      [
        [1, old],
        [2, [...hashes][0]],
      ],
    );
    await daemonSets(context).until(
      "daemon",
      ({ status }) =>
        status?.updatedNumberScheduled === names.length && status.numberAvailable === names.length,
      "is rolled out",
    );
  },
);

conformance(
  "[sig-apps] Daemon set [Serial] should rollback without unnecessary restarts [Conformance]",
  async (context) => {
    const names = await nodeNames(context);
    await daemonSets(context).create(daemonOf("daemon"));
    const before = await onNodes(context, names);
    await setImage(context, "k8ts.local/nowhere:1");
    // One node at a time: the first that cannot run its daemon holds up the rest.
    const half = await pods(context).untilAll(
      {},
      (all) =>
        all.filter((pod) => runs("k8ts.local/nowhere:1")(pod) && !pod.metadata?.deletionTimestamp).length ===
          1 && all.length === names.length,
      "one node has the new image",
    );
    const kept = half.filter(isReady);
    assert.equal(kept.length, names.length - 1);
    await setImage(context, context.images.web);
    const after = await onNodes(context, names, runs(context.images.web));
    const uids = new Set(after.map(({ metadata }) => metadata?.uid));
    for (const { metadata } of kept) assert.ok(uids.has(metadata?.uid), "what ran well was left alone");
    assert.equal(before.filter(({ metadata }) => uids.has(metadata?.uid)).length, kept.length);
    for (const { status } of after) assert.equal(status?.containerStatuses?.[0]?.restartCount, 0);
  },
);

conformance(
  "[sig-apps] Daemon set [Serial] should list and delete a collection of DaemonSets [Conformance]",
  async (context) => {
    const labels = { collection: context.unique("daemons") };
    for (const name of ["one", "two"])
      await daemonSets(context).create({ ...daemonOf(name), metadata: { name, labels } });
    await walkCollection(daemonSets(context), labels, 2);
    await pods(context).untilAll({}, (left) => left.length === 0, "their pods are gone, too");
  },
);

conformance(
  "[sig-apps] Daemon set [Serial] should verify changes to a daemon set status [Conformance]",
  async (context) => {
    await daemonSets(context).create(daemonOf("daemon"));
    await onNodes(context, await nodeNames(context));
    await walkStatus(daemonSets(context), "daemon");
  },
);

conformance(
  "[sig-apps] ControllerRevision [Serial] should manage the lifecycle of a ControllerRevision [Conformance]",
  async (context) => {
    const revisions = controllerRevisions(context);
    await daemonSets(context).create(daemonOf("daemon"));
    await onNodes(context, await nodeNames(context));
    const labelSelector = "app=daemon";
    const found = await revisions.listEverywhere({ labelSelector });
    const [first] = found.filter(({ metadata }) => metadata?.namespace === context.namespace);
    assert.deepEqual([ownerOf(first!), first?.revision], ["DaemonSet/daemon", 1]);
    const name = first!.metadata!.name!;
    assert.deepEqual((await revisions.read(name)).data, first!.data);

    const patched = await revisions.patch(
      name,
      { metadata: { labels: { patched: "yes" } } },
      PatchStrategy.StrategicMergePatch,
    );
    assert.equal(patched.metadata?.labels?.patched, "yes");
    await refused(revisions.patch(name, { data: { changed: true } }), 422, "Invalid");

    const copy = await revisions.create({
      metadata: {
        name: `${name}-copy`,
        labels: { app: "daemon" },
        ownerReferences: first!.metadata!.ownerReferences,
      },
      data: first!.data,
      revision: 3,
    });
    assert.equal(copy.revision, 3);
    const replaced = await revisions.update(`${name}-copy`, (revision) => {
      revision.revision = 4;
      revision.metadata!.labels!.replaced = "yes";
    });
    assert.deepEqual([replaced.revision, replaced.metadata?.labels?.replaced], [4, "yes"]);
    await revisions.delete(`${name}-copy`);
    await refused(revisions.read(`${name}-copy`), 404, "NotFound");

    // What the set needs comes back: the present revision is made again.
    await revisions.deleteCollection({ labelSelector });
    const [again] = await revisions.untilAll(
      { labelSelector },
      (all) => all.length === 1 && all[0]!.metadata!.uid !== first!.metadata!.uid,
      "the set has made its revision again",
    );
    assert.deepEqual([again?.metadata?.labels?.patched, ownerOf(again!)], [undefined, "DaemonSet/daemon"]);
  },
);
