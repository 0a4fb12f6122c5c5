import type { AnyManagedFields, AnyObject, Resource } from "#machinery/schema";
import { asJson } from "./as-json.ts";
import { type Comparison, compare } from "./compare.ts";
import { EMPTY, type FieldSet, isEmpty, union } from "./field-set.ts";
import { decodeOwners, encodeOwners, type Owner, sameOwner, without, type Writer } from "./managed-fields.ts";
import { rootNode } from "./merge-node.ts";
import { type Versions, compareInVersions } from "./versions.ts";

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
 * Knows one version: who wrote in another one has nothing afterwards.
 */
export function trackUpdate(update: Update): readonly AnyManagedFields[] {
  const entries = entriesOf(update);
  const { changed, removed } = changesOf(update);
  if (isEmpty(changed) && isEmpty(removed)) return entries;
  const writer = writerOf(update);
  const owners = decodeOwners(entries).filter(({ apiVersion }) => apiVersion === writer.apiVersion);
  const others = owners.filter((owner) => !sameOwner(owner, writer));
  return encodeOwners([
    ...without(without(others, removed), changed),
    updated(update, writer, owners, { changed, removed }),
  ]);
}

/**
 * As `trackUpdate`, where managers wrote in several versions: each of them loses what has changed as its own version
 * shows it, and everything when its version is gone. `onFailure`: a version cannot be told at the moment; who wrote in
 * it keeps what it has.
 */
export async function trackUpdateAcross(
  update: Update,
  versions: Versions,
  onFailure: (apiVersion: string, error: unknown) => void,
): Promise<readonly AnyManagedFields[]> {
  const { resource, before, after } = update;
  const entries = entriesOf(update);
  const comparison = changesOf(update);
  if (isEmpty(comparison.changed) && isEmpty(comparison.removed)) return entries;
  const writer = writerOf(update);
  const owners = decodeOwners(entries);
  const others = owners.filter((owner) => !sameOwner(owner, writer));
  const found = await compareInVersions(others, resource, before, after, versions, onFailure);
  const left = others.flatMap((owner) => {
    const seen = found.get(owner.apiVersion);
    return seen ? without(without([owner], seen.removed), seen.changed) : [];
  });
  return encodeOwners([...left, updated(update, writer, owners, comparison)]);
}

/**
 * The managed fields that an update starts from: those that were sent, or else those that are there. One entry that says
 * nothing takes them all away. Subresources say nothing about them.
 */
export function entriesOf({
  before,
  after,
  subresource,
}: Pick<Update, "before" | "after" | "subresource">): readonly AnyManagedFields[] {
  const sent = after.metadata.managedFields;
  if (!sent || sent.length === 0 || subresource !== "") return before.metadata.managedFields ?? [];
  return sent.length === 1 && Object.keys(sent[0]!).length === 0 ? [] : sent;
}

const changesOf = ({ resource, before, after }: Update): Comparison =>
  compare(rootNode(resource.schema), asJson(before), asJson(after));

const writerOf = ({ manager, resource, subresource }: Update): Writer => ({
  manager,
  operation: "Update",
  apiVersion: resource.apiVersion,
  subresource,
});

function updated(
  { now }: Update,
  writer: Writer,
  owners: readonly Owner[],
  { changed, removed }: Comparison,
): Owner {
  const own = owners.find((owner) => sameOwner(owner, writer)) ?? newOwner(writer);
  const fields = without([own], removed)[0]!.fields;
  return { ...writer, time: now, fields: union(fields, changed) };
}

const newOwner = (writer: Writer): Owner => ({ ...writer, time: undefined, fields: EMPTY as FieldSet });
