import assert from "node:assert/strict";
import {
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { seededRandom } from "#base/random";
import { Damaged, WrongFormat, type Store, type StoreEvent } from "../store.ts";
import { openDiskStore } from "./disk-store.ts";

const DATA_FILE = "store.mdb";
const FLIPS = Number(process.env["FLIPS"] ?? 150);
const COMPACTED_TO = 200;

describe("disk store with a damaged file", () => {
  let directory = "";
  let healthy = "";
  let expected: unknown;

  before(async () => {
    directory = mkdtempSync(join(tmpdir(), "k8ts-damage-"));
    healthy = join(directory, "healthy");
    const store = await openDiskStore(healthy);
    const source = seededRandom(7);
    const lease = await store.grantLease(1_000_000);
    for (let n = 0; n < 400; n++) {
      const key = `/registry/things/${source.below(90)}`;
      const value = Buffer.from(`value ${n} `.padEnd(20 + source.below(n % 10 === 0 ? 9_000 : 900), "abc"));
      await store.commit(
        [],
        [source.below(6) === 0 ? { type: "delete", key } : { type: "put", key, value, lease }],
      );
    }
    await store.compact(COMPACTED_TO);
    expected = await everythingIn(store);
    await store.close();
  });

  after(() => rmSync(directory, { recursive: true }));

  /** A copy of the healthy store with its file changed. */
  const copyWith = (name: string, damage: (path: string) => void): string => {
    const copy = join(directory, name);
    rmSync(copy, { recursive: true, force: true });
    mkdirSync(copy);
    copyFileSync(join(healthy, DATA_FILE), join(copy, DATA_FILE));
    damage(join(copy, DATA_FILE));
    return copy;
  };

  it("says so, or has exactly what was written, whichever bit is wrong", { timeout: 300_000 }, async () => {
    const source = seededRandom(11);
    let noticed = 0;
    for (let flip = 0; flip < FLIPS; flip++) {
      const copy = copyWith("flipped", (path) => {
        const bytes = readFileSync(path);
        bytes[placeIn(bytes, source.below)]! ^= 1 << source.below(8);
        writeFileSync(path, bytes);
      });
      if (await isDamaged(copy, expected)) noticed++;
    }
    assert.ok(noticed > FLIPS / 10, `only ${noticed} of ${FLIPS} were noticed`);
  });

  it("says so when the file is cut short", async () => {
    const whole = readFileSync(join(healthy, DATA_FILE)).length;
    for (const length of [1, 100, 4096, 8192, Math.floor(whole / 2), whole - 1]) {
      const copy = copyWith("short", (path) => truncateSync(path, length));
      await assert.rejects(openDiskStore(copy), Damaged, `cut to ${length}`);
    }
  });

  it("says so when a page stands where another belongs", async () => {
    for (const [from, to] of [
      [2, 3],
      [5, 9],
      [10, 7],
      [1, 0],
    ] as const) {
      const copy = copyWith("swapped", (path) => {
        const bytes = readFileSync(path);
        bytes.copyWithin(to * 4096, from * 4096, (from + 1) * 4096);
        writeFileSync(path, bytes);
      });
      await isDamaged(copy, expected);
    }
  });

  it("says so when the file is not a store at all", async () => {
    const copy = copyWith("other", (path) => writeFileSync(path, "something else entirely".repeat(1000)));
    await assert.rejects(openDiskStore(copy), Damaged);
  });

  it("tells a store of another format from a damaged one", async () => {
    const copy = copyWith("newer", () => undefined);
    const { open } = await import("lmdb");
    const root = open<Buffer, Buffer>({
      path: join(copy, DATA_FILE),
      noSubdir: true,
      overlappingSync: false,
      encoding: "binary",
      keyEncoding: "binary",
    });
    const { crc32 } = await import("node:zlib");
    const json = JSON.stringify({ format: 99 });
    await root.put(Buffer.from("state"), Buffer.from(`${crc32(json).toString(16).padStart(8, "0")} ${json}`));
    await root.close();
    await assert.rejects(openDiskStore(copy), WrongFormat);
  });
});

/** Any place in the file, but more often where LMDB keeps its own: the heads of pages and the two roots. */
function placeIn(bytes: Buffer, below: (bound: number) => number): number {
  const page = below(bytes.length / 4096) * 4096;
  const kind = below(4);
  if (kind === 0) return below(2) * 4096 + below(168);
  if (kind === 1) return page + below(64);
  return page + below(4096);
}

/** True when opening or reading says so; otherwise what is there must be exactly what was written, also after more writes. */
async function isDamaged(directory: string, expected: unknown): Promise<boolean> {
  let store: Store | undefined;
  try {
    store = await openDiskStore(directory);
    assert.deepEqual(await everythingIn(store), expected);
    for (let n = 0; n < 20; n++) {
      await store.commit([], [{ type: "put", key: `/registry/others/${n}`, value: new Uint8Array(3_000) }]);
    }
    const later = await store.range("/registry/things/", "/registry/things0", { revision: 400 });
    assert.deepEqual(later.entries, (expected as { entries: unknown }).entries);
    await store.close();
    await (await openDiskStore(directory)).close();
    return false;
  } catch (error) {
    await store?.close();
    if (error instanceof Damaged) return true;
    throw error;
  }
}

async function everythingIn(store: Store): Promise<unknown> {
  const { entries } = await store.range("/", "0");
  const abort = new AbortController();
  const events: StoreEvent[] = [];
  const options = { afterRevision: COMPACTED_TO, signal: abort.signal };
  for await (const batch of store.watch("/", "0", options)) {
    events.push(...batch.events);
    if (batch.revision >= store.revision) abort.abort();
  }
  return { revision: store.revision, entries, events };
}
