import { present } from "#base/assert";
import type { Random } from "#base/random";
import type { Limits } from "../limits.ts";
import type { Answer, Operation } from "../request/operation.ts";
import type { WatchStart } from "../watch/kind-cache.ts";
import type { WatchSink } from "../watch/subscription.ts";
import { listQueryOf, revisionOf } from "./query.ts";
import { selectionOf } from "./selection.ts";

/** A watch of a selection, from a revision, from what is there now, or from the start of a list. */
export async function watch({ kind, info }: Operation, limits: Limits, random: Random): Promise<Answer> {
  const storage = present(kind.storage, "storage of a watched kind");
  const query = listQueryOf(info.query, true);
  const namespace = kind.resource.namespaced ? info.namespace : "";
  const selection = selectionOf(kind, namespace, info.name, query);
  const { resourceVersion, sendInitialEvents } = query;
  const revision =
    resourceVersion === "" || resourceVersion === "0" ? 0 : revisionOf(resourceVersion, kind.groupResource);

  // A watch that starts with the state shows at least what had been written when it was asked for.
  if (sendInitialEvents) {
    const wait =
      revision > 0
        ? storage.feed.reach(revision, limits.freshnessMs)
        : resourceVersion === ""
          ? storage.fresh()
          : undefined;
    await wait;
  } else if (resourceVersion === "") await storage.fresh();
  else if (revision > storage.feed.revision) await storage.assertHappened(revision);

  const start: WatchStart =
    sendInitialEvents || (sendInitialEvents === undefined && revision === 0)
      ? { type: "state", announceEnd: sendInitialEvents === true && query.allowWatchBookmarks }
      : { type: "after", revision: revision === 0 ? storage.feed.revision : revision };
  // Now, while there is still a Status to answer with: later the client only sees its stream end.
  storage.cache.checkStart(start);
  storage.cache.checkReadable(selection);
  return {
    type: "watch",
    kind,
    watch: {
      timeoutMs: timeoutOf(query.timeoutSeconds, limits, random),
      start(sink: WatchSink) {
        const at = { revision: storage.feed.revision, bookmarks: query.allowWatchBookmarks };
        const subscription = storage.cache.watch(selection, start, at, sink);
        return { resume: () => subscription.resume(), end: () => subscription.end() };
      },
    },
  };
}

/** Spread, so that not all clients come back at the same moment. */
const timeoutOf = (seconds: number | undefined, { watchTimeoutMs }: Limits, random: Random): number =>
  seconds !== undefined && seconds > 0 ? seconds * 1000 : watchTimeoutMs * (1 + random.next());
