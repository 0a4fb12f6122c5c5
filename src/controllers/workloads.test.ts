/** Jobs, DaemonSets and StatefulSets against the API server itself. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { ControllerRevision } from "#api/apps-v1/controllerrevision";
import { DaemonSet } from "#api/apps-v1/daemonset";
import { StatefulSet } from "#api/apps-v1/statefulset";
import { CronJob } from "#api/batch-v1/cronjob";
import { Job } from "#api/batch-v1/job";
import { Node } from "#api/core-v1/node";
import { PersistentVolumeClaim } from "#api/core-v1/persistentvolumeclaim";
import { Pod } from "#api/core-v1/pod";
import { cronJobs } from "./cronjob/cronjob.ts";
import { daemonSets } from "./daemonset/daemonset.ts";
import { nodeOf } from "./daemonset/node-fit.ts";
import { garbageCollector } from "./garbage-collector/garbage-collector.ts";
import { addNode, type House, runPods, start, template } from "./harness.test.ts";
import { jobs } from "./job/job.ts";
import { statefulSets } from "./statefulset/statefulset.ts";
import { ttlAfterFinished } from "./ttl-after-finished/ttl-after-finished.ts";

const selector = { matchLabels: { app: "a" } };
const metadata = { name: "a", namespace: "web" };
const at = metadata;

/** Pods end as soon as they exist. */
function endPods({ client, pods }: House, phaseOf: (pod: Pod) => string): void {
  const end = (pod: Pod) => {
    if (pod.status.phase !== "Pending") return;
    const status = { ...pod.status, phase: phaseOf(pod) };
    void client.updateStatus(Pod, { ...pod, status } as Pod).catch(() => undefined);
  };
  pods.handle({ added: end, updated: end });
}

const once = { ...template("one"), spec: { ...template("one").spec, restartPolicy: "Never" } };

test("a Job runs to its end, its pods stay, and it goes after its time", async (context) => {
  const house = await start(context, jobs, ttlAfterFinished, garbageCollector);
  const { client, until, informers, pods, clock } = house;
  endPods(house, () => "Succeeded");
  const spec = { completions: 5, parallelism: 2, template: once, ttlSecondsAfterFinished: 100 };
  await client.create(Job, { metadata, spec } as never);
  const job = () => informers.of(Job).get("web", "a");
  await until("complete", () => job()?.status.conditions?.some(({ type }) => type === "Complete") ?? false);
  assert.deepEqual([job()?.status.succeeded, pods.size], [5, 5]);
  assert.ok([...pods.list()].every(({ metadata: { finalizers } }) => !finalizers?.length));
  await house.settled();
  await clock.advance(101_000);
  await until("gone", () => job() === undefined && pods.size === 0);
});

test("a Job that always fails gives up, and a deleted one leaves no pod held", async (context) => {
  const house = await start(context, jobs, garbageCollector);
  const { client, until, informers, pods, clock } = house;
  endPods(house, () => "Failed");
  await client.create(Job, { metadata, spec: { backoffLimit: 1, template: once } } as never);
  const job = () => informers.of(Job).get("web", "a");
  await until("one failure", () => job()?.status.failed === 1);
  await house.settled();
  await clock.advance(11_000);
  await until("failed", () => job()?.status.conditions?.some(({ type }) => type === "Failed") ?? false);
  assert.equal(job()?.status.failed, 2);
  await client.delete(Job, at, { propagationPolicy: "Background" });
  await until("gone", () => pods.size === 0);
});

test("a CronJob starts jobs on time and keeps few of them", async (context) => {
  const house = await start(context, jobs, cronJobs, garbageCollector);
  const { client, until, informers, clock } = house;
  endPods(house, () => "Succeeded");
  const spec = {
    schedule: "* * * * *",
    successfulJobsHistoryLimit: 2,
    jobTemplate: { spec: { template: once } },
  };
  await client.create(CronJob, { metadata, spec } as never);
  await house.settled();
  for (let minute = 0; minute < 4; minute++) {
    await clock.advance(60_000);
    await house.settled();
  }
  await until("two jobs", () => informers.of(Job).size === 2);
  const cron = informers.of(CronJob).get("web", "a");
  assert.equal(cron?.status.lastScheduleTime, "2026-01-01T00:04:00Z");
  assert.ok(cron?.status.lastSuccessfulTime);
});

