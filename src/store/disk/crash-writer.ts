/**
 * For `crash.test.ts`: writes to the store in a directory without end, many commits at a time, and says on
 * stdout what was acknowledged, one JSON line each. It waits for somebody to kill it.
 */
import { writeSync } from "node:fs";
import { seededRandom } from "#base/random";
import type { Change } from "../store.ts";
import { openDiskStore } from "./disk-store.ts";

const WRITERS = 16;
const KEYS = 40;
const VALUE_BYTES_MAX = 6_000;

/** What the child says of one commit. */
export interface Acknowledged {
  readonly revision: number;
  readonly type: "put" | "delete";
  readonly key: string;
  readonly value?: string;
}

const [directory = "", seed = "0"] = process.argv.slice(2);
const random = seededRandom(Number(seed));
const say = (line: Acknowledged | { readonly opened: number }): void =>
  void writeSync(1, `${JSON.stringify(line)}\n`);

const store = await openDiskStore(directory);
const opened = store.revision;
say({ opened });

/** The value names its write and has a length that says so too. */
function change(name: string): Change {
  const key = `/crash/${random.below(KEYS)}`;
  if (random.below(5) === 0) return { type: "delete", key };
  return { type: "put", key, value: Buffer.from(name.padEnd(random.below(VALUE_BYTES_MAX), ".")) };
}

async function write(writer: number): Promise<never> {
  for (let n = 0; ; n++) {
    const made = change(`${seed}-${writer}-${n}`);
    const before = store.revision;
    const { revision } = await store.commit([], [made]);
    const value = made.type === "put" ? Buffer.from(made.value).toString() : undefined;
    // A delete of a missing key is acknowledged without a revision of its own.
    if (value !== undefined || revision > before) say({ revision, type: made.type, key: made.key, value });
    if (random.below(200) === 0) await store.compact(opened);
  }
}

await Promise.all(Array.from({ length: WRITERS }, (_, writer) => write(writer)));
