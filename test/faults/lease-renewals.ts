/**
 * Nodes that renew their leases every ten seconds, for hours, played fast on the disk store: its file must not grow.
 * Run: `node test/faults/lease-renewals.ts [--hours N] [--nodes N]`; by default a day of a hundred nodes.
 */
import { mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { keepCompact } from "#apiserver/storage/compactor";
import { Scope } from "#base/scope";
import { VirtualClock } from "#base/virtual-clock";
import { openDiskStore } from "#store/disk/disk-store";
import type { Store } from "#store/store";

const RENEW_MS = 10_000;
const HOUR_MS = 3_600_000;
/** History is kept for five to ten minutes; soon after, as much goes as comes. */
const SETTLED_MS = HOUR_MS;
/** A Lease as it is stored is about so long. */
const LEASE_BYTES = 420;

export interface RenewalsReport {
  readonly writes: number;
  /** Of the data file after an hour. */
  readonly settledBytes: number;
  readonly endBytes: number;
  /** Time to open the store again, with everything that is checked then. */
  readonly openMs: number;
}

export interface RenewalsOptions {
  readonly directory: string;
  readonly nodes: number;
  readonly hours: number;
}

export async function renewLeases({ directory, nodes, hours }: RenewalsOptions): Promise<RenewalsReport> {
  const [clock, scope] = [new VirtualClock(), new Scope()];
  const store = await openDiskStore(directory, { clock });
  keepCompact(store, clock, scope);
  const bytes = () => statSync(join(directory, "store.mdb")).size;
  const endMs = clock.now() + hours * HOUR_MS;
  const settledMs = clock.now() + SETTLED_MS;
  let [writes, settledBytes] = [0, 0];
  while (clock.now() < endMs) {
    await renewAll(store, nodes, clock.now());
    writes += nodes;
    await clock.advance(RENEW_MS);
    if (settledBytes === 0 && clock.now() >= settledMs) settledBytes = bytes();
  }
  await scope.close();
  await store.close();
  const endBytes = bytes();
  const startedMs = performance.now();
  const again = await openDiskStore(directory);
  const openMs = performance.now() - startedMs;
  await again.close();
  return { writes, settledBytes, endBytes, openMs };
}

async function renewAll(store: Store, nodes: number, nowMs: number): Promise<void> {
  const value = Buffer.alloc(LEASE_BYTES, " ");
  value.write(new Date(nowMs).toISOString());
  const renew = (node: number) =>
    store.commit([], [{ type: "put", key: `/registry/leases/kube-node-lease/node-${node}`, value }]);
  await Promise.all(Array.from({ length: nodes }, (_each, node) => renew(node)));
}

if (import.meta.main) {
  const { values } = parseArgs({
    options: { hours: { type: "string", default: "24" }, nodes: { type: "string", default: "100" } },
  });
  const directory = mkdtempSync(join(tmpdir(), "k8ts-leases-"));
  const startedMs = performance.now();
  const options = { directory, hours: Number(values.hours), nodes: Number(values.nodes) };
  const report = await renewLeases(options);
  const { rss } = process.memoryUsage();
  console.log(
    JSON.stringify({ ...report, seconds: Math.round((performance.now() - startedMs) / 1000), rss }),
  );
  rmSync(directory, { recursive: true });
}
