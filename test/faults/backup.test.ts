/** Backups while writes go on, restored into either engine and read by etcd's own tool; and moves between engines. */
import assert from "node:assert/strict";
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { ConfigMap } from "#api/core-v1/configmap";
import { Client } from "#client/client";
import { ETCDCTL, type Etcd, startEtcd } from "../tools/etcd.ts";
import { output, run } from "../tools/run.ts";
import { ServerProcess, transportTo } from "../tools/server-process.ts";
import { Load } from "./write-load.ts";

const MAIN = fileURLToPath(new URL("../../src/cli/main.ts", import.meta.url));
const WRITES = 150;

interface Result {
  readonly entries: number;
  readonly revision: number;
}

const words = (...args: readonly string[]): string[] => [MAIN, ...args, "-o", "json"];
const k8ts = async (...args: readonly string[]): Promise<Result> =>
  JSON.parse(await output(process.execPath, words(...args))) as Result;

async function refusal(...args: readonly string[]): Promise<string> {
  const { code, stderr } = await run(process.execPath, words(...args));
  assert.equal(code, 1, stderr);
  return stderr;
}

/** The maps of a server as text, to be compared. */
async function mapsOf(server: ServerProcess): Promise<ReadonlyMap<string, string | undefined>> {
  const transport = transportTo(server);
  const { items } = await transport.list({ resource: ConfigMap, namespace: "load" });
  transport.close();
  return new Map(items.map(({ metadata, data }) => [metadata.name, data?.at]));
}

/** A backup in the middle of writes; gives what had been acknowledged when it began. */
async function backupUnderLoad(server: ServerProcess, args: readonly string[]) {
  const ending = new AbortController();
  const transports = Array.from({ length: 3 }, () => transportTo(server));
  const load = new Load(transports, ending.signal);
  await load.acknowledges(WRITES);
  const acknowledged = [...load.acknowledged];
  try {
    const result = await k8ts("backup", ...args);
    await load.acknowledges(WRITES);
    return { result, acknowledged };
  } finally {
    await load.stop();
    for (const transport of transports) transport.close();
  }
}

/** Those of the writes that nothing can have undone since. */
const lasting = (acknowledged: readonly string[]): string[] =>
  acknowledged
    .map((text) => text.split(" "))
    .filter(([type, name = ""]) => type === "MODIFIED" && Number(name.split("-")[1]) % 3 !== 0)
    .map(([, name = ""]) => name);

