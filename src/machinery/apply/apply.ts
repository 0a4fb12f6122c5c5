import type { AnyManagedFields, AnyObject, Resource } from "#machinery/schema";
import { sameJson } from "../same-json.ts";
import type { JsonObject } from "../patch/merge-patch.ts";
import { withoutAbandonedAcross } from "./abandoned.ts";
import { asJson } from "./as-json.ts";
import { appliedFields } from "./collect.ts";
import { type Comparison, compare } from "./compare.ts";
import { type Conflict, applyConflict, conflictsWith } from "./conflicts.ts";
import { difference, type FieldSet, isEmpty, unionOf } from "./field-set.ts";
import { ownByLastApplied, withLastApplied } from "./last-applied.ts";
import {
  afterChange,
  decodeOwners,
  encodeOwners,
  type Owner,
  sameOwner,
  withFields,
  type Writer,
} from "./managed-fields.ts";
import { mergeApplied } from "./merge.ts";
import { rootNode } from "./struct-node.ts";
import { hasFilled } from "./filled.ts";
import { withoutAbandoned } from "./prune.ts";
import { asInSchema } from "./reconcile.ts";
import { compareInVersions, inTheirSchemas, type Versions } from "./versions.ts";

export interface Apply {
  readonly resource: Resource;
  /** The stored object; for one that does not exist, what the kind looks like when nothing is said. */
  readonly live: AnyObject;
  /** What the kind looks like when nothing is said. */
  readonly empty: AnyObject;
  /** What the client sent, as parsed. */
  readonly applied: JsonObject;
  readonly manager: string;
  readonly subresource: string;
  /** Take fields from other managers instead of failing. */
  readonly force: boolean;
  /** Members of the object that this endpoint does not write, such as `status`. */
  readonly ignored?: readonly string[];
  /** Of a set of fields those that this endpoint writes, where members do not say it. */
  readonly written?: (fields: FieldSet) => FieldSet;
  /** RFC 3339. */
  readonly now: string;
  /** Decodes a merged object into canonical form. */
  readonly canonical: (merged: unknown) => AnyObject;
}

export interface Applied {
  /** The new state, canonical but not yet defaulted. */
  readonly object: AnyObject;
  readonly managedFields: readonly AnyManagedFields[];
}

/** Owner of everything in an object that was never tracked. */
const BEFORE_FIRST_APPLY = "before-first-apply";

/**
 * Server-side apply: lays the sent configuration over the live object, takes away what this manager applied before and
 * no longer names (unless others own it), and settles who owns what. Throws Conflict, with one cause a field, when it
 * would change what another manager owns. All managers have written in the version of the request.
 */
export function applyServerSide(request: Apply): Applied {
  const { live, resource } = request;
  const root = rootNode(resource.schema);
  const owners = ownersOf(request).map((owner) => withFields(owner, asInSchema(root, owner.fields)));
  const { others, own, fields, merged } = startOf(request, owners);

  const isKept = !own || (isEmpty(difference(own.fields, fields)) && !hasFilled(root, own.fields, merged));
  const owned = () => unionOf([fields, ...others.map((owner) => owner.fields)]);
  const object = isKept ? merged : withoutAbandoned(root, merged, own.fields, owned());
  const seen = writtenOf(request, compare(root, asJson(live), object));
  const conflicts = conflictsWith(others, () => seen.changed);
  assertAllowed(request, conflicts);
  const remaining = others.map((owner) => afterChange(owner, seen));
  return settled(request, { own, fields }, object, remaining);
}

/**
 * As `applyServerSide`, where managers have written in several versions: each is asked in its own one what it has lost,
 * and what was applied in another version is taken away as that version shows it. Who wrote in a version that is gone
 * owns nothing any more.
 */
