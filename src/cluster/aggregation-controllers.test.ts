/** Objects of an extension server own, are owned, and go with their namespace. */
import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { ConfigMap } from "#api/core-v1/configmap";
import { Namespace } from "#api/core-v1/namespace";
import { ResourceQuota } from "#api/core-v1/resourcequota";
import { Service } from "#api/core-v1/service";
import { inScope, usageOf } from "#apiserver/admission/quota/usage";
import { seededRandom } from "#base/random";
import { Scope } from "#base/scope";
import { Client } from "#client/client";
import { InformerSet } from "#client/informer-set";
import { garbageCollector } from "#controllers/garbage-collector/garbage-collector";
import { namespaces } from "#controllers/namespace/namespace";
import { resourceQuotas } from "#controllers/resource-quota/resource-quota";
import type { AnyObject, Resource } from "#machinery/schema";
import { runControllers } from "#reconciler/run";
import { EXTENSION_SERVICE, startAggregatedCluster } from "#testing/extension-server/aggregated-cluster";
import { startExtensionServer } from "#testing/extension-server/extension-server";
import { Flunder } from "#testing/extension-server/flunder";

const COUNT = "count/flunders.wardle.example.com";

async function startControlled(t: TestContext) {
  const cluster = await startAggregatedCluster(t);
  const extension = await startExtensionServer({ cluster: cluster.forExtension, ...cluster.certificate() });
  t.after(() => extension.close());
  await cluster.announce(extension.port);
  await cluster.available("Passed");
  const scope = new Scope();
  t.after(() => scope.close());
  const { server, clock } = cluster;
  const random = seededRandom(1);
  const client = new Client(server.transport({ name: "root", groups: ["system:masters"] }));
  const informers = new InformerSet({ client, clock, random, scope });
  const controllers = [garbageCollector, namespaces, resourceQuotas({ usageOf, inScope })];
  await runControllers({ client, clientFor: () => client, informers, clock, random, scope, controllers });
  /** Resolves when the object is gone; `of` is where it can be watched. */
  const gone = async <T extends AnyObject>(of: Client, kind: Resource<T>, name: string, namespace = "") => {
    const ended = new AbortController();
    const place = namespace === "" ? {} : { namespace };
    const { items, resourceVersion } = await of.transport.list({ resource: kind, ...place });
    if (!items.some(({ metadata }) => metadata.name === name)) return;
    const watch = { resource: kind, ...place, resourceVersion };
    for await (const event of of.transport.watch(watch, { signal: ended.signal }))
      if (event.type === "DELETED" && event.object.metadata.name === name) return;
  };
  return { cluster, client, gone };
}

test("owners and dependents may live on different servers", async (t) => {
  const { client, gone } = await startControlled(t);
  const at = { namespace: "default" };
  const owner = await client.create(Flunder, { metadata: { ...at, name: "owner" } } as never);
  const owned = (by: AnyObject) => [
    { apiVersion: by.apiVersion, kind: by.kind, name: by.metadata.name, uid: by.metadata.uid },
  ];
  await client.create(ConfigMap, { metadata: { ...at, name: "map", ownerReferences: owned(owner) } });
  await client.create(Flunder, {
    metadata: { ...at, name: "child", ownerReferences: owned(owner) },
  } as never);
  await client.create(Flunder, { metadata: { ...at, name: "free" } } as never);
  const left = Promise.all([
    gone(client, ConfigMap, "map", "default"),
    gone(client, Flunder, "child", "default"),
  ]);
  await client.delete(Flunder, { ...at, name: "owner" });
  await left;
  const { items } = await client.list(Flunder, at);
  assert.deepEqual(
    items.map(({ metadata }) => metadata.name),
    ["free"],
  );
});

test("a quota counts what another server holds, as it comes and goes", async (t) => {
  const { cluster, client } = await startControlled(t);
  const at = { namespace: "default" };
  const counted = (name: string, used: string): Promise<void> =>
    new Promise((resolve) => {
      const look = (quota: ResourceQuota | undefined) => {
        if (quota?.metadata.name !== name || quota.status?.used?.[COUNT] !== used) return;
        stop();
        resolve();
      };
      const stop = cluster.server.cache.onChange(ResourceQuota, ({ after }) => look(after));
      look(cluster.server.cache.get(ResourceQuota, at.namespace, name));
    });
  await client.create(Flunder, { metadata: { ...at, name: "flo" } } as never);
  await client.create(ResourceQuota, { metadata: { ...at, name: "few" }, spec: { hard: { [COUNT]: "5" } } });
  await counted("few", "1");
  await client.create(Flunder, { metadata: { ...at, name: "finn" } } as never);
  await counted("few", "2");
  for (const name of ["flo", "finn"]) await client.delete(Flunder, { ...at, name });
  await counted("few", "0");
});

test("a namespace is not gone while another server may hold objects in it", async (t) => {
  const { cluster, client, gone } = await startControlled(t);
  await client.create(Namespace, { metadata: { name: "sea" } });
  await client.create(Flunder, { metadata: { namespace: "sea", name: "flo" } } as never);
  const { namespace, name } = EXTENSION_SERVICE;
  await client.delete(Service, { namespace, name });
  await cluster.available("ServiceNotFound");
  await client.delete(Namespace, { name: "sea" });
  const failed = await new Promise<{ reason?: string | undefined; message?: string | undefined }>(
    (resolve) => {
      cluster.server.cache.onChange(Namespace, ({ after }) => {
        const found = after?.status.conditions?.find(
          ({ type, status }: { type: string; status: string }) =>
            type === "NamespaceDeletionDiscoveryFailure" && status === "True",
        );
        if (found) resolve(found);
      });
    },
  );
  assert.equal(failed.reason, "DiscoveryFailed");
  assert.match(failed.message!, /1 failing: .*wardle.example.com\/v1alpha1: the server is currently unable/);
  await client.create(Service, {
    metadata: { namespace, name },
    spec: { type: "ExternalName", externalName: "localhost" },
  } as never);
  await cluster.available("Passed");
  const ended = new AbortController();
  const left = gone(client, Namespace, "sea").finally(() => ended.abort());
  // It is looked at again now and then.
  while (!ended.signal.aborted) await cluster.clock.advance(2_000);
  await left;
  const { items } = await client.list(Flunder, { namespace: "sea" });
  assert.deepEqual(items, []);
});
