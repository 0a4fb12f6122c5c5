/** Two control planes on one etcd, killed in turn under load: nobody who watches misses a change or sees one twice. */
import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import { ConfigMap } from "#api/core-v1/configmap";
import { Namespace } from "#api/core-v1/namespace";
import { ServiceAccount } from "#api/core-v1/serviceaccount";
import { Endpoints } from "#api/core-v1/endpoints";
import { systemClock } from "#base/clock";
import { systemRandom } from "#base/random";
import { Client } from "#client/client";
import { Informer } from "#client/informer";
import type { HttpsTransport } from "#client/node/https-transport";
import { openEtcdStore } from "#store/etcd/etcd-store";
import { prefixEnd } from "#store/store";
import { type Etcd, startEtcd } from "../tools/etcd.ts";
import { eventually } from "../tools/eventually.ts";
import { ServerProcess, transportTo } from "../tools/server-process.ts";
import { Load } from "./write-load.ts";

const KILLS = Number(process.env.K8TS_KILLS ?? 20);
/** A lease that is not renewed is taken over after 15 seconds; how soon is not held against anybody. */
const TAKE_OVER_MS_MAX = 60_000;
const WRITERS = 4;
/** After so many kills of servers, etcd itself is killed and started again. */
const ETCD_EVERY = 5;
const RECONNECT_MS = 100;
const WATCHERS = 6;
const INFORMERS = 2;
/** Acknowledged writes before a kill, and between a kill and the restart. */
const WRITES_BETWEEN = 25;
const PREFIX = "/registry/configmaps/load/";

/** What a watch told, in order: `ADDED name 17`. */
type Told = string[];

describe("two control planes on one etcd, killed in turn", () => {
  let etcd: Etcd;
  const dir = mkdtempSync(join(tmpdir(), "k8ts-two-"));
  const servers: ServerProcess[] = [];
  const transports: HttpsTransport[] = [];
  const connect = (...to: readonly ServerProcess[]): HttpsTransport => {
    const transport = transportTo(...to);
    transports.push(transport);
    return transport;
  };

  before(async () => {
    etcd = await startEtcd();
    const store = `etcd://${etcd.endpoint}`;
    const one = await ServerProcess.start({ dir: join(dir, "one"), store, advertised: "192.0.2.1" });
    servers.push(one);
    const options = { dir: join(dir, "two"), store, advertised: "192.0.2.2", like: one };
    servers.push(await ServerProcess.start(options));
  });
  after(async () => {
    for (const transport of transports) transport.close();
    await Promise.all(servers.map((server) => server.end()));
    await etcd?.stop();
    rmSync(dir, { recursive: true });
  });

  it("are both behind the service kubernetes", async () => {
    const client = new Client(connect(servers[1]!));
    await eventually(async () => {
      const { subsets } = await client.get(Endpoints, { namespace: "default", name: "kubernetes" });
      const addresses = subsets?.flatMap((subset) => subset.addresses ?? []).map(({ ip }) => ip);
      assert.deepEqual(addresses, ["192.0.2.1", "192.0.2.2"]);
    });
  });

  it("the work of controllers is carried on by the one that is left", async () => {
    for (const [at, server] of servers.entries()) {
      await server.end("SIGKILL");
      const transport = connect(servers[1 - at]!);
      const client = new Client(transport);
      const name = `without-${at}`;
      await client.create(Namespace, { metadata: { name } });
      await eventually(
        () => client.get(ServiceAccount, { namespace: name, name: "default" }),
        TAKE_OVER_MS_MAX,
      );
      await server.start();
    }
  });

  it(`no watch loses or repeats a change in ${KILLS} kills, and no acknowledged write is lost`, async (test) => {
    const ending = new AbortController();
    test.after(() => ending.abort());
    const { signal } = ending;
    const turned = (at: number) => [servers[at % 2]!, servers[(at + 1) % 2]!] as const;
    const truth = await followEtcd(etcd.endpoint, signal);
    const start = String(truth.startRevision);
    const watches = Array.from({ length: WATCHERS }, (_each, at) =>
      followApi(connect(...turned(at)), start, signal),
    );
    const informers = Array.from({ length: INFORMERS }, (_each, at) =>
      followInformer(connect(...turned(at)), signal),
    );
    await Promise.all(informers.map(({ informer }) => informer.synced));
    const load = new Load(
      Array.from({ length: WRITERS }, (_each, at) => connect(...turned(at))),
      signal,
    );

    for (let kill = 0; kill < KILLS; kill++) {
      await load.acknowledges(WRITES_BETWEEN);
      await servers[kill % 2]!.end("SIGKILL");
      await load.acknowledges(WRITES_BETWEEN);
      await servers[kill % 2]!.start();
      if (kill % ETCD_EVERY !== ETCD_EVERY - 1) continue;
      await load.acknowledges(WRITES_BETWEEN);
      await etcd.restart();
    }
    await load.stop();
    const last = await truth.through();
    await eventually(() => {
      const ends = [...watches, ...informers].map((follower) => follower.told.at(-1));
      assert.deepEqual(ends, Array<string>(ends.length).fill(last));
    });
    ending.abort();
    test.diagnostic(`${load.acknowledged.length} writes acknowledged, ${truth.told.length} changes`);

    assertGrows(truth.told);
    for (const { told } of watches) assert.deepEqual(told, truth.told);
    for (const { told } of informers) assertGrows(told);
    const happened = new Set(truth.told);
    for (const write of load.acknowledged) assert.ok(happened.has(write), write);
    const stored = await truth.names();
    for (const { informer } of informers) {
      assert.deepEqual([...informer.list("load")].map(({ metadata }) => metadata.name).toSorted(), stored);
    }
    for (const server of servers) {
      const { items } = await connect(server).list({ resource: ConfigMap, namespace: "load" });
      assert.deepEqual(items.map(({ metadata }) => metadata.name).toSorted(), stored);
    }
    await truth.close();
  });
});

