import { present } from "#base/assert";
import { badRequest, expired } from "#machinery/status";
import { Compacted, FutureRevision, prefixEnd } from "#store/store";
import type { Limits } from "../limits.ts";
import type { Answer, ListPageMeta, Operation } from "../request/operation.ts";
import type { ServedKind } from "../resource-set.ts";
import type { Item } from "../storage/item.ts";
import type { KindStorage } from "../storage/kind-storage.ts";
import type { Selection } from "../watch/scope.ts";
import { decodeContinue, encodeContinue, expiredContinue } from "./continue-token.ts";
import { type ListQuery, listQueryOf, revisionOf } from "./query.ts";
import { selectionOf } from "./selection.ts";

/** Entries of one read of an older state. */
const HISTORY_PAGE = 1000;

/** A list: the newest state, one not older than asked for, or exactly that of a revision. */
export async function list({ kind, info }: Operation, limits: Limits): Promise<Answer> {
  const storage = present(kind.storage, "storage of a listed kind");
  const query = listQueryOf(info.query, false);
  const namespace = kind.resource.namespaced ? info.namespace : "";
  const selection = selectionOf(kind, namespace, "", query);
  if (query.continue !== "") return goOn(kind, storage, selection, query);
  if (query.resourceVersionMatch === "Exact") {
    const revision = revisionOf(query.resourceVersion, kind.groupResource);
    return exactly(kind, storage, selection, query, revision, "");
  }
  const wait = waitFor(kind, storage, query, namespace, limits);
  if (wait) await wait;
  return pageOf(kind, storage, query, storage.select(selection), storage.feed.revision);
}

function waitFor(
  kind: ServedKind,
  storage: KindStorage,
  { resourceVersion }: ListQuery,
  namespace: string,
  limits: Limits,
): Promise<void> | undefined {
  if (resourceVersion === "") return storage.fresh(namespace);
  if (resourceVersion === "0") return undefined;
  return storage.feed.reach(revisionOf(resourceVersion, kind.groupResource), limits.freshnessMs);
}

/** The next page of a list that has begun. */
async function goOn(
  kind: ServedKind,
  storage: KindStorage,
  selection: Selection,
  query: ListQuery,
): Promise<Answer> {
  // The first page has settled it.
  if (query.resourceVersion !== "" && query.resourceVersion !== "0")
    throw badRequest("specifying resource version is not allowed when using continue");
  const { revision, startKey } = decodeContinue(query.continue, storage.cache.prefix);
  if (revision > 0) return exactly(kind, storage, selection, query, revision, startKey);
  await storage.fresh();
  return pageOf(kind, storage, query, storage.select(selection, startKey), storage.feed.revision);
}

async function exactly(
  kind: ServedKind,
  storage: KindStorage,
  selection: Selection,
  query: ListQuery,
  revision: number,
  startKey: string,
): Promise<Answer> {
  const { cache, feed } = storage;
  // Nothing of this kind has changed since: the newest state is the asked one.
  if (cache.changedAt <= revision && revision <= feed.revision) {
    return pageOf(kind, storage, query, storage.select(selection, startKey), revision);
  }
  const { items, total } = await history(storage, selection, revision, startKey, query.limit);
  return pageOf(kind, storage, query, items, revision, total);
}

async function history(
  storage: KindStorage,
  { namespace, name, matches }: Selection,
  revision: number,
  startKey: string,
  limit: number,
): Promise<{ items: readonly Item[]; total: number }> {
  const { prefix } = storage.cache;
  const first = namespace === "" ? prefix : `${prefix}${namespace}/`;
  const from = startKey > first ? startKey : first;
  const found: Item[] = [];
  let total = 0;
  const enough = limit === 0 ? Infinity : limit + 1;
  try {
    for (let start = from; found.length < enough;) {
      const { items, count } = await storage.rangeAt(start, prefixEnd(first), revision, HISTORY_PAGE);
      total ||= count;
      found.push(
        ...items.filter(
          (item) => (!matches || matches(item)) && (name === "" || item.key.endsWith(`/${name}`)),
        ),
      );
      if (items.length < HISTORY_PAGE) break;
      start = `${items.at(-1)!.key}\0`;
    }
    return { items: found, total };
  } catch (error) {
    if (error instanceof Compacted) {
      throw startKey === ""
        ? expired("The resourceVersion for the provided list is too old.")
        : expiredContinue(startKey, prefix);
    }
    if (error instanceof FutureRevision)
      throw expired("The resourceVersion for the provided list is too new.");
    throw error;
  }
}

/** The first `limit` of the items, and where to go on. */
function pageOf(
  kind: ServedKind,
  { cache }: KindStorage,
  { limit, labelSelector, fieldSelector }: ListQuery,
  items: readonly Item[],
  revision: number,
  total = items.length,
): Answer {
  const resourceVersion = String(revision);
  if (limit <= 0 || items.length <= limit) return { type: "list", kind, meta: { resourceVersion }, items };
  const page = items.slice(0, limit);
  const meta: ListPageMeta = {
    resourceVersion,
    continue: encodeContinue(page.at(-1)!.key, cache.prefix, revision),
    ...(labelSelector === "" && fieldSelector === "" ? { remainingItemCount: total - limit } : {}),
  };
  return { type: "list", kind, meta, items: page };
}
