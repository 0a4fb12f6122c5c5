import { present } from "#base/assert";
import { hasReason } from "#machinery/status";
import type { Answer, Operation } from "../request/operation.ts";
import type { Item } from "../storage/item.ts";
import { removalOf } from "./delete-options.ts";
import { removeItem } from "./delete.ts";
import type { RestDeps } from "./deps.ts";
import { listQueryOf } from "./query.ts";
import { selectionOf } from "./selection.ts";

/** Objects that are on their way out at the same time. */
const AT_ONCE = 32;

/** DELETE of all that a list would give. Objects that go by themselves meanwhile are no error. */
export async function removeCollection(op: Operation, deps: RestDeps): Promise<Answer> {
  const { kind, info } = op;
  const storage = present(kind.storage, "storage of a deleted kind");
  const query = listQueryOf(info.query, false);
  const removal = removalOf(op, deps);
  const selection = selectionOf(kind, kind.resource.namespaced ? info.namespace : "", "", query);
  await storage.fresh();
  const items = storage.select(selection);
  const chosen = query.limit > 0 ? items.slice(0, query.limit) : items;
  const queue = chosen[Symbol.iterator]();
  const gone: Item[] = [];
  const work = async () => {
    for (const item of queue) {
      try {
        const { namespace = "", name } = kind.view.object(item).metadata;
        await removeItem({ ...op, info: { ...info, namespace, name } }, deps, removal, item);
        gone.push(item);
      } catch (error) {
        if (!hasReason(error, "NotFound")) throw error;
      }
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, work));
  return {
    type: "list",
    kind,
    meta: { resourceVersion: String(storage.feed.revision) },
    items: gone.sort((a, b) => (a.key < b.key ? -1 : 1)),
  };
}
