/** The transport against a real API server behind TLS. */
import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { ConfigMap } from "#api/core-v1/configmap";
import { Namespace } from "#api/core-v1/namespace";
import { secure } from "#apiserver/security";
import { type ApiServer, startApiServer } from "#apiserver/server";
import { systemClock } from "#base/clock";
import { systemRandom } from "#base/random";
import { Scope } from "#base/scope";
import { CertificateStore } from "#cluster/certificates/certificate-store";
import { adminClient, apiServerServing } from "#cluster/certificates/profiles";
import { hasReason } from "#machinery/status";
import { openMemoryStore } from "#store/memory/memory-store";
import { Client } from "../client.ts";
import { Informer } from "../informer.ts";
import { InformerSet } from "../informer-set.ts";
import { HttpsTransport } from "./https-transport.ts";

async function start(context: TestContext) {
  const folder = await mkdtemp(join(tmpdir(), "k8ts-client-"));
  const certificates = await CertificateStore.open(folder, { clock: systemClock });
  const store = openMemoryStore();
  let server: ApiServer;
  let port = 0;
  const serve = async (): Promise<void> => {
    server = await startApiServer({
      store,
      clock: systemClock,
      random: systemRandom,
      rooms: secure({
        clientAuthorities: [certificates.cluster.certificate],
        serviceAccountKey: certificates.serviceAccountKey,
        serverUrl: () => `https://127.0.0.1:${port}`,
      }),
    });
    const serving = await certificates.pair(
      apiServerServing({ dns: [], addresses: [], serviceAddresses: [] }),
    );
    const clientCa = certificates.cluster.certificate;
    ({ port } = await server.listen({ host: "127.0.0.1", port, clientCa, ...serving }));
  };
  await serve();
  const pair = await certificates.pair(adminClient);
  const tls = { ca: certificates.cluster.certificate, cert: pair.certificate, key: pair.key };
  const servers = ["https://127.0.0.1:1", `https://127.0.0.1:${port}`];
  const transport = new HttpsTransport({ servers, tls, clock: systemClock, random: systemRandom });
  const client = new Client(transport);
  const scope = new Scope();
  context.after(async () => {
    await scope.close();
    transport.close();
    await server.close();
    await store.close();
    await certificates.close();
    await rm(folder, { recursive: true });
  });
  const restart = async () => {
    await server.close();
    await serve();
  };
  return { client, scope, restart };
}

const at = { namespace: "web", name: "a" };

test("objects over TLS: written, read, refused, selected and deleted", async (context) => {
  const { client } = await start(context);
  await client.create(Namespace, { metadata: { name: "web" } });
  const made = await client.create(ConfigMap, {
    metadata: { ...at, labels: { k: "v" } },
    data: { key: "1" },
  });
  const stale = { ...made, data: { key: "2" } };
  const changed = await client.update(ConfigMap, stale);
  await assert.rejects(client.update(ConfigMap, stale), (error) => hasReason(error, "Conflict"));
  const patched = await client.mergePatch(ConfigMap, at, { data: { more: "3" } });
  assert.deepEqual(patched.data, { key: "2", more: "3" });
  assert.ok(BigInt(patched.metadata.resourceVersion) > BigInt(changed.metadata.resourceVersion));
  await client.apply(ConfigMap, { metadata: at, data: { mine: "4" } }, { fieldManager: "me", force: true });
  await client.create(ConfigMap, { metadata: { ...at, name: "b" } });
  assert.equal((await client.list(ConfigMap, { namespace: "web", labelSelector: "k=v" })).items.length, 1);
  const pages = await Array.fromAsync(client.pages(ConfigMap, { namespace: "web", limit: 1 }));
  assert.deepEqual(
    pages.flatMap(({ items }) => items).map(({ metadata }) => metadata.name),
    ["a", "b"],
  );
  const { items } = await client.list(ConfigMap, { namespace: "web", metadataOnly: true });
  assert.deepEqual([items.length, items[0]?.data, items[0]?.metadata.name], [2, undefined, "a"]);
  await client.deleteCollection(ConfigMap, { namespace: "web", labelSelector: "k=v" });
  assert.equal(await client.find(ConfigMap, at), undefined);
});

test("an informer goes on after the server was away", async (context) => {
  const { client, scope, restart } = await start(context);
  const informers = new InformerSet({ client, clock: systemClock, random: systemRandom, scope });
  await client.create(Namespace, { metadata: { name: "web" } });
  const maps = informers.of(ConfigMap, { namespace: "web" });
  await maps.synced;
  const first = await client.create(ConfigMap, { metadata: at });
  await maps.reached(first.metadata.resourceVersion);
  await restart();
  const second = await client.create(ConfigMap, { metadata: { ...at, name: "b" } });
  await maps.reached(second.metadata.resourceVersion);
  assert.deepEqual([...maps.list()].map(({ metadata }) => metadata.name).toSorted(), ["a", "b"]);
});

test("an informer of metadata holds nothing else", async (context) => {
  const { client, scope } = await start(context);
  await client.create(Namespace, { metadata: { name: "web" } });
  await client.create(ConfigMap, { metadata: at, data: { key: "1" } });
  const options = { client, clock: systemClock, random: systemRandom, resource: ConfigMap };
  const informer = new Informer({ ...options, selection: { metadataOnly: true } });
  scope.run((signal) => informer.run(signal));
  await informer.synced;
  assert.deepEqual(
    [informer.get("web", "a")?.metadata.name, informer.get("web", "a")?.data],
    ["a", undefined],
  );
});
