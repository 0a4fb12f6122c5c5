/** The control plane dies in the middle of writes: nothing acknowledged is lost, and no pod notices. */
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import type { ConfigMap } from "#api/core-v1/configmap";
import { serverDaemon } from "#cluster/daemons";
import { type LocalCluster, startLocalCluster } from "../local-cluster.ts";
import { ApiCaller } from "../tools/api-caller.ts";
import { eventually } from "../tools/eventually.ts";
import { underRequests } from "./constant-requests.ts";
import { containersOf, killDaemon } from "./daemons.ts";
import { webManifest } from "./web.ts";

const MAPS = "/api/v1/namespaces/default/configmaps";
const WRITERS = 8;
/** The control plane is killed after so many acknowledged writes. */
const WRITES = 400;

describe("kill -9 of the control plane in the middle of writes", () => {
  let cluster: LocalCluster;
  before(async () => {
    cluster = await startLocalCluster({ nodes: 2 });
    await cluster.apply(webManifest());
    await cluster.kubectl("rollout status deployment/web --timeout=180s");
  });
  after(async () => assert.deepEqual(await cluster.remove(), []));

  for (const round of [1, 2]) {
    it(`loses no acknowledged write, and no pod notices, in round ${round}`, async (test) => {
      const before = await containersOf(cluster, "app=web");
      const address = await cluster.kubectl("get service web -o jsonpath={.spec.clusterIP}");
      const { failed, sent } = await underRequests(cluster, "node-2", `http://${address}/`, async () => {
        const acknowledged = await writeUntilKilled(cluster, `round-${round}`);
        const ms = await restart(cluster);
        test.diagnostic(`kubectl works again ${Math.round(ms)} ms after the restart began`);
        const kept = await storedMaps(cluster);
        for (const [name, value] of acknowledged) assert.equal(kept.get(name), value, name);
      });
      assert.deepEqual(failed, [], `of ${sent} requests to the pods`);
      assert.equal(await containersOf(cluster, "app=web"), before);
    });
  }

  it("goes on with its work afterwards", async () => {
    await cluster.kubectl("scale deployment web --replicas=4");
    await cluster.kubectl("rollout status deployment/web --timeout=180s");
    assert.match(await cluster.kubectl("exec deployment/web -- hostname"), /^web-/);
    await cluster.kubectl("delete configmaps -l round --wait=false");
    await eventually(async () =>
      assert.match(await cluster.kubectl("get nodes --no-headers"), /node-1 +Ready.*\nnode-2 +Ready/),
    );
  });
});

/** Creates, changes and deletes; gives the value of every object whose last write was acknowledged and not followed by another. */
async function writeUntilKilled(
  cluster: LocalCluster,
  round: string,
): Promise<ReadonlyMap<string, string | undefined>> {
  const api = new ApiCaller(cluster.kubeconfig);
  const acknowledged = new Map<string, string | undefined>();
  const killed = new AbortController();
  let writes = 0;
  const write = async (method: string, name: string, value: string | undefined) => {
    // Until it is acknowledged, either outcome is right.
    acknowledged.delete(name);
    const path = method === "POST" ? MAPS : `${MAPS}/${name}`;
    const body = {
      apiVersion: "v1",
      kind: "ConfigMap",
      metadata: { name, labels: { round } },
      data: { value },
    };
    const { code } = await api.call({ method, path, body: method === "DELETE" ? "" : JSON.stringify(body) });
    assert.ok(code < 300, `${method} ${name}: ${code}`);
    acknowledged.set(name, value);
    writes++;
  };
  const work = async (writer: number) => {
    for (let at = 0; !killed.signal.aborted; at++) {
      const name = `${round}-${writer}-${at}`;
      await write("POST", name, "first");
      if (at % 3 === 1) await write("PUT", name, "second");
      if (at % 3 === 2) await write("DELETE", name, undefined);
    }
  };
  // Writers end with the connection that the control plane takes with it.
  const writers = Array.from({ length: WRITERS }, (_each, writer) =>
    work(writer).catch((error: Error) => error),
  );
  await eventually(() => assert.ok(writes >= WRITES));
  await killDaemon(serverDaemon(cluster.places));
  killed.abort();
  for (const ended of await Promise.all(writers))
    assert.ok(!(ended instanceof assert.AssertionError), String(ended));
  api.close();
  assert.ok(acknowledged.size > 0);
  return acknowledged;
}

/** How soon is told, and not held against it. Gives the milliseconds until kubectl has its first answer. */
async function restart(cluster: LocalCluster): Promise<number> {
  const startedMs = performance.now();
  const up = cluster.up();
  await eventually(() => cluster.kubectl("get configmaps -o name --request-timeout=10s"));
  const ms = performance.now() - startedMs;
  await up;
  return ms;
}

async function storedMaps(cluster: LocalCluster): Promise<ReadonlyMap<string, string | undefined>> {
  const { items } = await cluster.get<{ items: ConfigMap[] }>("configmaps");
  return new Map(items.map(({ metadata, data }) => [metadata.name, data?.value]));
}
