/** Everything of the cluster dies at once, as when the machine loses its power; the next start brings it all back. */
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { type LocalCluster, startLocalCluster } from "../local-cluster.ts";
import { eventually } from "../tools/eventually.ts";
import { webManifest } from "./web.ts";

const KEEPS_STATE = `
---
apiVersion: v1
kind: Pod
metadata: { name: single }
spec:
  terminationGracePeriodSeconds: 0
  containers:
    - name: single
      image: k8ts.local/hello:1
      command: [sh, -c, "echo $(cat /data/starts 2>/dev/null)x > /data/starts; sleep 3600"]
      volumeMounts: [{ name: data, mountPath: /data }]
  volumes: [{ name: data, emptyDir: {} }]
---
apiVersion: v1
kind: Pod
metadata: { name: finished }
spec:
  restartPolicy: Never
  containers:
    - { name: done, image: "k8ts.local/hello:1", command: [sh, -c, echo done] }
`;

describe("a power cut", () => {
  let cluster: LocalCluster;
  before(async () => {
    cluster = await startLocalCluster({ nodes: 2 });
    await cluster.apply(webManifest() + KEEPS_STATE);
    await cluster.kubectl("rollout status deployment/web --timeout=180s");
    await cluster.kubectl("wait --for=condition=Ready pod/single --timeout=180s");
    await cluster.kubectl("wait --for=jsonpath={.status.phase}=Succeeded pod/finished --timeout=180s");
  });
  after(async () => assert.deepEqual(await cluster.remove(), []));

  it("takes everything with it, and the next start brings it back", async () => {
    const uids = "get pods -l app=web -o jsonpath={.items[*].metadata.uid}";
    const before = await cluster.kubectl(uids);
    await cluster.kubectl("create configmap last --from-literal=word=kept");
    await cutPower(cluster);

    await cluster.up();
    assert.equal(await cluster.kubectl("get configmap last -o jsonpath={.data.word}"), "kept");
    await cluster.kubectl("wait --for=condition=Ready node --all --timeout=180s");
    // Every pod is the one it was, with new containers, and its volumes hold what they held.
    await eventually(async () => {
      const restarts = "get pods -l app=web -o jsonpath={.items[*].status.containerStatuses[0].restartCount}";
      assert.equal(await cluster.kubectl(restarts), "1 1 1");
      assert.equal(
        await cluster.kubectl("get pod single -o jsonpath={.status.containerStatuses[0].restartCount}"),
        "1",
      );
    });
    await cluster.kubectl("rollout status deployment/web --timeout=180s");
    assert.equal(await cluster.kubectl(uids), before);
    assert.equal(await cluster.kubectl("exec single -- cat /data/starts"), "xx\n");
    assert.match(await cluster.kubectl("get pod finished --no-headers"), /^finished +0\/1 +Completed +0 /);

    const address = await cluster.kubectl("get service web -o jsonpath={.spec.clusterIP}");
    for (const node of cluster.settings.nodes) {
      const said = await cluster.onNode(
        node,
        `printf 'GET / HTTP/1.0\\r\\n\\r\\n' | busybox nc -w 3 ${address} 80`,
      );
      assert.match(said, /Hello from k8ts/);
    }
    assert.match(
      await cluster.kubectl("exec single -- nslookup web.default.svc.cluster.local"),
      new RegExp(address),
    );
  });
});

/** Ends every process of the cluster at once. What a power cut would also take, mounts and namespaces, stays. */
async function cutPower(cluster: LocalCluster): Promise<void> {
  const pids = async () =>
    (await cluster.traces()).flatMap((line) => /^process (\d+) /.exec(line)?.slice(1).map(Number) ?? []);
  for (const pid of await pids()) {
    try {
      process.kill(pid, "SIGKILL");
    } catch {
      // It went with another one.
    }
  }
  await eventually(async () => assert.deepEqual(await pids(), []));
}
