import type { AnyManagedFields } from "#machinery/schema";
import { isObject } from "../patch/merge-patch.ts";
import type { Comparison } from "./compare.ts";
import { difference, EMPTY, type FieldSet, isEmpty, readFieldSet, sorted, unionOf } from "./field-set.ts";

/** Who owns what, decoded. One per manager, operation, version and subresource. */
export interface Owner {
  readonly manager: string;
  readonly operation: "Apply" | "Update";
  readonly apiVersion: string;
  readonly subresource: string;
  /** RFC 3339. Who came to own by saying what was there already has none. */
  readonly time: string | undefined;
  readonly fields: FieldSet;
}

/** Who writes: all that identifies an owner. */
export type Writer = Pick<Owner, "manager" | "operation" | "apiVersion" | "subresource">;

/** With more owners by update than this, the oldest are folded into one of their version. */
const UPDATE_OWNERS_MAX = 10;
const ANCIENT = "ancient-changes";

/** Who applies stays the same also when another version of the kind is applied. */
export const sameOwner = (one: Writer, other: Writer): boolean =>
  one.manager === other.manager &&
  one.operation === other.operation &&
  (one.operation === "Apply" || one.apiVersion === other.apiVersion) &&
  one.subresource === other.subresource;

/** By what owners are told apart, as text: their order is that of conflicts. */
export const identityOf = ({ manager, operation, apiVersion, subresource }: Writer): string =>
  JSON.stringify({
    ...(manager === "" ? {} : { manager }),
    operation,
    ...(operation === "Apply" ? {} : { apiVersion }),
    ...(subresource === "" ? {} : { subresource }),
  });

/** The entries of owners that are as they were stored: most writes change what one of them owns. */
const stored = new WeakMap<Owner, AnyManagedFields>();

/** Of entries as the server stored them. */
export const decodeOwners = (entries: readonly AnyManagedFields[] = []): Owner[] =>
  entries.flatMap((entry): Owner[] => {
    const { operation, fieldsV1 } = entry;
    if (operation !== "Apply" && operation !== "Update") return [];
    const owner = ownerOf(entry, operation, (fieldsV1 as FieldSet | undefined) ?? EMPTY);
    stored.set(owner, entry);
    return [owner];
  });

const ownerOf = (
  { manager, apiVersion, subresource, time }: AnyManagedFields,
  operation: Owner["operation"],
  fields: FieldSet,
): Owner => ({
  manager: manager ?? "",
  operation,
  apiVersion: apiVersion ?? "",
  subresource: subresource ?? "",
  time,
  fields,
});

/** Of entries as a client sent them: one that cannot be read spoils all. Of those with one identity the last counts. */
export function readOwners(entries: readonly AnyManagedFields[]): Owner[] | undefined {
  const owners = new Map<string, Owner>();
  for (const entry of entries) {
    const { operation, apiVersion, fieldsType, fieldsV1 = EMPTY } = entry;
    const isKnown = operation === "Apply" || operation === "Update";
    if (!isKnown || !apiVersion || fieldsType !== "FieldsV1" || !isObject(fieldsV1)) return undefined;
    const fields = readFieldSet(fieldsV1);
    if (!fields) return undefined;
    const owner = ownerOf(entry, operation, fields);
    owners.set(identityOf(owner), owner);
  }
  return [...owners.values()];
}

/** The entries as stored: owners of nothing are gone, the order is the API's. */
export const encodeOwners = (owners: readonly Owner[]): AnyManagedFields[] =>
  owners
    .filter(({ fields }) => !isEmpty(fields))
    .toSorted(inPrintedOrder)
    .map((owner) => stored.get(owner) ?? entryOf(owner));

const entryOf = ({ manager, operation, apiVersion, time, fields, subresource }: Owner): AnyManagedFields => ({
  manager,
  operation,
  apiVersion,
  ...(time === undefined ? {} : { time }),
  fieldsType: "FieldsV1",
  fieldsV1: sorted(fields),
  ...(subresource === "" ? {} : { subresource }),
});

const inPrintedOrder = (one: Owner, other: Owner): number =>
  compareText(one.operation, other.operation) ||
  compareText(one.time ?? "", other.time ?? "") ||
  compareText(one.manager, other.manager) ||
  compareText(one.apiVersion, other.apiVersion) ||
  compareText(one.subresource, other.subresource);

const compareText = (one: string, other: string): number => (one < other ? -1 : one > other ? 1 : 0);

/** Oldest first, and only with those of the same version: fields of different ones have different names. */
export function withoutSurplus(owners: readonly Owner[]): readonly Owner[] {
  const updates = owners.filter(({ operation, fields }) => operation === "Update" && !isEmpty(fields));
  if (updates.length <= UPDATE_OWNERS_MAX) return owners;
  const left = new Map(owners.map((owner) => [identityOf(owner), owner]));
  const first = new Map<string, Owner>();
  const parts = new Map<string, FieldSet[]>();
  let count = updates.length;
  for (const owner of byAge(updates)) {
    if (count <= UPDATE_OWNERS_MAX) break;
    const { apiVersion, time } = owner;
    const oldest = first.get(apiVersion);
    if (!oldest) {
      first.set(apiVersion, owner);
      continue;
    }
    const bucket: Writer = { manager: ANCIENT, operation: "Update", apiVersion, subresource: "" };
    const identity = identityOf(bucket);
    const known = left.get(identity);
    if (!known) left.delete(identityOf(oldest));
    left.delete(identityOf(owner));
    const folded = parts.get(identity);
    if (folded) folded.push(owner.fields);
    else parts.set(identity, [(known ?? oldest).fields, owner.fields]);
    left.set(identity, { ...bucket, time, fields: EMPTY });
    count--;
  }
  for (const [identity, folded] of parts)
    left.set(identity, { ...left.get(identity)!, fields: unionOf(folded) });
  return [...left.values()];
}

/** Oldest first; identities settle it between those of one time. */
function byAge(owners: readonly Owner[]): readonly Owner[] {
  const identities = new Map(owners.map((owner) => [owner, identityOf(owner)]));
  const identity = (owner: Owner) => identities.get(owner)!;
  return owners.toSorted(
    (one, other) =>
      compareText(one.time ?? "", other.time ?? "") || compareText(identity(one), identity(other)),
  );
}

/** The owner without what has changed, or gone, by somebody else's hand. */
export const afterChange = (owner: Owner, { changed, removed }: Comparison): Owner =>
  withFields(owner, difference(difference(owner.fields, removed), changed));

/** The owner itself where these are its fields already. */
export const withFields = (owner: Owner, fields: FieldSet): Owner =>
  fields === owner.fields ? owner : { ...owner, fields };
