import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { seededRandom } from "#base/random";
import type { Store } from "../store.ts";
import type { Acknowledged } from "./crash-writer.ts";
import { openDiskStore } from "./disk-store.ts";

const WRITER = fileURLToPath(new URL("crash-writer.ts", import.meta.url));
const KILLS = 10;
const ACKNOWLEDGED_MAX = 400;

describe("disk store under kill -9", () => {
  it("loses nothing that was acknowledged and brings nothing back", { timeout: 120_000 }, async () => {
    const directory = mkdtempSync(join(tmpdir(), "k8ts-crash-"));
    const random = seededRandom(20_260);
    try {
      let last = 0;
      for (let round = 0; round < KILLS; round++) {
        const { opened, acknowledged } = await writeAndKill(directory, round, random.below(ACKNOWLEDGED_MAX));
        assert.equal(opened, last);
        const store = await openDiskStore(directory);
        await verify(store, last, acknowledged);
        last = store.revision;
        await store.close();
      }
      assert.ok(last > 0);
    } finally {
      rmSync(directory, { recursive: true });
    }
  });
});

/** Lets a child write until it has acknowledged so much, kills it, and answers all it has said. */
async function writeAndKill(directory: string, seed: number, enough: number) {
  const child = spawn(process.execPath, [WRITER, directory, `${seed}`], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const ended = once(child, "close");
  let opened = -1;
  const acknowledged: Acknowledged[] = [];
  for await (const line of createInterface({ input: child.stdout })) {
    const said = parse(line);
    if (said === undefined) continue;
    if ("opened" in said) opened = said.opened;
    else acknowledged.push(said);
    if (acknowledged.length >= enough) child.kill("SIGKILL");
  }
  await ended;
  return { opened, acknowledged };
}

/** The last line may be cut off in the middle. */
function parse(line: string): Acknowledged | { readonly opened: number } | undefined {
  try {
    return JSON.parse(line) as Acknowledged;
  } catch {
    return undefined;
  }
}

async function verify(store: Store, before: number, acknowledged: readonly Acknowledged[]): Promise<void> {
  const events = new Map<number, Acknowledged>();
  for (const event of await eventsAfter(store, before)) events.set(event.revision, event);
  assert.deepEqual(
    [...events.keys()],
    Array.from({ length: store.revision - before }, (_, n) => before + 1 + n),
  );
  // Two deletes of one key may be answered with one revision, which only one of them made.
  for (const said of acknowledged) {
    if (said.type === "put") assert.deepEqual(events.get(said.revision), said);
    else assert.ok(said.revision <= store.revision);
  }
  const newest = new Map<string, Acknowledged>();
  for (const event of events.values()) newest.set(event.key, event);
  for (const { key, type, revision, value } of newest.values()) {
    const { entry } = await store.get(key);
    assert.equal(entry === undefined, type === "delete");
    if (entry === undefined) continue;
    assert.equal(entry.modRevision, revision);
    assert.equal(Buffer.from(entry.value).toString(), value);
  }
}

async function eventsAfter(store: Store, afterRevision: number): Promise<Acknowledged[]> {
  const abort = new AbortController();
  const seen: Acknowledged[] = [];
  for await (const batch of store.watch("/crash/", "/crash0", { afterRevision, signal: abort.signal })) {
    const { revision } = batch;
    for (const { type, key, entry } of batch.events) {
      seen.push(
        entry ? { revision, type, key, value: Buffer.from(entry.value).toString() } : { revision, type, key },
      );
    }
    if (revision >= store.revision) abort.abort();
  }
  return seen;
}
