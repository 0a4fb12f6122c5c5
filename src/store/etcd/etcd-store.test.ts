import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { createServer, type AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, it } from "node:test";
import { attempt } from "#base/attempt";
import { sleep, systemClock } from "#base/clock";
import { systemRandom, uuid } from "#base/random";
import { restoreMemoryStore } from "../memory/memory-store.ts";
import { storeSuite } from "../suite.ts";
import { readEtcdSnapshot } from "./etcd-snapshot.ts";
import { openEtcdStore } from "./etcd-store.ts";

const ETCD = "/usr/bin/etcd";
/** etcd gives no lease less than this. */
const LEASE_SECONDS = 2;

if (existsSync(ETCD)) {
  storeSuite("etcd store", async () => {
    const etcd = await startEtcd();
    const store = await openEtcdStore({ endpoints: [etcd.endpoint] });
    return {
      store,
      leaseSeconds: LEASE_SECONDS,
      // Debian 12 has etcd 3.4.23.
      tellsProgress: false,
      pinsSnapshots: true,
      advance: (byMs) => sleep(systemClock, byMs),
      restore: (snapshot) => restoreFile(etcd.directory, snapshot),
      async dispose() {
        await store.close();
        await etcd.stop();
      },
    };
  });
} else {
  describe("etcd store", () =>
    it("runs the contract suite", { skip: `there is no ${ETCD}` }, () => undefined));
}

/** By way of a file, as people keep it. */
async function restoreFile(directory: string, bytes: AsyncIterable<Uint8Array>) {
  const path = join(directory, `${uuid(systemRandom)}.db`);
  await writeFile(path, bytes);
  const snapshot = await readEtcdSnapshot(path);
  try {
    return await restoreMemoryStore(snapshot);
  } finally {
    snapshot.close();
  }
}

/** An etcd of our own on loopback, ready to answer. */
async function startEtcd() {
  const directory = mkdtempSync(join(tmpdir(), "k8ts-etcd-"));
  const [endpoint, peer] = [`127.0.0.1:${await freePort()}`, `http://127.0.0.1:${await freePort()}`];
  const client = `http://${endpoint}`;
  const flags = {
    "data-dir": directory,
    "listen-client-urls": client,
    "advertise-client-urls": client,
    "listen-peer-urls": peer,
    "initial-advertise-peer-urls": peer,
    "initial-cluster": `default=${peer}`,
    "log-level": "error",
  };
  const child = spawn(
    ETCD,
    Object.entries(flags).map(([name, value]) => `--${name}=${value}`),
    { stdio: "ignore" },
  );
  const ended = once(child, "exit");
  const stop = async () => {
    child.kill("SIGKILL");
    await ended;
    rmSync(directory, { recursive: true });
  };
  const failure = await attempt(() => untilAnswering(endpoint));
  if (failure === undefined) return { endpoint, directory, stop };
  await stop();
  throw failure;
}

const TRIES = 100;

async function untilAnswering(endpoint: string): Promise<void> {
  for (let tries = 1; ; tries++) {
    const failure = await attempt(async () => (await openEtcdStore({ endpoints: [endpoint] })).close());
    if (failure === undefined) return;
    if (tries === TRIES) throw failure;
    await sleep(systemClock, 100);
  }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, "close");
  return port;
}
