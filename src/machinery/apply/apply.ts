import type { AnyManagedFields, AnyObject, Resource } from "#machinery/schema";
import { StatusError } from "#machinery/status";
import { sameJson } from "../same-json.ts";
import type { JsonObject } from "../patch/merge-patch.ts";
import { appliedFields } from "./collect.ts";
import { compare } from "./compare.ts";
import { difference, EMPTY, type FieldSet, intersection, isEmpty, pathsOf, union } from "./field-set.ts";
import { decodeOwners, encodeOwners, type Owner, sameOwner, without, type Writer } from "./managed-fields.ts";
import { mergeApplied, prune } from "./merge.ts";
import { rootNode } from "./merge-node.ts";
import { asJson } from "./track-update.ts";

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
 * would change what another manager owns.
 */
export function applyServerSide(request: Apply): Applied {
  const { resource, live, force, now, canonical, ignored = [] } = request;
  const applied = Object.fromEntries(
    Object.entries(request.applied).filter(([key]) => !ignored.includes(key)),
  );
  const root = rootNode(resource.schema);
  const writer: Writer = {
    manager: request.manager,
    operation: "Apply",
    apiVersion: resource.apiVersion,
    subresource: request.subresource,
  };
  const owners = ownersOf(request);
  const others = owners.filter((owner) => !sameOwner(owner, writer));
  const own = owners.find((owner) => sameOwner(owner, writer));
  const fields = appliedFields(root, applied);

  const merged = canonical(mergeApplied(root, asJson(live), applied));
  const { changed } = compare(root, asJson(live), asJson(merged));
  const conflicts = conflictsWith(others, intersection(changed, fields));
  if (conflicts.length > 0 && !force) throw applyConflict(conflicts);

  const remaining = without(
    others,
    conflicts.reduce<FieldSet>((all, conflict) => union(all, conflict.fields), EMPTY),
  );
  const gone = difference(own?.fields ?? EMPTY, fields);
  const kept = remaining.reduce<FieldSet>((all, owner) => union(all, owner.fields), fields);
  const object = isEmpty(gone) ? merged : canonical(prune(root, asJson(merged), gone, kept));

  const untouched =
    sameJson(asJson(live), asJson(object)) && own !== undefined && sameJson(own.fields, fields);
  const entry: Owner = { ...writer, fields, time: untouched ? own.time : now };
  return { object, managedFields: encodeOwners([...remaining, entry]) };
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

const conflictsWith = (others: readonly Owner[], changed: FieldSet): Conflict[] =>
  others.flatMap((owner) => {
    const fields = intersection(owner.fields, changed);
    return isEmpty(fields) ? [] : [{ owner, fields }];
  });

function describe({ manager, subresource, operation, apiVersion, time }: Owner): string {
  const who =
    subresource === ""
      ? JSON.stringify(manager)
      : `${JSON.stringify(manager)} with subresource "${subresource}"`;
  if (operation === "Apply") return who;
  return time === undefined ? `${who} using ${apiVersion}` : `${who} using ${apiVersion} at ${time}`;
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
