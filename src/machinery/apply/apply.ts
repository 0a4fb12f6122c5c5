import type { AnyManagedFields, AnyObject, Resource } from "#machinery/schema";
import { StatusError } from "#machinery/status";
import { sameJson } from "../same-json.ts";
import type { JsonObject } from "../patch/merge-patch.ts";
import { withoutAbandoned } from "./abandoned.ts";
import { asJson } from "./as-json.ts";
import { appliedFields } from "./collect.ts";
import { compare } from "./compare.ts";
import { difference, EMPTY, type FieldSet, intersection, isEmpty, pathsOf, union } from "./field-set.ts";
import { ownByLastApplied, withLastApplied } from "./last-applied.ts";
import { decodeOwners, encodeOwners, type Owner, sameOwner, without, type Writer } from "./managed-fields.ts";
import { mergeApplied, prune } from "./merge.ts";
import { type MergeNode, rootNode } from "./merge-node.ts";
import { compareInVersions, type Versions } from "./versions.ts";

export interface Apply {
  readonly resource: Resource;
  /** The stored object; for one that does not exist, what the kind looks like when nothing is said. */
  readonly live: AnyObject;
  readonly exists: boolean;
  /** What the client sent, as parsed. */
  readonly applied: JsonObject;
  readonly manager: string;
  readonly subresource: string;
  /** Take fields from other managers instead of failing. */
  readonly force: boolean;
  /** Members of the object that this endpoint does not write, such as `status`. */
  readonly ignored?: readonly string[];
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
  const { live, canonical } = request;
  const { root, others, own, fields, merged } = startOf(request);
  const differs = intersection(compare(root, asJson(live), asJson(merged)).changed, fields);
  const conflicts = conflictsWith(others, () => differs);
  assertAllowed(request, conflicts);

  const remaining = without(
    others,
    conflicts.reduce<FieldSet>((all, conflict) => union(all, conflict.fields), EMPTY),
  );
  const gone = difference(own?.fields ?? EMPTY, fields);
  const kept = remaining.reduce<FieldSet>((all, owner) => union(all, owner.fields), fields);
  const object = isEmpty(gone) ? merged : canonical(prune(root, asJson(merged), gone, kept));
  return settled(request, { own, fields }, object, remaining);
}

/**
 * As `applyServerSide`, where managers have written in several versions: each is asked in its own one what it has lost,
 * and what was applied in another version is taken away as that version shows it. Who wrote in a version that is gone
 * owns nothing any more.
 */
export async function applyAcrossVersions(request: Apply, versions: Versions): Promise<Applied> {
  const { resource, live } = request;
  const { others, own, fields, merged } = startOf(request);
  const writer: Owner = { ...writerOf(request), time: undefined, fields };
  const object = await withoutAbandoned({ resource, merged, own, owners: [...others, writer] }, versions);
  const seen = await compareInVersions([...others, writer], resource, live, object, versions);
  const known = others.filter(({ apiVersion }) => seen.has(apiVersion));
  const conflicts = conflictsWith(known, ({ apiVersion }) => {
    const { changed } = seen.get(apiVersion)!;
    return apiVersion === resource.apiVersion ? intersection(changed, fields) : changed;
  });
  assertAllowed(request, conflicts);
  const taken = new Map(conflicts.map((conflict) => [conflict.owner, conflict.fields]));
  const remaining = known.flatMap((owner) =>
    without(without([owner], taken.get(owner) ?? EMPTY), seen.get(owner.apiVersion)!.removed),
  );
  return settled(request, { own, fields }, object, remaining);
}

/** What an apply starts from. */
interface Start {
  readonly root: MergeNode;
  readonly own: Owner | undefined;
  readonly others: readonly Owner[];
  /** What the configuration names. */
  readonly fields: FieldSet;
  readonly merged: AnyObject;
}