describe("backups", () => {
  const dir = mkdtempSync(join(tmpdir(), "k8ts-backup-"));
  const at = (name: string): string => join(dir, name);
  let etcd: Etcd;
  const servers: ServerProcess[] = [];
  const cluster = (name: string) => [`--data-dir=${at(name)}`, `--cert-dir=${at(name)}/pki`];
  const serve = async (name: string, store: string): Promise<ServerProcess> => {
    const like = servers[0] ? { like: servers[0] } : {};
    const server = await ServerProcess.start({ dir: at(name), store, advertised: "192.0.2.1", ...like });
    servers.push(server);
    return server;
  };
  before(async () => {
    etcd = await startEtcd();
  });
  after(async () => {
    await Promise.all(servers.map((server) => server.end()));
    await etcd?.stop();
    rmSync(dir, { recursive: true });
  });

  it("of a store on disk are whole, and come back with revisions that are new to everybody", async () => {
    const server = await serve("disk", "disk");
    const { result, acknowledged } = await backupUnderLoad(server, [at("disk.k8ts"), ...cluster("disk")]);
    assert.equal(statSync(at("disk.k8ts")).mode & 0o777, 0o600);
    assert.match(await refusal("backup", at("disk.k8ts"), ...cluster("disk")), /is there already/);
    const restore = ["restore", at("disk.k8ts"), ...cluster("disk")];
    assert.match(await refusal(...restore, "--force"), /a control plane runs on/);
    const seen = await new Client(transportTo(server)).list(ConfigMap, { namespace: "load" });
    await server.end("SIGTERM");
    assert.match(await refusal(...restore), /add --force/);

    const restored = await k8ts(...restore, "--force");
    assert.ok(restored.entries > 0 && restored.entries <= result.entries);
    assert.ok(restored.revision > result.revision + 1000);
    assert.equal(
      readdirSync(at("disk/default")).filter((name) => name.startsWith("store.replaced-")).length,
      1,
    );
    await server.start();
    const maps = await mapsOf(server);
    for (const name of lasting(acknowledged)) assert.equal(maps.get(name), "2", name);
    const transport = transportTo(server);
    const ending = new AbortController();
    const watch = { resource: ConfigMap, namespace: "load", resourceVersion: seen.resourceVersion };
    await assert.rejects(transport.watch(watch, { signal: ending.signal })[Symbol.asyncIterator]().next(), {
      reason: "Expired",
    });
    transport.close();
    await server.end("SIGTERM");
  });

  it("that were damaged are refused, and nothing is touched", async () => {
    const bytes = readFileSync(at("disk.k8ts"));
    bytes[bytes.length >>> 1]! ^= 1;
    writeFileSync(at("damaged.k8ts"), bytes);
    const before = readdirSync(at("disk/default"));
    const said = await refusal("restore", at("damaged.k8ts"), ...cluster("disk"), "--force");
    assert.match(said, /checksum|snapshot/);
    assert.deepEqual(readdirSync(at("disk/default")).toSorted(), before.toSorted());
  });

  it("move to etcd and back with everything that is there", async () => {
    const before = servers[0]!;
    const store = `etcd://${etcd.endpoint}`;
    const migrate = ["store", "migrate", `--data-dir=${at("disk")}`];
    const moved = await k8ts(...migrate, "--to", store);
    assert.match(await refusal(...migrate, "--to", store), /holds [0-9]+ keys already/);
    const onEtcd = await serve("etcd", store);
    await before.start();
    const maps = await mapsOf(before);
    assert.deepEqual(await mapsOf(onEtcd), maps);
    await before.end("SIGTERM");
    assert.match(
      await refusal(...migrate, "--from", store, "--to", `disk:${at("back")}`),
      /a control plane runs on/,
    );
    await onEtcd.end("SIGTERM");
    const back = await k8ts(...migrate, "--from", store, "--to", `disk:${at("back")}`);
    assert.ok(back.entries >= moved.entries);
    const again = await serve("again", `disk:${at("back")}`);
    assert.deepEqual(await mapsOf(again), maps);
    await again.end("SIGTERM");
  });

  it("of etcd are read by etcdctl, and come back by it and by us", async () => {
    const server = servers.find(({ dir: folder }) => folder === at("etcd"))!;
    await server.start();
    const store = `etcd://${etcd.endpoint}`;
    const { result, acknowledged } = await backupUnderLoad(server, [
      at("etcd.db"),
      `--store=${store}`,
      ...cluster("etcd"),
    ]);
    const env = { ETCDCTL_API: "3" };
    const status = await output(ETCDCTL, ["snapshot", "status", at("etcd.db"), "-w", "json"], { env });
    assert.equal((JSON.parse(status) as Result).revision, result.revision);

    await output(ETCDCTL, ["snapshot", "restore", at("etcd.db"), "--data-dir", at("etcd-data")], { env });
    const copy = await startEtcd({ directory: at("etcd-data") });
    try {
      const keys = await output(
        ETCDCTL,
        ["--endpoints", copy.endpoint, "get", "/registry/configmaps/load/", "--prefix", "--keys-only"],
        { env },
      );
      for (const name of lasting(acknowledged)) assert.ok(keys.includes(`/load/${name}\n`), name);
    } finally {
      await copy.stop();
    }

    const restore = ["restore", at("etcd.db"), `--store=${store}`, ...cluster("etcd")];
    assert.match(await refusal(...restore), /a control plane runs on/);
    await server.end("SIGTERM");
    assert.match(await refusal(...restore), /holds [0-9]+ keys already/);
    const restored = await k8ts(...restore, "--force");
    assert.ok(restored.revision > result.revision);
    await server.start();
    const maps = await mapsOf(server);
    for (const name of lasting(acknowledged)) assert.equal(maps.get(name), "2", name);
    await server.end("SIGTERM");
    assert.ok((await k8ts("restore", at("etcd.db"), ...cluster("from-etcd"))).entries > 0);
  });
});
