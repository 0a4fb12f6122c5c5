/** Pods leave nodes with NoExecute taints, when they tolerate them no longer. */
import assert from "node:assert/strict";
import { nodes, pods } from "../kinds.ts";
import { isReady, podOf, waiting } from "../pods.ts";
import { conformance, type ConformanceContext } from "../suite.ts";

const TAINT = { key: "example.com/leave", value: "now", effect: "NoExecute" };

const taint = async (context: ConformanceContext, node: string, taints: object[]) => {
  await nodes(context).patch(node, { spec: { taints } });
};

const tolerating = (tolerationSeconds: number) => ({
  tolerations: [{ ...TAINT, operator: "Equal", tolerationSeconds }],
});

conformance(
  "[sig-node] NoExecuteTaintManager Single Pod [Serial] removing taint cancels eviction [Disruptive] [Conformance]",
  async (context) => {
    await pods(context).create(podOf("tolerates", waiting(), tolerating(4)));
    const { spec } = await pods(context).until("tolerates", isReady, "is ready");
    const node = spec!.nodeName!;
    context.defer(() => taint(context, node, []));
    await taint(context, node, [TAINT]);
    await taint(context, node, []);
    // Another, that is tolerated for as long from later on, has to go: by then the first would have been gone.
    const recording = await pods(context).record();
    await pods(context).create(podOf("goes", waiting(), { ...tolerating(4), nodeName: node }));
    await pods(context).until("goes", isReady, "is ready");
    const other = { ...TAINT, value: "really" };
    await pods(context).patch("goes", {
      spec: {
        tolerations: [
          ...(await pods(context).read("goes")).spec!.tolerations!,
          { ...other, operator: "Equal", tolerationSeconds: 4 },
        ],
      },
    });
    await pods(context).patch("tolerates", {
      spec: {
        tolerations: [
          ...(await pods(context).read("tolerates")).spec!.tolerations!,
          { ...other, operator: "Equal" },
        ],
      },
    });
    await taint(context, node, [other]);
    await recording.until(
      ({ type, object }) => type === "DELETED" && object.metadata?.name === "goes",
      "the other has gone",
    );
    assert.equal(isReady(await pods(context).read("tolerates")), true);
  },
);

conformance(
  "[sig-node] NoExecuteTaintManager Multiple Pods [Serial] evicts pods with minTolerationSeconds [Disruptive] [Conformance]",
  async (context) => {
    const [first] = await nodes(context).list();
    const node = first!.metadata!.name!;
    for (const [name, seconds] of [
      ["short", 1],
      ["long", 4],
    ] as const)
      await pods(context).create(podOf(name, waiting(), { ...tolerating(seconds), nodeName: node }));
    await pods(context).untilAll({}, (all) => all.length === 2 && all.every(isReady), "both run");
    const recording = await pods(context).record();
    context.defer(() => taint(context, node, []));
    await taint(context, node, [TAINT]);
    await recording.until(
      ({ type, object }) => type === "DELETED" && object.metadata?.name === "long",
      "both have gone",
    );
    const gone = recording.events
      .filter(({ type }) => type === "DELETED")
      .map(({ object }) => object.metadata?.name);
    assert.deepEqual(gone, ["short", "long"]);
    for (const { object } of recording.events.filter(({ type }) => type === "DELETED"))
      assert.equal(
        object.status?.conditions?.find(({ type }) => type === "DisruptionTarget")?.reason,
        "DeletionByTaintManager",
      );
  },
);
