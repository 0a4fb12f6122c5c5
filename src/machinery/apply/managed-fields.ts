import type { AnyManagedFields } from "#machinery/schema";
import { difference, EMPTY, type FieldSet, isEmpty, sorted, union } from "./field-set.ts";

/** Who owns what, decoded. One per manager, operation, version and subresource. */
export interface Owner {
  readonly manager: string;
  readonly operation: "Apply" | "Update";
  readonly apiVersion: string;
  readonly subresource: string;
  /** RFC 3339. */
  readonly time: string | undefined;
  readonly fields: FieldSet;
}

/** Who writes: all that identifies an owner. */
export type Writer = Pick<Owner, "manager" | "operation" | "apiVersion" | "subresource">;

/** More owners by update than this are folded into one of their version. */
const UPDATE_OWNERS_MAX = 10;
const ANCIENT = "ancient-changes";

/** Who applies stays the same also when another version of the kind is applied. */
export const sameOwner = (one: Writer, other: Writer): boolean =>
  one.manager === other.manager &&
  one.operation === other.operation &&
  (one.operation === "Apply" || one.apiVersion === other.apiVersion) &&
  one.subresource === other.subresource;

export const decodeOwners = (entries: readonly AnyManagedFields[] = []): Owner[] =>
  entries.flatMap((entry): Owner[] =>
    entry.operation === "Apply" || entry.operation === "Update"
      ? [
          {
            manager: entry.manager ?? "",
            operation: entry.operation,
            apiVersion: entry.apiVersion ?? "",
            subresource: entry.subresource ?? "",
            time: entry.time,
            fields: (entry.fieldsV1 as FieldSet | undefined) ?? EMPTY,
          },
        ]
      : [],
  );

/** The entries as stored: owners of nothing are gone, the order is the API's. */
export function encodeOwners(owners: readonly Owner[]): AnyManagedFields[] {
  return foldAncient(owners.filter(({ fields }) => !isEmpty(fields)))
    .toSorted(inPrintedOrder)
    .map(({ manager, operation, apiVersion, time, fields, subresource }) => ({
      manager,
      operation,
      apiVersion,
      ...(time === undefined ? {} : { time }),
      fieldsType: "FieldsV1",
      fieldsV1: sorted(fields),
      ...(subresource === "" ? {} : { subresource }),
    }));
}

const inPrintedOrder = (one: Owner, other: Owner): number =>
  compareText(one.operation, other.operation) ||
  compareText(one.time ?? "", other.time ?? "") ||
  compareText(one.manager, other.manager) ||
  compareText(one.apiVersion, other.apiVersion) ||
  compareText(one.subresource, other.subresource);

const compareText = (one: string, other: string): number => (one < other ? -1 : one > other ? 1 : 0);

/** Oldest first, and only with those of the same version: fields of different ones have different names. */
function foldAncient(owners: readonly Owner[]): readonly Owner[] {
  const updates = owners.filter(({ operation }) => operation === "Update");
  let surplus = updates.length - UPDATE_OWNERS_MAX;
  if (surplus <= 0) return owners;
  const folded = new Map<string, Owner[]>();
  for (const owner of updates.toSorted((one, other) => compareText(one.time ?? "", other.time ?? ""))) {
    const same = folded.get(owner.apiVersion);
    if (same) same.push(owner);
    else folded.set(owner.apiVersion, [owner]);
    if (same && --surplus === 0) break;
  }
  const buckets = [...folded.values()].filter(({ length }) => length > 1);
  const gone = new Set(buckets.flat());
  return [...owners.filter((owner) => !gone.has(owner)), ...buckets.map(united)];
}

function united(owners: readonly Owner[]): Owner {
  const fields = owners.reduce<FieldSet>((sum, owner) => union(sum, owner.fields), EMPTY);
  return { ...owners.at(-1)!, manager: ANCIENT, subresource: "", fields };
}

/** The owners without these fields. */
export const without = (owners: readonly Owner[], fields: FieldSet): Owner[] =>
  isEmpty(fields)
    ? [...owners]
    : owners.map((owner) => ({ ...owner, fields: difference(owner.fields, fields) }));
