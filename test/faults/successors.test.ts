/** Daemons of a local cluster that are killed come back by themselves, and stay away when they were told to go. */
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { systemClock } from "#base/clock";
import { isUp, recordOf, runs } from "#cluster/daemon/daemon";
import { agentDaemon, serverDaemon } from "#cluster/daemons";
import { type LocalCluster, startLocalCluster } from "../local-cluster.ts";
import { eventually } from "../tools/eventually.ts";
import { containersOf, killDaemon, killForGood } from "./daemons.ts";
import { webManifest } from "./web.ts";

describe("a local cluster whose daemons are killed", () => {
  let cluster: LocalCluster;
  before(async () => {
    cluster = await startLocalCluster();
    await cluster.apply(webManifest());
    await cluster.kubectl("rollout status deployment/web --timeout=180s");
  });
  after(async () => assert.deepEqual(await cluster.remove(), []));

  const daemons = () => [serverDaemon(cluster.places), agentDaemon(cluster.places.node("node-1"))] as const;
  const running = async (name: string) => {
    await eventually(() => cluster.kubectl(`run ${name} --image=k8ts.local/hello:1 --restart=Never -- true`));
    await cluster.kubectl(`wait --for=jsonpath={.status.phase}=Succeeded pod/${name} --timeout=180s`);
  };

  it("has them back without being asked, and no container noticed", async () => {
    const before = await containersOf(cluster, "app=web");
    for (const [at, daemon] of daemons().entries()) {
      await killDaemon(daemon);
      assert.ok(await isUp(daemon, systemClock));
      await running(`after-${at}`);
    }
    await Promise.all(daemons().map(killDaemon));
    await running("after-both");
    assert.equal(await containersOf(cluster, "app=web"), before);
  });

  it("is brought back by up when nobody is left to do it", async () => {
    for (const daemon of daemons()) {
      await isUp(daemon, systemClock);
      await killForGood(daemon);
    }
    await cluster.up();
    await running("after-up");
  });

  it("leaves nobody behind when it is taken down", async () => {
    const successors = daemons().map((daemon) => recordOf(daemon).successor);
    assert.ok(successors.every(runs));
    await cluster.down();
    for (const daemon of daemons()) assert.ok(!(await isUp(daemon, systemClock)));
    assert.ok(!successors.some(runs));
    await cluster.up();
    await running("after-down");
  });
});
