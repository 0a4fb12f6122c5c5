import assert from "node:assert/strict";
import { test } from "node:test";
import { ConfigMap } from "#api/core-v1/configmap";
import type { AnyObject, AnyOwner, Resource } from "#machinery/schema";
import { FOREGROUND, type Node, ORPHAN, OwnerGraph } from "./graph.ts";
import { type OwnerState, planFor } from "./plan.ts";

const kind = ConfigMap as unknown as Resource;

const owner = (uid: string, more: Partial<AnyOwner> = {}): AnyOwner => ({
  apiVersion: "v1",
  kind: "ConfigMap",
  name: uid,
  uid,
  ...more,
});

const object = (uid: string, metadata: Partial<AnyObject["metadata"]> = {}): AnyObject => ({
  apiVersion: "v1",
  kind: "ConfigMap",
  metadata: { name: uid, namespace: "ns", uid, resourceVersion: "1", creationTimestamp: "", ...metadata },
});

const uids = (nodes: readonly Node[]) => nodes.map(({ uid }) => uid);

test("an owner that nobody has seen is looked for, and its dependents when it is not there", () => {
  const graph = new OwnerGraph();
  assert.deepEqual(uids(graph.seen(kind, object("a", { ownerReferences: [owner("x")] })).check), ["x"]);
  assert.deepEqual(uids(graph.gone("x").check), ["a"]);
  assert.ok(graph.isKnownAbsent(owner("x"), "ns"));
  // Whoever names it later is looked at right away.
  assert.deepEqual(uids(graph.seen(kind, object("b", { ownerReferences: [owner("x")] })).check), ["b"]);
});

test("an owner that goes wakes its dependents, and a dependent that goes wakes the owner that waits for it", () => {
  const graph = new OwnerGraph();
  graph.seen(kind, object("x"));
  graph.seen(kind, object("a", { ownerReferences: [owner("x", { blockOwnerDeletion: true })] }));
  const waiting = object("x", { deletionTimestamp: "t", finalizers: [FOREGROUND] });
  assert.deepEqual(uids(graph.seen(kind, waiting).check), ["x", "a"]);
  assert.deepEqual(uids(graph.gone("a").check), ["x"]);
  assert.deepEqual(planFor(graph.get("x")!, []), { do: "finish foreground" });
  graph.gone("x");
  assert.equal(graph.size, 0);
});

test("an owner with the orphan finalizer has its dependents set free", () => {
  const graph = new OwnerGraph();
  graph.seen(kind, object("x"));
  const leaving = object("x", { deletionTimestamp: "t", finalizers: [ORPHAN] });
  assert.deepEqual(uids(graph.seen(kind, leaving).orphan), ["x"]);
  assert.deepEqual(uids(graph.seen(kind, { ...leaving }).orphan), []);
});

test("a reference to the right uid under a wrong name is looked at", () => {
  const graph = new OwnerGraph();
  graph.seen(kind, object("x"));
  const wrong = owner("x", { name: "y" });
  assert.deepEqual(uids(graph.seen(kind, object("a", { ownerReferences: [wrong] })).check), ["a"]);
});

const node = (metadata: Partial<AnyObject["metadata"]> = {}, dependents: Node[] = []): Node => ({
  uid: "n",
  kind,
  known: object("n", metadata).metadata,
  named: undefined,
  dependents: new Set(dependents),
});
const state = (is: OwnerState["is"], uid = is): OwnerState => ({ owner: owner(uid), is });
const leaf = node({ ownerReferences: [owner("n", { blockOwnerDeletion: true })] });
const waitingLeaf = node({ deletionTimestamp: "t", finalizers: [FOREGROUND] });

for (const [what, subject, owners, step] of [
  ["all owners there", node(), [state("there")], { do: "nothing" }],
  ["no owners", node(), [], { do: "nothing" }],
  ["the last owner gone", node(), [state("absent")], { do: "delete", propagation: "Background" }],
  ["one of two gone", node(), [state("there"), state("absent")], { do: "drop owners", uids: ["absent"] }],
  [
    "wants to leave orphans",
    node({ finalizers: [ORPHAN] }),
    [state("absent")],
    { do: "delete", propagation: "Orphan" },
  ],
  ["on its way", node({ deletionTimestamp: "t" }), [state("absent")], { do: "nothing" }],
  ["waited for", node({}, [leaf]), [state("waiting")], { do: "delete", propagation: "Foreground" }],
  ["waited for, a leaf", node(), [state("waiting")], { do: "delete", propagation: "Background" }],
  ["in a ring", node({}, [waitingLeaf]), [state("waiting")], { do: "unblock and delete" }],
] as const) {
  test(`plan: ${what}`, () => assert.deepEqual(planFor(subject, owners), step));
}

test("a node that waits has its blocking dependents looked at", () => {
  const waiting = node({ deletionTimestamp: "t", finalizers: [FOREGROUND] }, [leaf]);
  assert.deepEqual(planFor(waiting, []), { do: "check", nodes: [leaf] });
});
