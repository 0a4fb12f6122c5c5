/** What is lost comes back: a container, a pod, a node. The tests build on one another. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { after, before, describe, it } from "node:test";
import type { Pod } from "#api/core-v1/pod";
import { stopContainers } from "#cluster/containerd/stop";
import { agentDaemon } from "#cluster/daemons";
import { type LocalCluster, startLocalCluster } from "../local-cluster.ts";
import { eventually } from "../tools/eventually.ts";
import { killForGood, processesOf } from "./daemons.ts";
import { webManifest } from "./web.ts";

/** A node is given up when nothing was heard of it for 50 seconds. */
const LOST_MS_MAX = 90_000;

describe("a Deployment of three pods on two nodes", () => {
  let cluster: LocalCluster;
  before(async () => {
    cluster = await startLocalCluster({ nodes: 2 });
    await cluster.apply(webManifest());
    await cluster.kubectl("rollout status deployment/web --timeout=180s");
  });
  after(async () => assert.deepEqual(await cluster.remove(), []));

  const pods = async () => (await cluster.get<{ items: Pod[] }>("pods -l app=web")).items;

  it("has a killed container started again", async () => {
    const [pod] = await pods();
    const before = pod!.status.containerStatuses![0]!;
    const server = processesOf(`pod${pod!.metadata.uid}`).find((pid) =>
      readFileSync(`/proc/${pid}/cmdline`, "utf8").includes("httpd"),
    );
    process.kill(server!, "SIGKILL");
    await eventually(async () => {
      const now = (await cluster.get<Pod>(`pod ${pod!.metadata.name}`)).status.containerStatuses![0]!;
      assert.equal(now.restartCount, 1);
      assert.equal(now.ready, true);
      assert.notEqual(now.containerID, before.containerID);
      assert.equal(now.lastState?.terminated?.exitCode, 137);
    });
    await cluster.kubectl("rollout status deployment/web --timeout=180s");
  });

  it("has a deleted pod replaced", async () => {
    const before = (await pods()).map(({ metadata }) => metadata.name);
    await cluster.kubectl(`delete pod ${before[0]} --timeout=180s`);
    await cluster.kubectl("rollout status deployment/web --timeout=180s");
    const now = (await pods()).map(({ metadata }) => metadata.name);
    assert.equal(now.length, 3);
    assert.equal(now.includes(before[0]!), false);
  });

  it("has a lost sandbox replaced", async () => {
    const pod = (await pods())[0]!;
    for (const pid of processesOf(`pod${pod.metadata.uid}`)) process.kill(pid, "SIGKILL");
    await eventually(async () => {
      const now = await cluster.get<Pod>(`pod ${pod.metadata.name}`);
      assert.equal(now.status.containerStatuses![0]!.ready, true);
      assert.ok(
        now.status.containerStatuses![0]!.restartCount > pod.status.containerStatuses![0]!.restartCount,
      );
    });
    const response = await fetch(
      `http://${await cluster.kubectl("get service web -o jsonpath={.spec.clusterIP}")}/`,
    );
    assert.equal(response.status, 200);
  });

  it("moves away from a lost node", async () => {
    const places = cluster.places.node("node-2");
    await killForGood(agentDaemon(places));
    await stopContainers(places);
    await cluster
      .kubectl(
        `wait --for=condition=Ready=Unknown node/node-2 --timeout=${LOST_MS_MAX / 1000}s`,
        "--request-timeout=0",
      )
      .catch(async (error: Error) => {
        throw new Error(`${error.message}\n${await cluster.kubectl("get nodes")}`);
      });
    assert.match(await cluster.kubectl("get nodes --no-headers"), /node-1 +Ready.*\nnode-2 +NotReady/);
    await eventually(async () => {
      const ready = (await pods()).filter(
        ({ metadata, spec, status }) =>
          metadata.deletionTimestamp === undefined &&
          spec.nodeName === "node-1" &&
          status.containerStatuses?.[0]?.ready,
      );
      assert.equal(ready.length, 3);
    }, LOST_MS_MAX);
    const endpoints = await cluster.kubectl(
      "get endpointslices -l kubernetes.io/service-name=web -o jsonpath={.items[*].endpoints[?(@.conditions.ready==true)].nodeName}",
    );
    assert.equal(endpoints, "node-1 node-1 node-1");
  });

  it("has its node back", async () => {
    await cluster.up();
    await cluster.kubectl("wait --for=condition=Ready node/node-2 --timeout=180s");
    // Pods that were to go while nobody could reach them are gone now.
    await eventually(async () => assert.equal((await pods()).length, 3));
    await cluster.kubectl("scale deployment web --replicas=6");
    await cluster.kubectl("rollout status deployment/web --timeout=180s");
    const nodes = new Set((await pods()).map(({ spec }) => spec.nodeName));
    assert.deepEqual(nodes, new Set(["node-1", "node-2"]));
  });
});
