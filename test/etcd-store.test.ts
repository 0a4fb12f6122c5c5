/** etcd keeps the contract that every store keeps. */
import { mkdtempSync, rmSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { sleep, systemClock } from "#base/clock";
import { readEtcdSnapshot } from "#store/etcd/etcd-snapshot";
import { openEtcdStore } from "#store/etcd/etcd-store";
import { restoreMemoryStore } from "#store/memory/memory-store";
import { storeSuite } from "#store/suite";
import { startEtcd } from "./tools/etcd.ts";

/** etcd gives no lease less than this. */
const LEASE_SECONDS = 2;

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
    restore: restoreFile,
    async dispose() {
      await store.close();
      await etcd.stop();
    },
  };
});

/** By way of a file, as people keep it. */
async function restoreFile(bytes: AsyncIterable<Uint8Array>) {
  const directory = mkdtempSync(join(tmpdir(), "k8ts-snapshot-"));
  try {
    const path = join(directory, "etcd.db");
    await writeFile(path, bytes);
    const snapshot = await readEtcdSnapshot(path);
    try {
      return await restoreMemoryStore(snapshot);
    } finally {
      snapshot.close();
    }
  } finally {
    rmSync(directory, { recursive: true });
  }
}
