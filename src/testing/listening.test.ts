/** A cluster of a test, reached over TLS. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { Node } from "#api/core-v1/node";
import { systemClock } from "#base/clock";
import { systemRandom } from "#base/random";
import { Client } from "#client/client";
import { HttpsTransport } from "#client/node/https-transport";
import { parseKubeconfig } from "#client/kubeconfig";
import { startCluster, VirtualClock } from "./index.ts";

const text = (base64: string | undefined): string => Buffer.from(base64 ?? "", "base64").toString();

test("a kubeconfig leads to the cluster, also when its clock stands still", async () => {
  await using cluster = await startCluster({ nodes: 2, listen: true, clock: new VirtualClock() });
  const { clusters, users } = parseKubeconfig(cluster.kubeconfig());
  const [{ cluster: server }, { user }] = [clusters[0]!, users[0]!];
  assert.match(server.server, /^https:\/\/127\.0\.0\.1:[0-9]+$/);
  const tls = {
    ca: text(server["certificate-authority-data"]),
    cert: text(user["client-certificate-data"]),
    key: text(user["client-key-data"]),
  };
  const transport = new HttpsTransport({
    servers: [server.server],
    tls,
    clock: systemClock,
    random: systemRandom,
  });
  const { items } = await new Client(transport).list(Node);
  assert.deepEqual(items.map(({ metadata }) => metadata.name).toSorted(), ["node-1", "node-2"]);
  transport.close();
});

test("a cluster that does not listen has no kubeconfig, and closes twice without harm", async () => {
  const cluster = await startCluster({ nodes: 0 });
  assert.equal(cluster.url, undefined);
  assert.throws(() => cluster.kubeconfig(), /does not listen/);
  await Promise.all([cluster.close(), cluster.close()]);
});
