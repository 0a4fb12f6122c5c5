import { StatusError } from "#machinery/status";
import { told } from "../told.ts";
import { type FieldSet, intersection, isEmpty, pathsOf } from "./field-set.ts";
import { identityOf, type Owner } from "./managed-fields.ts";

/** What somebody else owns and an apply would change. */
export interface Conflict {
  readonly owner: Owner;
  readonly fields: FieldSet;
}

/** In the order in which the API names the owners. `changed`: as the version of each shows it. */
export const conflictsWith = (others: readonly Owner[], changed: (owner: Owner) => FieldSet): Conflict[] =>
  others.toSorted(byIdentity).flatMap((owner) => {
    const fields = intersection(owner.fields, changed(owner));
    return isEmpty(fields) ? [] : [{ owner, fields }];
  });

function byIdentity(one: Owner, other: Owner): number {
  const [a, b] = [identityOf(one), identityOf(other)];
  return a < b ? -1 : a > b ? 1 : 0;
}

/** With one cause a field. */
export function applyConflict(conflicts: readonly Conflict[]): StatusError {
  const found = conflicts.flatMap(({ owner, fields }) => {
    const who = describe(owner);
    return pathsOf(fields).map((field) => ({ owner, who, field }));
  });
  const all = told(found, ({ who, field }) => who.length + field.length);
  const list = [...Map.groupBy(all, ({ owner }) => owner).values()].map((lost) =>
    [`conflicts with ${lost[0]!.who}:`, ...lost.map(({ field }) => `- ${field}`)].join("\n"),
  );
  const words =
    found.length === 1
      ? `1 conflict: conflict with ${all[0]!.who}: ${all[0]!.field}`
      : `${found.length} conflicts: ${list.join("\n")}`;
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

function describe({ manager, subresource, operation, apiVersion }: Owner): string {
  const through = subresource === "" ? "" : ` with subresource "${subresource}"`;
  const who = JSON.stringify(manager) + through;
  return operation === "Apply" ? who : `${who} using ${apiVersion}`;
}
