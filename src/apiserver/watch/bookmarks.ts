import type { Clock } from "#base/clock";
import type { Scope } from "#base/scope";
import type { Limits } from "../limits.ts";
import type { Feed } from "./feed.ts";

/**
 * Tells watchers now and then how far the world has come, so that they can go on from there, and lets go of objects that
 * nobody reads any more.
 */
export function keepBookmarking(scope: Scope, clock: Clock, feed: Feed, { bookmarkMs }: Limits): void {
  let cancel = () => undefined as void;
  const next = () => {
    cancel = clock.after(bookmarkMs, () => {
      for (const cache of feed.caches) {
        cache.forgetUnused();
        if (cache.watcherCount > 0) cache.bookmark(feed.revision);
      }
      next();
    });
  };
  next();
  scope.defer(() => {
    cancel();
    for (const cache of feed.caches) cache.endWatches();
  });
}
