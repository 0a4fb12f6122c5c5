/** The node's agent and its containerd die and come back: no container notices. */
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { containerdDaemon } from "#cluster/containerd/start";
import { stopDaemon } from "#cluster/daemon/daemon";
import { agentDaemon } from "#cluster/daemons";
import { systemClock } from "#base/clock";
import { type LocalCluster, startLocalCluster } from "../local-cluster.ts";
import { eventually } from "../tools/eventually.ts";
import { underRequests } from "./constant-requests.ts";
import { containersOf, killDaemon, processesOf } from "./daemons.ts";
import { webManifest } from "./web.ts";

describe("a node whose daemons die", () => {
  let cluster: LocalCluster;
  let url: string;
  before(async () => {
    cluster = await startLocalCluster();
    await cluster.apply(webManifest());
    await cluster.kubectl("rollout status deployment/web --timeout=180s");
    url = `http://${await cluster.kubectl("get service web -o jsonpath={.spec.clusterIP}")}/`;
  });
  after(async () => assert.deepEqual(await cluster.remove(), []));

  const agent = () => agentDaemon(cluster.places.node("node-1"));
  const containerd = () => containerdDaemon(cluster.places.node("node-1"));
  const working = async () => {
    // The agent finds its runtime again by itself.
    const answer = await eventually(() => cluster.kubectl("exec deployment/web -- hostname"));
    assert.match(answer, /^web-/);
    await cluster.kubectl("run new --image=k8ts.local/hello:1 --restart=Never -- true");
    await cluster.kubectl("wait --for=jsonpath={.status.phase}=Succeeded pod/new --timeout=180s");
    await cluster.kubectl("delete pod new --timeout=180s");
  };

  const faults: readonly (readonly [string, () => Promise<void>])[] = [
    ["its agent is killed", () => killDaemon(agent())],
    ["its agent is stopped", () => stopDaemon(agent(), systemClock)],
    ["its containerd is killed", () => killDaemon(containerd())],
    [
      "both are killed",
      async () => {
        await killDaemon(agent());
        await killDaemon(containerd());
      },
    ],
  ];
  for (const [what, fault] of faults) {
    it(`keeps its containers and its services when ${what}`, async () => {
      const before = await containersOf(cluster, "app=web");
      const { failed, sent } = await underRequests(cluster, "node-1", url, async () => {
        await fault();
        await cluster.up();
        await working();
      });
      assert.deepEqual(failed, [], `of ${sent} requests to the pods`);
      assert.equal(await containersOf(cluster, "app=web"), before);
    });
  }

  it("does what was asked for while its agent was away", async () => {
    const [first, second, third] = (
      await cluster.kubectl("get pods -l app=web -o jsonpath={.items[*].metadata.name}")
    ).split(" ");
    const uid = await cluster.kubectl(`get pod ${second} -o jsonpath={.metadata.uid}`);
    await stopDaemon(agent(), systemClock);
    await cluster.kubectl(`delete pod ${first} --wait=false`);
    // A container that ends while nobody looks.
    for (const pid of processesOf(`pod${uid}`)) {
      if (await isServer(cluster, pid)) process.kill(pid, "SIGKILL");
    }
    await cluster.up();
    await cluster.kubectl(`wait --for=delete pod/${first} --timeout=180s`);
    await eventually(async () => {
      assert.equal(
        await cluster.kubectl(`get pod ${second} -o jsonpath={.status.containerStatuses[0].restartCount}`),
        "1",
      );
      assert.equal(
        await cluster.kubectl(`get pod ${third} -o jsonpath={.status.containerStatuses[0].restartCount}`),
        "0",
      );
    });
    await cluster.kubectl("rollout status deployment/web --timeout=180s");
  });
});

async function isServer(cluster: LocalCluster, pid: number): Promise<boolean> {
  return (await cluster.onNode("node-1", `cat /proc/${pid}/cmdline`)).includes("httpd");
}
