import { History } from "./history.ts";
import type { Recovered } from "./journal.ts";
import { KeyIndex } from "./key-index.ts";
import type { Version } from "./version.ts";

export interface Rebuilt {
  readonly index: KeyIndex;
  readonly history: History;
  /** Records that an interrupted compaction left behind. */
  readonly garbage: readonly Version[];
}

/** Builds index and history from the records of a journal. */
export function rebuild({ versions, compactRevision, revision }: Recovered): Rebuilt {
  const index = new KeyIndex();
  const history = new History(compactRevision);
  const garbage: Version[] = [];
  const deletions: Version[] = [];
  let changes: Version[] = [];
  for (const version of versions) {
    const older = index.get(version.key);
    index.set(version);
    if (version.modRevision <= compactRevision) {
      if (older) garbage.push(older);
      if (version.deleted) deletions.push(version);
      continue;
    }
    version.older = older;
    if (version.modRevision !== changes[0]?.modRevision) {
      appendChanges(history, changes);
      changes = [];
    }
    changes.push(version);
  }
  appendChanges(history, changes);
  while (history.newest < revision) history.append([]);
  for (const version of deletions) {
    if (index.get(version.key) !== version) continue;
    garbage.push(version);
    index.delete(version.key);
  }
  return { index, history, garbage };
}

function appendChanges(history: History, changes: readonly Version[]): void {
  const [first] = changes;
  if (first === undefined) return;
  while (history.newest < first.modRevision - 1) history.append([]);
  history.append(changes);
}