export async function applyAcrossVersions(request: Apply, versions: Versions): Promise<Applied> {
  const { resource, live } = request;
  const known = inTheirSchemas(ownersOf(request), resource, versions);
  const { others, own, fields, merged } = startOf(request, known);
  const writer: Owner = { ...writerOf(request), time: undefined, fields };
  const object = await withoutAbandonedAcross(
    { resource, merged: merged as unknown as AnyObject, own, owners: [...others, writer] },
    versions,
  );
  const seen = await compareInVersions([...others, writer], resource, live, object, versions);
  const seenBy = ({ apiVersion }: Owner) => writtenOf(request, seen.get(apiVersion)!);
  const conflicts = conflictsWith(others, (owner) => seenBy(owner).changed);
  assertAllowed(request, conflicts);
  const remaining = others.map((owner) => afterChange(owner, seenBy(owner)));
  return settled(request, { own, fields }, asJson(object), remaining);
}

/** What an apply starts from. */
interface Start {
  readonly own: Owner | undefined;
  readonly others: readonly Owner[];
  /** What the configuration names. */
  readonly fields: FieldSet;
  /** As it was sent: not canonical. */
  readonly merged: JsonObject;
}

function startOf(request: Apply, owners: readonly Owner[]): Start {
  const { resource, live, ignored = [], written = (fields) => fields } = request;
  const applied = Object.fromEntries(
    Object.entries(request.applied).filter(([key]) => !ignored.includes(key)),
  );
  const root = rootNode(resource.schema);
  const writer = writerOf(request);
  return {
    own: owners.find((owner) => sameOwner(owner, writer)),
    others: owners.filter((owner) => !sameOwner(owner, writer)),
    fields: written(appliedFields(root, applied)),
    merged: mergeApplied(root, asJson(live), applied),
  };
}

const writerOf = ({ manager, resource, subresource }: Apply): Writer => ({
  manager,
  operation: "Apply",
  apiVersion: resource.apiVersion,
  subresource,
});

const writtenOf = ({ written }: Apply, { changed, removed }: Comparison): Comparison =>
  written ? { changed: written(changed), removed: written(removed) } : { changed, removed };

/** Who applies what is there already has written nothing, and no moment is noted. */
function settled(
  request: Apply,
  { own, fields }: Pick<Start, "own" | "fields">,
  merged: JsonObject,
  remaining: readonly Owner[],
): Applied {
  const { live, now, resource, canonical } = request;
  const isSame = sameJson(asJson(live), merged);
  const object = isSame ? live : canonical(merged);
  // What says the same in other words, such as a quantity, is written and yet changes nothing.
  const isOwn = own?.apiVersion === resource.apiVersion && sameJson(own.fields, fields);
  const isSettled = isSame || (isOwn && sameJson(asJson(live), asJson(object)));
  const entry: Owner = { ...writerOf(request), fields, time: isSettled ? own?.time : now };
  const told = withLastApplied(object, request.applied, request.manager);
  return { object: told, managedFields: encodeOwners([...remaining, entry]) };
}

/** Whoever wrote an object that was never tracked owns all of it, as if made just now. */
function ownersOf({ resource, live, empty, now }: Apply): readonly Owner[] {
  const owners = decodeOwners(live.metadata.managedFields);
  if (owners.length > 0) return owners;
  const { changed } = compare(rootNode(resource.schema), asJson(empty), asJson(live));
  if (isEmpty(changed)) return [];
  const { apiVersion } = resource;
  return [
    {
      manager: BEFORE_FIRST_APPLY,
      operation: "Update",
      apiVersion,
      subresource: "",
      time: now,
      fields: changed,
    },
  ];
}

function assertAllowed({ resource, live, manager, force }: Apply, conflicts: readonly Conflict[]): void {
  if (conflicts.length === 0 || force) return;
  const own = ownByLastApplied(resource, live, manager);
  const left = conflicts
    .map(({ owner, fields }) => ({ owner, fields: difference(fields, own) }))
    .filter(({ fields }) => !isEmpty(fields));
  if (left.length > 0) throw applyConflict(left);
}
