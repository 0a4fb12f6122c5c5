/** What controllers do while they have not seen everything: nothing. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { DaemonSet } from "#api/apps-v1/daemonset";
import { ReplicaSet } from "#api/apps-v1/replicaset";
import { StatefulSet } from "#api/apps-v1/statefulset";
import { Job } from "#api/batch-v1/job";
import { Pod } from "#api/core-v1/pod";
import type { Resource } from "#machinery/schema";
import type { Controller } from "#reconciler/controller";
import { daemonSets } from "./daemonset/daemonset.ts";
import { addNode, start, startSlowly, template } from "./harness.test.ts";
import { jobs } from "./job/job.ts";
import { replicaSets } from "./replicaset/replicaset.ts";
import { statefulSets } from "./statefulset/statefulset.ts";

const metadata = { name: "a", namespace: "web" };
const selector = { matchLabels: { app: "a" } };
const own = { selector, template: template("one") };
const once = { ...template("one"), spec: { ...template("one").spec, restartPolicy: "Never" } };

const rows: readonly (readonly [string, Resource, Controller, object, number])[] = [
  ["ReplicaSet", ReplicaSet as Resource, replicaSets, { ...own, replicas: 4 }, 4],
  ["StatefulSet", StatefulSet as Resource, statefulSets, { ...own, serviceName: "s", replicas: 1 }, 1],
  ["DaemonSet", DaemonSet as Resource, daemonSets, own, 2],
  ["Job", Job as Resource, jobs, { template: once, parallelism: 3, completions: 3 }, 3],
];

for (const [name, kind, controller, spec, wanted] of rows)
  test(`a ${name} whose pods are not all known yet gets no others`, async (t) => {
    const house = await start(t);
    const { client, pods, until, settled } = house;
    await addNode(house, "one");
    await addNode(house, "two");
    await client.create(kind, { metadata, spec } as never);
    const first = startSlowly(t, house, "none", controller);
    await until("all pods are there", () => pods.size === wanted);
    await settled();
    await first.end();
    const before = [...pods.list()].map((pod) => pod.metadata.uid).toSorted();

    const { letGo } = startSlowly(t, house, "pods", controller);
    await settled();
    letGo();
    await settled();
    const { items } = await client.list(Pod, { namespace: "web" });
    assert.deepEqual(items.map((pod) => pod.metadata.uid).toSorted(), before);
  });