const told = (type: string, name: string, resourceVersion: string | number | undefined): string =>
  `${type} ${name} ${resourceVersion}`;

function assertGrows(changes: Told): void {
  const revisions = changes.map((text) => Number(text.split(" ")[2]));
  for (const [at, revision] of revisions.entries()) {
    assert.ok(at === 0 || revision > revisions[at - 1]!, `${changes[at - 1]} then ${changes[at]}`);
  }
}

/** What really happened, as etcd itself tells it. */
async function followEtcd(endpoint: string, signal: AbortSignal) {
  const store = await openEtcdStore({ endpoints: [endpoint] });
  const startRevision = await store.latest();
  const changes: Told = [];
  let afterRevision = startRevision;
  const once = async () => {
    const batches = store.watch(PREFIX, prefixEnd(PREFIX), { afterRevision, signal });
    for await (const { revision, events } of batches) {
      afterRevision = revision;
      for (const { key, entry } of events) {
        const name = key.slice(PREFIX.length);
        const kind = entry ? (entry.createRevision === revision ? "ADDED" : "MODIFIED") : "DELETED";
        changes.push(told(kind, name, revision));
      }
    }
  };
  // etcd goes away now and then.
  const run = async () => {
    while (!signal.aborted) {
      await once().catch(() => undefined);
      await pause(RECONNECT_MS);
    }
  };
  const running = run();
  return {
    startRevision,
    told: changes,
    /** The last change, once it was heard of. */
    async through(): Promise<string> {
      const { entries } = await store.range(PREFIX, prefixEnd(PREFIX));
      const newest = Math.max(...entries.map(({ modRevision }) => modRevision));
      await eventually(() => assert.ok(changes.some((text) => Number(text.split(" ")[2]) >= newest)));
      return changes.at(-1)!;
    },
    async names(): Promise<string[]> {
      const { entries } = await store.range(PREFIX, prefixEnd(PREFIX), { keysOnly: true });
      return entries.map(({ key }) => key.slice(PREFIX.length)).toSorted();
    },
    async close() {
      await running;
      await store.close();
    },
  };
}

/** A bare watch that goes on from the last event it heard, at whichever server is there. */
function followApi(transport: HttpsTransport, start: string, signal: AbortSignal): { readonly told: Told } {
  const changes: Told = [];
  let resourceVersion = start;
  const run = async () => {
    while (!signal.aborted) {
      try {
        const scope = { resource: ConfigMap, namespace: "load", resourceVersion };
        for await (const event of transport.watch(scope, { signal })) {
          if (event.type === "BOOKMARK") resourceVersion = event.resourceVersion;
          else {
            const { name, resourceVersion: at } = event.object.metadata;
            changes.push(told(event.type, name, at));
            resourceVersion = at!;
          }
        }
      } catch (error) {
        if (!signal.aborted && (error as { readonly code?: number }).code === 410) {
          changes.push(`EXPIRED at ${resourceVersion}`);
          return;
        }
      }
    }
  };
  void run();
  return { told: changes };
}

function followInformer(transport: HttpsTransport, signal: AbortSignal) {
  const changes: Told = [];
  const informer = new Informer<ConfigMap>({
    client: new Client(transport),
    resource: ConfigMap,
    selection: { namespace: "load" },
    clock: systemClock,
    random: systemRandom,
  });
  informer.handle({
    added: ({ metadata }) => changes.push(told("ADDED", metadata.name, metadata.resourceVersion)),
    updated: ({ metadata }) => changes.push(told("MODIFIED", metadata.name, metadata.resourceVersion)),
  });
  void informer.run(signal);
  return { told: changes, informer };
}
