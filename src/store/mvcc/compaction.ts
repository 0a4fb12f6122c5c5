import type { History } from "./history.ts";
import type { KeyIndex } from "./key-index.ts";
import type { Version } from "./version.ts";

/**
 * Forgets the history up to `revision`, at most about `limit` records of it: of every key stays what a reader
 * at `revision` sees, and all that is newer. Answers the versions that nobody can reach any more.
 */
export function forgetHistory(index: KeyIndex, history: History, revision: number, limit: number): Version[] {
  const removed: Version[] = [];
  while (history.oldest <= Math.min(revision, history.newest) && removed.length < limit) {
    for (const version of history.at(history.oldest)) {
      if (version.older) removed.push(version.older);
      version.older = undefined;
      // A deletion with something newer above it goes when that one is passed.
      if (!version.deleted || index.get(version.key) !== version) continue;
      removed.push(version);
      index.delete(version.key);
    }
    history.dropOldest();
  }
  return removed;
}
