import { attempt } from "#base/attempt";
import type { Clock } from "#base/clock";
import { logger } from "#base/log";
import type { Scope } from "#base/scope";
import { sleep } from "#base/clock";
import type { Store } from "#store/store";

const log = logger("apiserver.compactor");

/** History is kept for at least this long, so that watches and paged lists can go on where they were. */
const KEEP_MS = 5 * 60_000;
/** Servers agree by it whose turn it is; those of other makes do, too. Not below the root: it is no object. */
const TURN_KEY = "compact_rev_key";

/**
 * Has the store forget history that is older than `keepMs`, by default five minutes, as long as the scope is open. Of
 * several servers on one store, one does it each time.
 */
export function keepCompact(store: Store, clock: Clock, scope: Scope, keepMs = KEEP_MS): void {
  scope.run(async (signal) => {
    const turns = store.isShared ? new Turns(store) : undefined;
    let older = store.revision;
    for (;;) {
      await sleep(clock, keepMs, { signal });
      const failure = await attempt(async () => {
        const newer = await store.latest();
        if (!turns || (await turns.take(older))) await store.compact(older);
        older = newer;
      });
      if (failure && !signal.aborted) log.warn("history not compacted", { revision: older, error: failure });
    }
  });
}

/** Whose turn it is: of those that have seen the last turn, the first to write the next one. */
class Turns {
  readonly #store: Store;
  #seen = 0;

  constructor(store: Store) {
    this.#store = store;
  }

  async take(revision: number): Promise<boolean> {
    const result = await this.#store.commit(
      [{ key: TURN_KEY, modRevision: this.#seen }],
      [{ type: "put", key: TURN_KEY, value: Buffer.from(String(revision)) }],
    );
    this.#seen = result.succeeded ? result.revision : (result.entries[0]?.modRevision ?? 0);
    return result.succeeded;
  }
}
