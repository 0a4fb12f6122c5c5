import type { Handler, SubresourceHandlers } from "./request/dispatch.ts";
import type { ConnectHandler, PathHandler } from "./request/handlers.ts";
import { PathTable } from "./request/path-table.ts";
import { bind } from "./rest/subresources/binding.ts";
import { evict } from "./rest/subresources/eviction.ts";
import { partSubresources } from "./rest/subresources/parts.ts";

/** What rooms may add to the tables. */
export interface AddedHandlers {
  /** By `apiVersion/Kind`, for kinds that are asked and not stored. */
  readonly reviews?: ReadonlyMap<string, Handler>;
  /** By `group/resource/subresource`; the core group goes without its name: `serviceaccounts/token`. */
  readonly subresources?: ReadonlyMap<string, SubresourceHandlers>;
  /** As `subresources`: those that take their connection over, such as `pods/exec`. */
  readonly connects?: ReadonlyMap<string, ConnectHandler>;
  readonly paths?: ReadonlyMap<string, PathHandler>;
}

/** Who answers what no verb does by itself. */
export class HandlerTables {
  readonly reviews = new Map<string, Handler>([["v1/Binding", bind]]);
  readonly subresources = new Map<string, SubresourceHandlers>([
    ...partSubresources,
    ["pods/binding", { create: bind }],
    ["pods/eviction", { create: evict }],
  ]);
  readonly connects = new Map<string, ConnectHandler>();
  readonly paths = new PathTable();

  /** What is added takes the place of what was there. */
  add({ reviews, subresources, connects, paths }: AddedHandlers): void {
    for (const [key, handler] of reviews ?? []) this.reviews.set(key, handler);
    for (const [key, handlers] of subresources ?? []) this.subresources.set(key, handlers);
    for (const [key, handler] of connects ?? []) this.connects.set(key, handler);
    for (const [path, handler] of paths ?? []) this.paths.add(path, handler);
  }
}
