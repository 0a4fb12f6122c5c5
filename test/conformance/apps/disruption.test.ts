import assert from "node:assert/strict";
import { CoreV1Api, PatchStrategy, type V1PodDisruptionBudget } from "@kubernetes/client-node";
import { refused } from "../kind-client.ts";
import { podDisruptionBudgets, pods } from "../kinds.ts";
import { isReady, podOf, waiting } from "../pods.ts";
import { conformance, type ConformanceContext } from "../suite.ts";
import { readyPods } from "../workloads.ts";

const budgetOf = (
  name: string,
  minAvailable: number | string,
  labels: Record<string, string> = {},
): V1PodDisruptionBudget => ({
  metadata: { name, labels },
  spec: { minAvailable, selector: { matchLabels: { app: "guarded" } } },
});

const createPods = async (context: ConformanceContext, count: number) => {
  for (let at = 0; at < count; at++)
    await pods(context).create(podOf(`pod-${at}`, waiting(), {}, { app: "guarded" }));
  return readyPods(context, "app=guarded", count);
};

const isObserved = ({ metadata, status }: V1PodDisruptionBudget): boolean =>
  status?.observedGeneration === metadata?.generation;

conformance(
  "[sig-apps] DisruptionController should create a PodDisruptionBudget [Conformance]",
  async (context) => {
    const budgets = podDisruptionBudgets(context);
    const created = await budgets.create(budgetOf("budget", "1%"));
    assert.equal(created.spec?.minAvailable, "1%");
    await budgets.until("budget", isObserved, "is observed");
    const updated = await budgets.update("budget", (budget) => {
      budget.spec!.minAvailable = "2%";
    });
    assert.deepEqual([updated.spec?.minAvailable, updated.metadata?.generation], ["2%", 2]);
    const patched = await budgets.patch(
      "budget",
      { spec: { minAvailable: "3%" } },
      PatchStrategy.StrategicMergePatch,
    );
    assert.equal(patched.spec?.minAvailable, "3%");
    await budgets.until("budget", isObserved, "is observed");
    await refused(budgets.patch("budget", { spec: { maxUnavailable: 1 } }), 422, "Invalid");
    await budgets.delete("budget");
    await refused(budgets.read("budget"), 404, "NotFound");
  },
);

conformance(
  "[sig-apps] DisruptionController should observe PodDisruptionBudget status updated [Conformance]",
  async (context) => {
    const budgets = podDisruptionBudgets(context);
    await budgets.create(budgetOf("budget", 1));
    const [one] = await createPods(context, 3);
    const { status } = await budgets.until(
      "budget",
      (budget) => budget.status?.currentHealthy === 3,
      "sees three pods",
    );
    assert.deepEqual([status?.disruptionsAllowed, status?.desiredHealthy, status?.expectedPods], [2, 1, 3]);
    const allowed = status?.conditions?.find(({ type }) => type === "DisruptionAllowed");
    assert.deepEqual([allowed?.status, allowed?.reason], ["True", "SufficientPods"]);
    await pods(context).delete(one!.metadata!.name!);
    const fewer = await budgets.until(
      "budget",
      (budget) => budget.status?.currentHealthy === 2 && budget.status.expectedPods === 2,
      "sees two pods",
    );
    assert.equal(fewer.status?.disruptionsAllowed, 1);
  },
);

conformance(
  "[sig-apps] DisruptionController should update/patch PodDisruptionBudget status [Conformance]",
  async (context) => {
    const budgets = podDisruptionBudgets(context);
    await budgets.create(budgetOf("budget", 1));
    const [pod] = await createPods(context, 1);
    await budgets.until(
      "budget",
      (budget) => isObserved(budget) && budget.status?.currentHealthy === 1,
      "is observed",
    );
    // Pods that are on their way out, and are not. The controller forgets those that it finds running after a while.
    const disruptedPods = { [pod!.metadata!.name!]: new Date() };
    const updated = await budgets.updateStatus("budget", (budget) => {
      budget.status!.disruptedPods = disruptedPods;
    });
    assert.deepEqual(Object.keys(updated.status?.disruptedPods ?? {}), [pod!.metadata!.name]);
    assert.equal(updated.metadata?.generation, 1);
    const patched = await budgets.patchStatus("budget", {
      status: { disruptedPods: { [pod!.metadata!.name!]: null } },
    });
    assert.deepEqual(Object.keys(patched.status?.disruptedPods ?? {}), []);
    const { spec } = await budgets.readStatus("budget");
    assert.equal(spec?.minAvailable, 1);
  },
);

conformance(
  "[sig-apps] DisruptionController Listing PodDisruptionBudgets for all namespaces should list and delete a collection of PodDisruptionBudgets [Conformance]",
  async (context) => {
    const labels = { collection: context.unique("budgets") };
    const labelSelector = `collection=${labels.collection}`;
    const other = await context.makeNamespace();
    const [here, there] = [podDisruptionBudgets(context), podDisruptionBudgets(context, other)];
    for (const name of ["one", "two"]) await here.create(budgetOf(name, 1, labels));
    await there.create(budgetOf("three", 1, labels));
    const all = await here.listEverywhere({ labelSelector });
    assert.deepEqual(
      all.map(({ metadata }) => `${metadata?.namespace}/${metadata?.name}`).toSorted(),
      [`${context.namespace}/one`, `${context.namespace}/two`, `${other}/three`].toSorted(),
    );
    await here.deleteCollection({ labelSelector });
    await here.untilAll({ labelSelector }, (left) => left.length === 0, "the collection is gone");
    assert.deepEqual(
      (await here.listEverywhere({ labelSelector })).map(({ metadata }) => metadata?.name),
      ["three"],
    );
  },
);

conformance(
  "[sig-apps] DisruptionController should block an eviction until the PDB is updated to allow it [Conformance]",
  async (context) => {
    const budgets = podDisruptionBudgets(context);
    const evict = (name: string) =>
      context.api(CoreV1Api).createNamespacedPodEviction({
        name,
        namespace: context.namespace,
        body: { apiVersion: "policy/v1", kind: "Eviction", metadata: { name } },
      });
    const all = await createPods(context, 2);
    const [first, second] = all.map(({ metadata }) => metadata!.name!);

    await budgets.create(budgetOf("budget", 2));
    await budgets.until(
      "budget",
      (budget) => isObserved(budget) && budget.status?.currentHealthy === 2,
      "sees both pods",
    );
    const blocked = await refused(evict(first!), 429, "TooManyRequests");
    assert.equal(blocked.message, "Cannot evict pod as it would violate the pod's disruption budget.");
    assert.equal(blocked.details?.causes?.[0]?.reason, "DisruptionBudget");
    assert.equal(isReady(await pods(context).read(first!)), true);

    await budgets.patch("budget", { spec: { minAvailable: 1 } });
    await budgets.until(
      "budget",
      (budget) => budget.status?.disruptionsAllowed === 1,
      "allows one disruption",
    );
    await evict(first!);
    await pods(context).untilGone(first!);
    await budgets.until(
      "budget",
      (budget) => budget.status?.disruptionsAllowed === 0 && budget.status.currentHealthy === 1,
      "allows none",
    );
    await refused(evict(second!), 429, "TooManyRequests");

    await budgets.delete("budget");
    await evict(second!);
    await pods(context).untilGone(second!);
  },
);
