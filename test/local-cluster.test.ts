import assert from "node:assert/strict";
import { dirname } from "node:path";
import { describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { containerdDaemon } from "#cluster/containerd/start";
import { placesOf } from "#cluster/places";
import { agentDaemon, serverDaemon } from "#cluster/daemons";
import { killDaemon } from "./faults/daemons.ts";
import { startLocalCluster } from "./local-cluster.ts";
import { eventually } from "./tools/eventually.ts";
import { start } from "./tools/run.ts";
import { sandboxesOf, traces, unreachableRoutes } from "./tools/traces.ts";

const POD = `
apiVersion: v1
kind: Pod
metadata: { name: web }
spec:
  containers:
    - { name: web, image: k8ts.local/hello:1 }
`;

describe("a local cluster", () => {
  it("comes up, goes down, comes up again with all its objects, and leaves nothing behind", async () => {
    const routes = await unreachableRoutes();
    const cluster = await startLocalCluster({ nodes: 2 });
    let left: readonly string[];
    try {
      await cluster.apply(POD);
      await cluster.kubectl("wait --for=condition=Ready pod/web --timeout=180s");
      const seen = (await cluster.traces()).map((line) => line.split(" ")[0]);
      for (const kind of [
        "process",
        "mount",
        "network",
        "device",
        "route",
        "nftables",
        "socket",
        "container",
        "cgroup",
        "folder",
      ])
        assert.ok(seen.includes(kind), `traces of a running cluster have a ${kind}`);

      await cluster.down();
      const resting = (await cluster.traces()).filter((line) => line !== `folder ${cluster.places.dir}`);
      assert.deepEqual(resting, []);

      await cluster.up();
      const answer = await eventually(() => cluster.kubectl("exec web -- hostname"));
      assert.equal(answer, "web\n");
      await cluster.kubectl("wait --for=condition=Ready pod/web --timeout=180s");
      assert.match(await cluster.kubectl("get pod web --no-headers"), /^web +1\/1 +Running +1 /);
      assert.match(await cluster.kubectl("get nodes --no-headers"), /node-1 +Ready.*\nnode-2 +Ready/);
    } finally {
      left = await cluster.remove();
    }
    assert.deepEqual(left, []);
    const added = (await unreachableRoutes()).filter((route) => !routes.includes(route));
    assert.deepEqual(
      added.filter((route) => route.includes(cluster.settings.podRange)),
      [],
    );
  });

  it("leaves nothing behind when its daemons had died before", async () => {
    const cluster = await startLocalCluster();
    let left: readonly string[];
    try {
      await cluster.apply(POD);
      await cluster.kubectl("wait --for=condition=Ready pod/web --timeout=180s");
      const node = cluster.places.node("node-1");
      for (const daemon of [agentDaemon(node), containerdDaemon(node), serverDaemon(cluster.places)])
        await killDaemon(daemon);
    } finally {
      left = await cluster.remove();
    }
    assert.deepEqual(left, []);
  });

  it("is removed also when its test is killed", async () => {
    const test = start(process.execPath, [
      fileURLToPath(new URL("tools/abandoned-cluster.ts", import.meta.url)),
    ]);
    const [, name, dir] = /started (\S+) below (\S+)/.exec(await test.says(/started .*\n/))!;
    const places = placesOf(name!, dirname(dir!));
    const sandboxes = sandboxesOf(places);
    assert.ok((await traces(places, sandboxes)).length > 0);
    await test.stop("SIGKILL");
    await eventually(async () => assert.deepEqual(await traces(places, sandboxes), []));
  });
});
