import assert from "node:assert/strict";
import type { V1Pod } from "@kubernetes/client-node";
import { nodes, pods, priorityClasses, replicaSets } from "../kinds.ts";
import { refused } from "../kind-client.ts";
import { isReady, podOf, specOf, waiting } from "../pods.ts";
import { conformance, type ConformanceContext } from "../suite.ts";
import { walkOperations } from "../operations.ts";

/** Only these tests ask for it, so that what is taken is known. */
const RESOURCE = "example.com/fakecpu";

const SUITE = "[sig-scheduling] SchedulerPreemption [Serial]";

/** Gives every node that much of the resource for the time of the test. */
async function provide(context: ConformanceContext, amount: string): Promise<readonly string[]> {
  const names = (await nodes(context).list()).map(({ metadata }) => metadata!.name!);
  const set = async (value: string | null) => {
    for (const name of names)
      await nodes(context).patchStatus(name, {
        status: { capacity: { [RESOURCE]: value }, allocatable: { [RESOURCE]: value } },
      });
  };
  context.defer(() => set(null));
  await set(amount);
  return names;
}

async function classes(
  context: ConformanceContext,
  values: Readonly<Record<string, number>>,
): Promise<Record<string, string>> {
  const made: Record<string, string> = {};
  for (const [word, value] of Object.entries(values)) {
    const name = context.unique(word);
    made[word] = name;
    await priorityClasses(context).create({ metadata: { name }, value });
    context.defer(() => priorityClasses(context).delete(name));
  }
  return made;
}

const asking = (amount: string) =>
  waiting({ resources: { requests: { [RESOURCE]: amount }, limits: { [RESOURCE]: amount } } });

const targetOf = ({ status }: V1Pod) => status?.conditions?.find(({ type }) => type === "DisruptionTarget");

/** A low pod on the first node and a middle one on the second, each with all that there is. */
async function fill(
  context: ConformanceContext,
  names: readonly string[],
  priority: Record<string, string>,
): Promise<void> {
  for (const [at, name] of names.entries()) {
    const priorityClassName = at === 0 ? priority.low : priority.middle;
    await pods(context).create(
      podOf(`victim-${at}`, asking("5"), {
        priorityClassName,
        nodeSelector: { "kubernetes.io/hostname": name },
      }),
    );
  }
  await pods(context).untilAll(
    {},
    (all) => all.length === names.length && all.every(isReady),
    "all nodes are full",
  );
}

conformance(`${SUITE} validates basic preemption works [Conformance]`, async (context) => {
  const names = await provide(context, "5");
  const priority = await classes(context, { low: 1, middle: 100, high: 1000 });
  await fill(context, names, priority);
  const recording = await pods(context).record();
  await pods(context).create(podOf("preemptor", asking("5"), { priorityClassName: priority.high }));
  const { spec } = await pods(context).until("preemptor", isReady, "runs");
  assert.deepEqual([spec?.nodeName, spec?.priority], [names[0], 1000]);
  await recording.until(
    ({ type, object }) => type === "DELETED" && object.metadata?.name === "victim-0",
    "the lowest had to go",
  );
  assert.deepEqual((await pods(context).list()).map(({ metadata }) => metadata?.name).toSorted(), [
    "preemptor",
    ...names.slice(1).map((_name, at) => `victim-${at + 1}`),
  ]);
});

conformance(
  `${SUITE} validates lower priority pod preemption by critical pod [Conformance]`,
  async (context) => {
    const names = await provide(context, "5");
    const priority = await classes(context, { low: 1, middle: 100 });
    await fill(context, names, priority);
    // Such pods live in kube-system.
    const system = pods(context, "kube-system");
    const name = context.unique("critical");
    context.defer(() => system.delete(name));
    await system.create(podOf(name, asking("5"), { priorityClassName: "system-cluster-critical" }));
    const { spec } = await system.until(name, isReady, "runs");
    assert.deepEqual([spec?.nodeName, spec?.priority], [names[0], 2_000_000_000]);
    await pods(context).untilGone("victim-0");
  },
);

