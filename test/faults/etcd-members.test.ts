/** A server on an etcd of three members goes on when any one of them dies. */
import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import { ConfigMap } from "#api/core-v1/configmap";
import type { HttpsTransport } from "#client/node/https-transport";
import { type Member, startEtcdMembers } from "../tools/etcd.ts";
import { eventually } from "../tools/eventually.ts";
import { ServerProcess, transportTo } from "../tools/server-process.ts";
import { Load } from "./write-load.ts";

const WRITES = 60;
const REJOIN_MS = 1_000;

describe("an etcd of three members", () => {
  const dir = mkdtempSync(join(tmpdir(), "k8ts-members-"));
  let members: readonly Member[] = [];
  let server: ServerProcess;
  const transports: HttpsTransport[] = [];
  const connect = (): HttpsTransport => {
    const transport = transportTo(server);
    transports.push(transport);
    return transport;
  };
  before(async () => {
    members = await startEtcdMembers(3);
    const store = `etcd://${members.map(({ endpoint }) => endpoint).join(",")}`;
    server = await ServerProcess.start({ dir, store, advertised: "192.0.2.1" });
  });
  after(async () => {
    for (const transport of transports) transport.close();
    await server?.end();
    await Promise.all(members.map((member) => member.remove()));
    rmSync(dir, { recursive: true });
  });

  it("loses no acknowledged write and no event when each dies in turn", async (test) => {
    const ending = new AbortController();
    test.after(() => ending.abort());
    const { signal } = ending;
    const load = new Load([connect(), connect()], signal);
    await load.acknowledges(1);
    const { resourceVersion } = await connect().list({ resource: ConfigMap, namespace: "load" });
    const revisions: number[] = [];
    const watching = connect();
    const follow = async () => {
      const scope = { resource: ConfigMap, namespace: "load", resourceVersion };
      for await (const event of watching.watch(scope, { signal })) {
        if (event.type !== "BOOKMARK") revisions.push(Number(event.object.metadata.resourceVersion));
      }
    };
    const running = follow().catch((error: unknown) => error);
    for (const member of members) {
      await load.acknowledges(WRITES);
      await member.kill();
      await load.acknowledges(WRITES);
      member.start();
      // It catches up before the next one dies.
      await pause(REJOIN_MS);
    }
    await load.stop();
    const { items } = await connect().list({ resource: ConfigMap, namespace: "load" });
    const newest = Math.max(...items.map(({ metadata }) => Number(metadata.resourceVersion)));
    await eventually(() => assert.ok(revisions.at(-1)! >= newest));
    ending.abort();
    await running;
    assert.deepEqual(
      revisions,
      [...new Set(revisions)].toSorted((a, b) => a - b),
    );
    const seen = new Set(revisions);
    const since = load.acknowledged
      .map((text) => Number(text.split(" ")[2]))
      .filter((revision) => revision > Number(resourceVersion));
    for (const revision of since) assert.ok(seen.has(revision), String(revision));
    test.diagnostic(`${since.length} writes acknowledged`);
  });
});
