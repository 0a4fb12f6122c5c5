import { createHash } from "node:crypto";
import type { Entry, Store } from "./store.ts";

const PAGE_ENTRIES = 500;
/** After the last key there can be. */
export const END_OF_KEYS = "\x7f";
/** Bytes of each hash that are added up. */
const SUM_BYTES = 6;
const SUM_MODULUS = 2 ** 48;

/** How many entries there are, and a sum over their keys and values that does not depend on their order. */
export class Tally {
  entries = 0;
  sum = 0;

  add({ key, value }: Pick<Entry, "key" | "value">): void {
    const hash = createHash("sha256").update(key, "latin1").update("\0").update(value).digest();
    this.entries++;
    this.sum = (this.sum + hash.readUIntBE(0, SUM_BYTES)) % SUM_MODULUS;
  }
}

/** All entries as of one revision. */
export async function* pagesOf(store: Store): AsyncGenerator<readonly Entry[]> {
  let revision: number | undefined;
  for (let start = "\x01"; ;) {
    const page = await store.range(start, END_OF_KEYS, { limit: PAGE_ENTRIES, revision });
    revision ??= page.revision;
    yield page.entries;
    const last = page.entries.at(-1);
    if (!last || page.count <= page.entries.length) return;
    start = `${last.key}\0`;
  }
}
