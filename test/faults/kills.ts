/**
 * Kills a process that writes to the disk store, again and again, at moments that chance chooses, and looks at what is
 * there afterwards. Run: `node test/faults/kills.ts [--count N] [--seed N] [--directory DIR]`.
 */
import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { build } from "esbuild";
import { type Random, seededRandom } from "#base/random";
import { openDiskStore } from "#store/disk/disk-store";
import type { Entry, Store } from "#store/store";
import type { Line, Said } from "./kill-writer.ts";

const WRITER = fileURLToPath(new URL("kill-writer.ts", import.meta.url));
/** Of every so many rounds, one ends before the store is open. */
const EARLY = 10;
const EARLY_MS_MAX = 150;
/** The others end after fewer acknowledged commits than this. */
const ACKNOWLEDGED_MAX = 400;
const START = "/kills/";
const END = "/kills0";

export interface KillsOptions {
  readonly count: number;
  readonly seed: number;
  /** Everything that is written is below it. */
  readonly directory: string;
}

export interface KillsReport {
  readonly acknowledged: number;
  readonly revision: number;
  /** Of the data file, at the end. */
  readonly fileBytes: number;
  /** Longest time that it took to open the store after a kill, with everything that is checked then. */
  readonly openMsMax: number;
}

/** Throws an AssertionError when anything acknowledged was lost, or anything else was found. */
export async function killAgainAndAgain({ count, seed, directory }: KillsOptions): Promise<KillsReport> {
  const program = await bundled(directory);
  const data = join(directory, "data");
  const random = seededRandom(seed);
  const model = new Map<string, Entry>();
  let [last, acknowledged, openMsMax] = [0, 0, 0];
  for (let round = 0; round < count; round++) {
    const said = await writeAndKill(program, data, seed * 1_000_003 + round, random);
    assert.ok(
      said.opened === undefined || said.opened === last,
      `round ${round} found the store as it was left`,
    );
    const startedMs = performance.now();
    const store = await openDiskStore(data);
    openMsMax = Math.max(openMsMax, performance.now() - startedMs);
    await checkHistory(store, last, said.commits, model);
    await checkState(store, model);
    last = store.revision;
    acknowledged += said.commits.length;
    await store.close();
  }
  return { acknowledged, revision: last, fileBytes: statSync(join(data, "store.mdb")).size, openMsMax };
}

/** One file, so that a process starts quickly. */
async function bundled(directory: string): Promise<string> {
  const outfile = join(directory, "kill-writer.mjs");
  await build({
    entryPoints: [WRITER],
    outfile,
    bundle: true,
    platform: "node",
    format: "esm",
    logLevel: "error",
    plugins: [
      {
        // Packages with binaries stay where they are.
        name: "binaries",
        setup: ({ onResolve }) =>
          onResolve({ filter: /^(lmdb|koffi)$/ }, ({ path }) => ({
            path: import.meta.resolve(path),
            external: true,
          })),
      },
    ],
  });
  return outfile;
}

interface Round {
  /** Undefined when it was killed before the store was open. */
  readonly opened: number | undefined;
  readonly commits: readonly Exclude<Line, { readonly opened: number }>[];
}

async function writeAndKill(program: string, data: string, seed: number, random: Random): Promise<Round> {
  const child = spawn(process.execPath, [program, data, `${seed}`], { stdio: ["ignore", "pipe", "inherit"] });
  const ended = once(child, "close");
  const isEarly = random.below(EARLY) === 0;
  const enough = random.below(ACKNOWLEDGED_MAX);
  const timer = isEarly ? setTimeout(() => kill(child), random.below(EARLY_MS_MAX)) : undefined;
  let opened: number | undefined;
  const commits: Round["commits"][number][] = [];
  for await (const text of createInterface({ input: child.stdout })) {
    const line = parse(text);
    if (line === undefined) continue;
    if ("opened" in line) opened = line.opened;
    else commits.push(line);
    if (commits.length >= enough) kill(child);
  }
  clearTimeout(timer);
  await ended;
  assert.equal(child.signalCode, "SIGKILL", "nothing but us ended the writer");
  return { opened, commits };
}

const kill = (child: ChildProcess): void => void child.kill("SIGKILL");

/** The last line may be cut off in the middle. */
function parse(text: string): Line | undefined {
  try {
    return JSON.parse(text) as Line;
  } catch {
    return undefined;
  }
}

/** Every revision since the last look is there, whole, and says what was acknowledged of it. */
async function checkHistory(
  store: Store,
  before: number,
  commits: Round["commits"],
  model: Map<string, Entry>,
): Promise<void> {
  const history = new Map<number, readonly Said[]>();
  await eachRevision(store, before, (revision, changes) => {
    assert.equal(revision, before + history.size + 1, "revisions follow each other");
    history.set(revision, changes.map(saidOf));
    for (const { key, entry } of changes) {
      if (entry) model.set(key, entry);
      else model.delete(key);
    }
  });
  assert.equal(before + history.size, store.revision);
  for (const { revision, changes } of commits) {
    assert.ok(revision > before || !changes.some(({ type }) => type === "put"), `${revision} is new`);
    assert.ok(
      revision <= store.revision,
      `${revision} was acknowledged, and the store ends with ${store.revision}`,
    );
    // Deletions of what is not there are acknowledged, and change nothing.
    const puts = changes.filter(({ type }) => type === "put");
    if (puts.length === 0) continue;
    const kept = history.get(revision) ?? [];
    assert.deepEqual(
      kept.filter(({ type }) => type === "put"),
      puts,
    );
    for (const { key } of kept) assert.ok(changes.some((change) => change.key === key));
  }
}

type Changes = readonly { readonly key: string; readonly entry: Entry | undefined }[];

const saidOf = ({ key, entry }: Changes[number]): Said =>
  entry ? { type: "put", key, value: Buffer.from(entry.value).toString() } : { type: "delete", key };

async function eachRevision(
  store: Store,
  afterRevision: number,
  look: (revision: number, changes: Changes) => void,
): Promise<void> {
  if (store.revision === afterRevision) return;
  const abort = new AbortController();
  for await (const { revision, events } of store.watch(START, END, { afterRevision, signal: abort.signal })) {
    if (events.length > 0) look(revision, events);
    if (revision >= store.revision) abort.abort();
  }
}

/** Exactly what the history adds up to: nothing is missing, and nothing has come back. */
async function checkState(store: Store, model: ReadonlyMap<string, Entry>): Promise<void> {
  const { entries } = await store.range(START, END);
  const plain = ({ key, value, modRevision, createRevision }: Entry) => ({
    key,
    modRevision,
    createRevision,
    value: Buffer.from(value).toString(),
  });
  const expected = [...model.values()].toSorted((a, b) => (a.key < b.key ? -1 : 1));
  assert.deepEqual(entries.map(plain), expected.map(plain));
}

if (import.meta.main) {
  const { values } = parseArgs({
    options: {
      count: { type: "string", default: "1000" },
      seed: { type: "string", default: "1" },
      directory: { type: "string" },
    },
  });
  const directory = values.directory ?? mkdtempSync(join(tmpdir(), "k8ts-kills-"));
  const startedMs = performance.now();
  const report = await killAgainAndAgain({
    count: Number(values.count),
    seed: Number(values.seed),
    directory,
  });
  console.log(JSON.stringify({ ...report, seconds: Math.round((performance.now() - startedMs) / 1000) }));
  if (!values.directory) rmSync(directory, { recursive: true });
}
