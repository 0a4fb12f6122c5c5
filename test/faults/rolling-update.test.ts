/** A rolling update, and its undoing, under constant requests. The tests build on one another. */
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { agentDaemon, serverDaemon } from "#cluster/daemons";
import { type LocalCluster, startLocalCluster } from "../local-cluster.ts";
import { eventually } from "../tools/eventually.ts";
import { underRequests } from "./constant-requests.ts";
import { killDaemon } from "./daemons.ts";
import { GOES_BLUNTLY, GOES_GENTLY, webManifest } from "./web.ts";

describe("a rolling update under constant requests", () => {
  let cluster: LocalCluster;
  const urls = new Map<string, string>();
  before(async () => {
    cluster = await startLocalCluster({ nodes: 2, images: ["k8ts.local/hello:2"] });
    await cluster.apply(webManifest({ container: GOES_GENTLY }));
    await cluster.apply(webManifest({ name: "blunt", container: GOES_BLUNTLY }));
    for (const name of ["web", "blunt"]) {
      await cluster.kubectl(`rollout status deployment/${name} --timeout=180s`);
      urls.set(name, `http://${await cluster.kubectl(`get service ${name} -o jsonpath={.spec.clusterIP}`)}/`);
    }
  });
  after(async () => assert.deepEqual(await cluster.remove(), []));

  const allLeft = (name: string) =>
    eventually(async () => {
      const leaving = `get pods -l app=${name} -o jsonpath={.items[*].metadata.deletionTimestamp}`;
      assert.equal(await cluster.kubectl(leaving), "");
    });
  const rollOut = (name: string, change: string) =>
    underRequests(cluster, "node-1", urls.get(name)!, async () => {
      await cluster.kubectl(change);
      await cluster.kubectl(`rollout status deployment/${name} --timeout=180s`);
      // Requests go on until the last of the old pods is gone.
      await allLeft(name);
    });
  const image = (name: string) =>
    cluster.kubectl(`get deployment ${name} -o jsonpath={.spec.template.spec.containers[0].image}`);

  it("loses none when pods go gently", async () => {
    const { sent, failed } = await rollOut("web", "set image deployment/web web=k8ts.local/hello:2");
    assert.deepEqual(failed, []);
    assert.ok(sent > 50, `${sent} requests were sent`);
    assert.equal(await image("web"), "k8ts.local/hello:2");
  });

  it("is undone without losing any", async () => {
    const { failed } = await rollOut("web", "rollout undo deployment/web");
    assert.deepEqual(failed, []);
    assert.equal(await image("web"), "k8ts.local/hello:1");
  });

  it("is scaled down without losing any", async () => {
    const { failed } = await rollOut("web", "scale deployment web --replicas=1");
    assert.deepEqual(failed, []);
  });

  it("loses none when the control plane and an agent are killed in the middle of it", async () => {
    await cluster.kubectl("scale deployment web --replicas=4");
    await cluster.kubectl("rollout status deployment/web --timeout=180s");
    const { failed } = await underRequests(cluster, "node-1", urls.get("web")!, async () => {
      await cluster.kubectl("set image deployment/web web=k8ts.local/hello:2");
      await eventually(async () => {
        const updated = await cluster.kubectl("get deployment web -o jsonpath={.status.updatedReplicas}");
        assert.match(updated, /^[123]$/);
      });
      await killDaemon(serverDaemon(cluster.places));
      await killDaemon(agentDaemon(cluster.places.node("node-2")));
      await cluster.up();
      await cluster.kubectl("rollout status deployment/web --timeout=180s");
      await allLeft("web");
    });
    assert.deepEqual(failed, []);
    assert.equal(await cluster.kubectl("get deployment web -o jsonpath={.status.readyReplicas}"), "4");
  });

  it("works for pods that go bluntly, too", async (test) => {
    const { sent, failed } = await rollOut("blunt", "set image deployment/blunt web=k8ts.local/hello:2");
    // Whoever stops at once may be asked once more: no promise is made, but it shows how soon nodes hear of it.
    test.diagnostic(`${failed.length} of ${sent} requests failed: ${failed.join("; ")}`);
    assert.equal(await image("blunt"), "k8ts.local/hello:2");
  });
});
