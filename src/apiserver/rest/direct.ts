import { present } from "#base/assert";
import type { AnyObject } from "#machinery/schema";
import { notFound, staleVersion } from "#machinery/status";
import type { ServedKind } from "../resource-set.ts";
import type { Item } from "../storage/item.ts";
import { canonical } from "./rules.ts";

const TRIES = 100;

export interface DirectChange {
  readonly kind: ServedKind;
  readonly namespace: string;
  readonly name: string;
  readonly dryRun: boolean;
  /** From the newest state; asked again when somebody else was faster. Throws to refuse. */
  change(old: AnyObject): AnyObject;
}

/** A change by the server itself, beside the rules for what clients may write. Gives the new state. */
export async function changeDirectly({ kind, namespace, name, dryRun, change }: DirectChange): Promise<Item> {
  const storage = present(kind.storage, `the storage of ${kind.resource.kind}`);
  let item = await storage.current(namespace, name);
  for (let attempt = 1; attempt <= TRIES; attempt++) {
    const changed = canonical(kind.resource, change(kind.view.object(item)));
    const made = storage.encode(kind.view.toStored(changed));
    if (dryRun || (await storage.isSettled(item, made))) return item;
    const outcome = await storage.replace(item, made);
    if (outcome.type === "written") return outcome.item;
    if (!outcome.current) throw notFound(kind.groupResource, name);
    item = outcome.current;
  }
  throw staleVersion(kind.groupResource, name);
}