test("a DaemonSet has a pod on every node that it belongs on, and replaces them one by one", async (context) => {
  const house = await start(context, daemonSets);
  const { client, until, informers, pods } = house;
  for (const name of ["one", "two", "three"]) await addNode(house, name);
  await client.mergePatch(
    Node,
    { name: "three" },
    { spec: { taints: [{ key: "k", effect: "NoSchedule" }] } },
  );
  await until("tainted", () => informers.of(Node).get(undefined, "three")?.spec.taints?.length === 1);
  runPods(house);
  await client.create(DaemonSet, { metadata, spec: { selector, template: template("one") } } as never);
  const set = () => informers.of(DaemonSet).get("web", "a");
  await until("ready", () => set()?.status.numberAvailable === 2);
  const places = () => [...pods.list("web")].map(({ spec }) => nodeOf(spec)).toSorted();
  assert.deepEqual(places(), ["one", "two"]);
  await addNode(house, "four");
  await until("on the new node", () => set()?.status.numberAvailable === 3);

  await client.strategicPatch(DaemonSet, at, { spec: { template: template("two") } });
  const images = () => [...pods.list("web")].map(({ spec }) => spec.containers[0]?.image).join();
  await until("replaced", () => images() === "two,two,two" && set()?.status.updatedNumberScheduled === 3);
  assert.equal(informers.of(ControllerRevision).size, 2);
  await client.mergePatch(Node, { name: "three" }, { spec: { taints: null } });
  await until("on the untainted node", () => places().includes("three"));
});

test("a StatefulSet comes up in order, keeps its claims, and is updated from the top", async (context) => {
  const house = await start(context, statefulSets);
  const { client, until, informers, pods } = house;
  runPods(house);
  const order: string[] = [];
  pods.handle({
    added: (pod) => order.push(`+${pod.metadata.name}`),
    deleted: (pod) => order.push(`-${pod.metadata.name}`),
  });
  const volumeClaimTemplates = [
    {
      metadata: { name: "data" },
      spec: { accessModes: ["ReadWriteOnce"], resources: { requests: { storage: "1Gi" } } },
    },
  ];
  const spec = { serviceName: "a", replicas: 3, selector, template: template("one"), volumeClaimTemplates };
  await client.create(StatefulSet, { metadata, spec } as never);
  const set = () => informers.of(StatefulSet).get("web", "a");
  await until("ready", () => set()?.status.availableReplicas === 3);
  assert.deepEqual(order, ["+a-0", "+a-1", "+a-2"]);
  assert.deepEqual(
    [...informers.of(PersistentVolumeClaim).list("web")].map(({ metadata: { name } }) => name).toSorted(),
    ["data-a-0", "data-a-1", "data-a-2"],
  );
  const pod = pods.get("web", "a-1");
  assert.deepEqual([pod?.spec.hostname, pod?.spec.subdomain], ["a-1", "a"]);

  order.length = 0;
  await client.strategicPatch(StatefulSet, at, { spec: { template: template("two") } });
  await until(
    "updated",
    () => set()?.status.currentRevision === set()?.status.updateRevision && order.length === 6,
  );
  assert.deepEqual(order, ["-a-2", "+a-2", "-a-1", "+a-1", "-a-0", "+a-0"]);

  order.length = 0;
  await client.scale(StatefulSet, at, 1);
  await until("smaller", () => pods.size === 1 && set()?.status.replicas === 1);
  assert.deepEqual(order, ["-a-2", "-a-1"]);
  assert.equal(informers.of(PersistentVolumeClaim).size, 3);
});
