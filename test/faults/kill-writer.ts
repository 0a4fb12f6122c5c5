/**
 * For `kills.ts`: opens the store in a directory, writes to it without end, many commits at a time, and says on stdout
 * what was acknowledged, one JSON line each. It waits for somebody to kill it.
 */
import { writeSync } from "node:fs";
import { seededRandom } from "#base/random";
import { openDiskStore } from "#store/disk/disk-store";
import type { Change } from "#store/store";

const WRITERS = 16;
const KEYS = 40;
const VALUE_BYTES_MAX = 6_000;
const CHANGES_MAX = 3;

/** One change, with the text of a put. */
export interface Said {
  readonly type: "put" | "delete";
  readonly key: string;
  readonly value?: string;
}

/** What the writer says: first how far it found the store, then every commit that was acknowledged. */
export type Line =
  | { readonly opened: number }
  | { readonly revision: number; readonly changes: readonly Said[] };

const [directory = "", seed = "0"] = process.argv.slice(2);
const random = seededRandom(Number(seed));
const say = (line: Line): void => void writeSync(1, `${JSON.stringify(line)}\n`);

const store = await openDiskStore(directory);
const opened = store.revision;
say({ opened });

/** The value names its write and has a length that says so too. */
function change(key: string, name: string): Said {
  if (random.below(5) === 0) return { type: "delete", key };
  return { type: "put", key, value: name.padEnd(random.below(VALUE_BYTES_MAX), ".") };
}

function changesOf(name: string): Said[] {
  const count = random.below(6) === 0 ? CHANGES_MAX : 1;
  const keys = new Set(Array.from({ length: count }, () => `/kills/${random.below(KEYS)}`));
  return [...keys].map((key) => change(key, name));
}

const asChange = ({ type, key, value = "" }: Said): Change =>
  type === "put" ? { type, key, value: Buffer.from(value) } : { type, key };

async function write(writer: number): Promise<never> {
  for (let n = 0; ; n++) {
    const changes = changesOf(`${seed}-${writer}-${n}`);
    const { revision } = await store.commit([], changes.map(asChange));
    say({ revision, changes });
    if (random.below(200) === 0) await store.compact(opened);
  }
}

await Promise.all(Array.from({ length: WRITERS }, (_, writer) => write(writer)));
