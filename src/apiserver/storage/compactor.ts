import type { Clock } from "#base/clock";
import { logger } from "#base/log";
import type { Scope } from "#base/scope";
import { sleep } from "#base/clock";
import type { Store } from "#store/store";

const log = logger("apiserver.compactor");

/** History is kept for at least this long, so that watches and paged lists can go on where they were. */
const KEEP_MS = 5 * 60_000;

/** Has the store forget history that is older than `keepMs`, by default five minutes, as long as the scope is open. */
export function keepCompact(store: Store, clock: Clock, scope: Scope, keepMs = KEEP_MS): void {
  scope.run(async (signal) => {
    let older = store.revision;
    for (;;) {
      await sleep(clock, keepMs, { signal });
      const newer = store.revision;
      await store
        .compact(older)
        .catch((error: unknown) => log.warn("history not compacted", { revision: older, error }));
      older = newer;
    }
  });
}
