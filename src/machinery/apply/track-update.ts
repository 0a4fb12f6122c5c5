import type { AnyManagedFields, AnyObject, Resource } from "#machinery/schema";
import type { JsonObject } from "../patch/merge-patch.ts";
import { compare } from "./compare.ts";
import { EMPTY, type FieldSet, isEmpty, union } from "./field-set.ts";
import { decodeOwners, encodeOwners, type Owner, sameOwner, without, type Writer } from "./managed-fields.ts";
import { rootNode } from "./merge-node.ts";

export interface Update {
  readonly resource: Resource;
  /** The state before; for a create, what an object of the kind looks like when nothing is said. */
  readonly before: AnyObject;
  /** The state to be stored. Its own `managedFields` are the base when there are any. */
  readonly after: AnyObject;
  readonly manager: string;
  readonly subresource: string;
  /** RFC 3339. */
  readonly now: string;
}

/**
 * The managed fields after a write that is no apply: what it changed belongs to its manager now, and to nobody else.
 */
export function trackUpdate({
  resource,
  before,
  after,
  manager,
  subresource,
  now,
}: Update): readonly AnyManagedFields[] {
  const sent = after.metadata.managedFields;
  const entries = sent && sent.length > 0 ? sent : (before.metadata.managedFields ?? []);
  const { changed, removed } = compare(rootNode(resource.schema), asJson(before), asJson(after));
  if (isEmpty(changed) && isEmpty(removed)) return entries;
  const writer: Writer = { manager, operation: "Update", apiVersion: resource.apiVersion, subresource };
  const owners = decodeOwners(entries);
  const others = owners.filter((owner) => !sameOwner(owner, writer));
  const own = owners.find((owner) => sameOwner(owner, writer));
  const fields = without([own ?? newOwner(writer)], removed)[0]!.fields;
  const updated: Owner = { ...writer, time: now, fields: union(fields, changed) };
  return encodeOwners([...without(without(others, removed), changed), updated]);
}

const newOwner = (writer: Writer): Owner => ({ ...writer, time: undefined, fields: EMPTY as FieldSet });

/** An object of a kind, seen as the JSON that it is. */
export const asJson = (object: AnyObject): JsonObject => object as unknown as JsonObject;