conformance(
  `${SUITE} validates pod disruption condition is added to the preempted pod [Conformance]`,
  async (context) => {
    const names = await provide(context, "1");
    const priority = await classes(context, { low: 1, high: 1000 });
    const nodeSelector = { "kubernetes.io/hostname": names[0]! };
    // Kept, so that its last state can be read.
    const finalizer = "example.com/kept";
    const victim = podOf("victim", asking("1"), { priorityClassName: priority.low, nodeSelector });
    victim.metadata!.finalizers = [finalizer];
    await pods(context).create(victim);
    context.defer(() => pods(context).patch("victim", { metadata: { finalizers: null } }));
    await pods(context).until("victim", isReady, "runs");
    await pods(context).create(
      podOf("preemptor", asking("1"), { priorityClassName: priority.high, nodeSelector }),
    );
    const gone = await pods(context).until(
      "victim",
      ({ metadata }) => metadata?.deletionTimestamp !== undefined,
      "has to go",
    );
    const condition = targetOf(gone);
    assert.deepEqual([condition?.status, condition?.reason], ["True", "PreemptionByScheduler"]);
    assert.match(condition!.message!, /preempting to accommodate a higher priority pod/);
  },
);

conformance(
  `${SUITE} PreemptionExecutionPath runs ReplicaSets to verify preemption running path [Conformance]`,
  async (context) => {
    const names = await provide(context, "10");
    const nodeSelector = { "kubernetes.io/hostname": names[0]! };
    const priority = await classes(context, { p1: 1, p2: 2, p3: 3, p4: 4 });
    const create = async (word: string, replicas: number, amount: string) => {
      const labels = { app: word };
      const spec = specOf(asking(amount), { priorityClassName: priority[word], nodeSelector });
      await replicaSets(context).create({
        metadata: { name: word },
        spec: { replicas, selector: { matchLabels: labels }, template: { metadata: { labels }, spec } },
      });
      await replicaSets(context).until(
        word,
        ({ status }) => status?.readyReplicas === replicas,
        "has its pods",
      );
    };
    // Ten are there: 5, 3 and 2 are taken, lowest priority first.
    await create("p1", 5, "1");
    await create("p2", 3, "1");
    await create("p3", 2, "1");
    const before = new Set((await pods(context).list()).map(({ metadata }) => metadata!.uid));
    await create("p4", 1, "4");
    // The four of lowest priority made room, and those that replace them find none.
    const left = await pods(context).untilAll(
      {},
      (all) => all.filter(({ spec }) => spec?.nodeName !== undefined).length === 7 && all.length === 11,
      "four had to go and wait now",
    );
    const kept = left
      .filter(({ metadata }) => before.has(metadata!.uid))
      .map(({ metadata }) => metadata!.labels!.app);
    assert.deepEqual(kept.toSorted(), ["p1", "p2", "p2", "p2", "p3", "p3"]);
    const waits = left.filter(({ spec }) => spec?.nodeName === undefined);
    assert.deepEqual(
      waits.map(({ metadata }) => metadata!.labels!.app),
      ["p1", "p1", "p1", "p1"],
    );
  },
);

conformance(
  `${SUITE} PriorityClass endpoints verify PriorityClass endpoints can be operated with different HTTP methods [Conformance]`,
  async (context) => {
    const client = priorityClasses(context);
    await walkOperations(client, context.unique("priority"), {
      sample: (metadata) => ({ metadata, value: 7, description: "of a test" }),
      change: {
        make: (object) => {
          object.description = "changed";
        },
        see: ({ description, value, preemptionPolicy }) =>
          assert.deepEqual([description, value, preemptionPolicy], ["changed", 7, "PreemptLowerPriority"]),
      },
      meanwhile: async (name) => {
        await refused(client.patch(name, { value: 8 }), 422, "Invalid");
        await refused(client.patch(name, { preemptionPolicy: "Never" }), 422, "Invalid");
      },
    });
    await refused(
      client.create({ metadata: { name: context.unique("high") }, value: 1_000_000_001 }),
      422,
      "Invalid",
    );
    const builtIn = await client.read("system-node-critical");
    assert.equal(builtIn.value, 2_000_001_000);
  },
);
