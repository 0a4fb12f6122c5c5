/**
 * What the store costs: durable puts at several depths, ranges and watch fan-out, for memory and disk, with raw
 * LMDB (the same transactions, nothing of ours) beside the disk. Run: `node src/store/store.bench.ts [directory]`.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { open } from "lmdb";
import { openDiskStore } from "./disk/disk-store.ts";
import { openMemoryStore } from "./memory/memory-store.ts";
import type { Store } from "./store.ts";

const VALUE = new Uint8Array(2048).fill(0x61);
const KEYS = 6_000;
const WATCHERS = 200;
const DEPTHS = [1, 10, 64, 512];
const ROUNDS = 3;

interface Figure {
  readonly perSecond: number;
  readonly cpuMicros: number;
}

/** Runs `count` operations, so many at a time. */
async function atDepth(
  depth: number,
  count: number,
  operation: (n: number) => Promise<unknown>,
): Promise<void> {
  let next = 0;
  const worker = async () => {
    while (next < count) await operation(next++);
  };
  await Promise.all(Array.from({ length: depth }, worker));
}

async function measure(count: number, work: () => Promise<void>): Promise<Figure> {
  const cpu = process.cpuUsage();
  const start = performance.now();
  await work();
  const seconds = (performance.now() - start) / 1000;
  const { user, system } = process.cpuUsage(cpu);
  return { perSecond: count / seconds, cpuMicros: (user + system) / count };
}

const countFor = (depth: number): number => (depth === 1 ? 300 : depth === 10 ? 2_000 : 8_000);

const keyOf = (n: number): string => `/registry/pods/default/pod-${String(n % KEYS).padStart(6, "0")}`;

const puts = (store: Store, depth: number) =>
  measure(countFor(depth), () =>
    atDepth(depth, countFor(depth), (n) => store.commit([], [{ type: "put", key: keyOf(n), value: VALUE }])),
  );

async function rawPuts(directory: string, depth: number): Promise<Figure> {
  const db = open<Uint8Array, string>({
    path: join(directory, "raw.mdb"),
    overlappingSync: false,
    encoding: "binary",
  });
  const figure = await measure(countFor(depth), () =>
    atDepth(depth, countFor(depth), (n) => db.put(keyOf(n), VALUE)),
  );
  await db.close();
  return figure;
}

async function fanOut(store: Store, events: number): Promise<Figure> {
  const abort = new AbortController();
  const afterRevision = store.revision;
  const reading = Array.from({ length: WATCHERS }, async () => {
    let seen = 0;
    for await (const batch of store.watch("/registry/pods/", "/registry/pods0", {
      afterRevision,
      signal: abort.signal,
    })) {
      seen += batch.events.length;
      if (seen === events) return;
    }
  });
  const figure = await measure(events * WATCHERS, async () => {
    await atDepth(64, events, (n) => store.commit([], [{ type: "put", key: keyOf(n), value: VALUE }]));
    await Promise.all(reading);
  });
  abort.abort();
  return figure;
}

async function inTurn(directory: string): Promise<void> {
  const stores = { memory: openMemoryStore(), disk: await openDiskStore(join(directory, "disk")) };
  const table = new Map<string, Figure[]>();
  const note = (name: string, figure: Figure) => table.set(name, [...(table.get(name) ?? []), figure]);
  for (let round = 0; round < ROUNDS; round++) {
    for (const depth of DEPTHS) {
      for (const [name, store] of Object.entries(stores))
        note(`put, ${depth} in flight, ${name}`, await puts(store, depth));
      note(`put, ${depth} in flight, raw lmdb`, await rawPuts(directory, depth));
    }
    for (const [name, store] of Object.entries(stores)) {
      await atDepth(64, KEYS, (n) => store.commit([], [{ type: "put", key: keyOf(n), value: VALUE }]));
      const range = () => store.range("/registry/pods/", "/registry/pods0");
      note(`range of ${KEYS}, per entry, ${name}`, await measure(KEYS * 10, () => atDepth(1, 10, range)));
      note(`get, ${name}`, await measure(20_000, () => atDepth(1, 20_000, (n) => store.get(keyOf(n)))));
      note(`watch event to ${WATCHERS} watchers, per delivery, ${name}`, await fanOut(store, 500));
      await store.compact(store.revision);
    }
  }
  for (const store of Object.values(stores)) await store.close();
  for (const [name, figures] of table) print(name, figures);
}

function print(name: string, figures: readonly Figure[]): void {
  const middle = <T>(values: readonly T[]): T => values[values.length >>> 1]!;
  const perSecond = middle(figures.map((figure) => figure.perSecond).toSorted((a, b) => a - b));
  const cpuMicros = middle(figures.map((figure) => figure.cpuMicros).toSorted((a, b) => a - b));
  process.stdout.write(
    `${name.padEnd(56)}${perSecond.toFixed(0).padStart(10)}/s${cpuMicros.toFixed(2).padStart(10)} µs CPU\n`,
  );
}

const directory = mkdtempSync(join(process.argv[2] ?? tmpdir(), "k8ts-bench-"));
try {
  await inTurn(directory);
} finally {
  rmSync(directory, { recursive: true });
}
