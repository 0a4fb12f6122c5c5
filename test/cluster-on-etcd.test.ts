/** A cluster of this machine whose objects are in an etcd, as a second start finds it. */
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { killDaemon } from "./faults/daemons.ts";
import { webManifest } from "./faults/web.ts";
import { serverDaemon } from "#cluster/daemons";
import { type LocalCluster, startLocalCluster } from "./local-cluster.ts";
import { type Etcd, ETCDCTL, startEtcd } from "./tools/etcd.ts";
import { eventually } from "./tools/eventually.ts";
import { output } from "./tools/run.ts";

describe("a local cluster on etcd", () => {
  let etcd: Etcd;
  let cluster: LocalCluster;
  before(async () => {
    etcd = await startEtcd();
    cluster = await startLocalCluster({ flags: { store: [`etcd://${etcd.endpoint}`] } });
  });
  after(async () => {
    const left = await cluster?.remove();
    await etcd?.stop();
    assert.deepEqual(left, []);
  });

  it("runs pods, and keeps its objects under upstream's keys", async () => {
    await cluster.apply(webManifest());
    await cluster.kubectl("rollout status deployment/web --timeout=180s");
    const keys = await output(
      ETCDCTL,
      ["--endpoints", etcd.endpoint, "get", "/", "--prefix", "--keys-only"],
      {
        env: { ETCDCTL_API: "3" },
      },
    );
    const expected = [
      "/registry/minions/node-1",
      "/registry/deployments/default/web",
      "/registry/services/specs/default/web",
      "/registry/services/endpoints/default/web",
      "/registry/leases/kube-node-lease/node-1",
      "/registry/apiregistration.k8s.io/apiservices/v1.apps",
    ];
    for (const key of expected) assert.ok(keys.includes(`${key}\n`), key);
    assert.match(keys, /^\/registry\/pods\/default\/web-/m);
    assert.match(keys, /^\/registry\/masterleases\/[0-9.]+$/m);
  });

  it("is the same one after the next start", async () => {
    await killDaemon(serverDaemon(cluster.places));
    await cluster.up();
    await eventually(async () =>
      assert.match(await cluster.kubectl("get deployment web --no-headers"), /3\/3/),
    );
  });
});