function startOf(request: Apply): Start {
  const { resource, live, canonical, ignored = [] } = request;
  const applied = Object.fromEntries(
    Object.entries(request.applied).filter(([key]) => !ignored.includes(key)),
  );
  const root = rootNode(resource.schema);
  const writer = writerOf(request);
  const owners = ownersOf(request);
  return {
    root,
    own: owners.find((owner) => sameOwner(owner, writer)),
    others: owners.filter((owner) => !sameOwner(owner, writer)),
    fields: appliedFields(root, applied),
    merged: canonical(mergeApplied(root, asJson(live), applied)),
  };
}

const writerOf = ({ manager, resource, subresource }: Apply): Writer => ({
  manager,
  operation: "Apply",
  apiVersion: resource.apiVersion,
  subresource,
});

function settled(
  request: Apply,
  { own, fields }: Pick<Start, "own" | "fields">,
  object: AnyObject,
  remaining: readonly Owner[],
): Applied {
  const { live, now, resource } = request;
  const untouched =
    own?.apiVersion === resource.apiVersion &&
    sameJson(asJson(live), asJson(object)) &&
    sameJson(own.fields, fields);
  const entry: Owner = { ...writerOf(request), fields, time: untouched ? own.time : now };
  const told = withLastApplied(object, request.applied, request.manager);
  return { object: told, managedFields: encodeOwners([...remaining, entry]) };
}

function ownersOf({ resource, live, exists, now }: Apply): readonly Owner[] {
  const owners = decodeOwners(live.metadata.managedFields);
  if (owners.length > 0 || !exists) return owners;
  const fields = appliedFields(rootNode(resource.schema), asJson(live));
  return [
    {
      manager: BEFORE_FIRST_APPLY,
      operation: "Update",
      apiVersion: resource.apiVersion,
      subresource: "",
      time: now,
      fields,
    },
  ];
}

interface Conflict {
  readonly owner: Owner;
  readonly fields: FieldSet;
}

const conflictsWith = (others: readonly Owner[], changed: (owner: Owner) => FieldSet): Conflict[] =>
  others.flatMap((owner) => {
    const fields = intersection(owner.fields, changed(owner));
    return isEmpty(fields) ? [] : [{ owner, fields }];
  });

function assertAllowed({ resource, live, manager, force }: Apply, conflicts: readonly Conflict[]): void {
  if (conflicts.length === 0 || force) return;
  const own = ownByLastApplied(resource, live, manager);
  const left = conflicts
    .map(({ owner, fields }) => ({ owner, fields: difference(fields, own) }))
    .filter(({ fields }) => !isEmpty(fields));
  if (left.length > 0) throw applyConflict(left);
}

function describe({ manager, subresource, operation, apiVersion }: Owner): string {
  const who =
    subresource === ""
      ? JSON.stringify(manager)
      : `${JSON.stringify(manager)} with subresource "${subresource}"`;
  return operation === "Apply" ? who : `${who} using ${apiVersion}`;
}

function applyConflict(conflicts: readonly Conflict[]): StatusError {
  const found = conflicts.map(({ owner, fields }) => ({ who: describe(owner), paths: pathsOf(fields) }));
  const all = found.flatMap(({ who, paths }) => paths.map((field) => ({ who, field })));
  const words =
    all.length === 1
      ? `1 conflict: conflict with ${all[0]!.who}: ${all[0]!.field}`
      : `${all.length} conflicts: ${found.map(({ who, paths }) => [`conflicts with ${who}:`, ...paths.map((path) => `- ${path}`)].join("\n")).join("\n")}`;
  return new StatusError({
    kind: "Status",
    apiVersion: "v1",
    metadata: {},
    status: "Failure",
    message: `Apply failed with ${words}`,
    reason: "Conflict",
    details: {
      causes: all.map(({ who, field }) => ({
        reason: "FieldManagerConflict",
        message: `conflict with ${who}`,
        field,
      })),
    },
    code: 409,
  });
}
