import type { AnyManagedFields, AnyObject, Resource } from "#machinery/schema";
import { asJson } from "./as-json.ts";
import { type Comparison, compare } from "./compare.ts";
import { EMPTY, type FieldSet, isEmpty, union } from "./field-set.ts";
import {
  afterChange,
  decodeOwners,
  encodeOwners,
  type Owner,
  readOwners,
  sameOwner,
  withFields,
  withoutSurplus,
  type Writer,
} from "./managed-fields.ts";
import { rootNode } from "./struct-node.ts";
import { asInSchema } from "./reconcile.ts";
import { type Versions, compareInVersions, inTheirSchemas } from "./versions.ts";

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
 * An object that nobody is known to own is not tracked until somebody applies to it. All managers have written in the
 * version of the request.
 */
export function trackUpdate(update: Update): readonly AnyManagedFields[] {
  const base = baseOf(update);
  if (isUntracked(update, base)) return [];
  const comparison = changesOf(update);
  const root = rootNode(update.resource.schema);
  const left = base.owners.map((owner) =>
    afterChange(withFields(owner, asInSchema(root, owner.fields)), comparison),
  );
  return settled(update, base, left, comparison.changed);
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
  const base = baseOf(update);
  if (isUntracked(update, base)) return [];
  const comparison = changesOf(update);
  const reconciled = inTheirSchemas(base.owners, resource, versions);
  if (isEmpty(comparison.changed) && isEmpty(comparison.removed))
    return settled(update, base, reconciled, EMPTY);
  const found = await compareInVersions(reconciled, resource, before, after, versions, onFailure);
  const left = reconciled.flatMap((owner) => {
    const seen = found.get(owner.apiVersion);
    return seen ? [afterChange(owner, seen)] : [];
  });
  return settled(update, base, left, comparison.changed);
}

/** What an update starts from. */
interface Base {
  readonly owners: readonly Owner[];
  /** The entries that are stored, where the owners are those. */
  readonly stored?: readonly AnyManagedFields[];
}

const isUntracked = ({ before }: Update, { owners }: Base): boolean =>
  owners.length === 0 && Boolean(before.metadata.uid);

/**
 * Whose managed fields an update starts from: those that were sent, or else those that are there. One entry that says
 * nothing takes them all away. Subresources say nothing about them.
 */
function baseOf({ before, after, subresource }: Update): Base {
  const { managedFields: sent = [] } = after.metadata;
  const { managedFields: stored = [] } = before.metadata;
  const known = () => ({ owners: decodeOwners(stored), stored });
  if (sent === stored || sent.length === 0 || subresource !== "") return known();
  if (sent.length === 1 && Object.keys(sent[0]!).length === 0) return { owners: [] };
  const owners = readOwners(sent);
  return owners ? { owners } : known();
}

const changesOf = ({ resource, before, after }: Update): Comparison =>
  compare(rootNode(resource.schema), asJson(before), asJson(after));

/** Only who takes something has written just now. */
function settled(
  update: Update,
  base: Base,
  owners: readonly Owner[],
  changed: FieldSet,
): readonly AnyManagedFields[] {
  if (isEmpty(changed)) {
    const isSame = owners.length === base.owners.length && owners.every((one, at) => one === base.owners[at]);
    return isSame && base.stored ? base.stored : encodeOwners(withoutSurplus(owners));
  }
  const { manager, resource, subresource, now } = update;
  const writer: Writer = { manager, operation: "Update", apiVersion: resource.apiVersion, subresource };
  const own = owners.find((owner) => sameOwner(owner, writer));
  const others = own ? owners.filter((owner) => owner !== own) : owners;
  const fields = own ? union(own.fields, changed) : changed;
  return encodeOwners(withoutSurplus([...others, { ...writer, time: now, fields }]));
}
