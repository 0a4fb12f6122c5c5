/** Brings what is stored into the form that the configuration asks for now. */
import { attempt } from "#base/attempt";
import { logger } from "#base/log";
import { type Entry, prefixEnd, type Store } from "#store/store";
import type { Encryption } from "./encryption.ts";

const log = logger("apiserver.encryption");

const PAGE_ENTRIES = 100;

/**
 * Writes every value of built-in kinds again that was not written with the first key of the first provider; nothing
 * else about it changes. Whoever writes the same object meanwhile has done it already. `store` has them as they are.
 * What goes wrong is logged: the next start tries again, and so does everybody who writes such an object.
 */
export async function rewriteStale(
  store: Store,
  encryption: Encryption,
  { signal }: { readonly signal: AbortSignal },
): Promise<void> {
  let written = 0;
  let unreadable = 0;
  let problem: { readonly key: string; readonly error: Error } | undefined;
  const failure = await attempt(async () => {
    for (const prefix of encryption.prefixes) {
      for await (const entry of entriesBelow(store, prefix, signal)) {
        const error = await attempt(async () => {
          if (await rewrite(store, encryption, entry)) written++;
        });
        if (error) {
          unreadable++;
          problem ??= { key: entry.key, error };
        }
      }
    }
  });
  if (signal.aborted) return;
  if (failure)
    log.warn("not all values were looked at for the encryption that is in force", { error: failure });
  if (written > 0) log.info("values were written anew for the encryption that is in force", { written });
  if (problem) log.warn("values cannot be read or written anew", { count: unreadable, first: problem });
}

async function rewrite(store: Store, encryption: Encryption, entry: Entry): Promise<boolean> {
  const { key, value, modRevision, lease } = entry;
  const { providers } = encryption.of(key)!;
  const { bytes, stale } = await providers.open(value, key);
  if (!stale) return false;
  const change = { type: "put", key, value: providers.seal(bytes, key), lease } as const;
  return (await store.commit([{ key, modRevision }], [change])).succeeded;
}

async function* entriesBelow(store: Store, prefix: string, signal: AbortSignal): AsyncGenerator<Entry> {
  for (let start = prefix; ;) {
    const { entries, count } = await store.range(start, prefixEnd(prefix), { limit: PAGE_ENTRIES, signal });
    yield* entries;
    if (count <= entries.length) return;
    start = `${entries.at(-1)!.key}\0`;
  }
}
