import { present } from "#base/assert";
import type { Limits } from "../limits.ts";
import type { Answer, Operation } from "../request/operation.ts";
import type { Item } from "../storage/item.ts";
import { revisionOf } from "./query.ts";

/** One object: the newest, or one not older than the asked resourceVersion. */
export function get({ kind, info }: Operation, limits: Limits): Answer | Promise<Answer> {
  const storage = present(kind.storage, "storage of a read kind");
  const namespace = kind.resource.namespaced ? info.namespace : "";
  const version = info.query.get("resourceVersion") ?? "";
  const answer = (item: Item): Answer => ({ type: "item", code: 200, kind, item });
  if (version !== "" && version !== "0") {
    const wait = storage.feed.reach(revisionOf(version, kind.groupResource), limits.freshnessMs);
    if (wait) return wait.then(() => storage.current(namespace, info.name)).then(answer);
  }
  const item = storage.read(namespace, info.name);
  return item instanceof Promise ? item.then(answer) : answer(item);
}
