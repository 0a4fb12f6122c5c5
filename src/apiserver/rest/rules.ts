import { applyDefaults } from "#machinery/derive/defaults";
import { decodeJson } from "#machinery/derive/json";
import {
  validateObject,
  validateObjectUpdate,
  validateStatusUpdate,
  standingProblems,
} from "#machinery/derive/validate";
import { sameJson } from "#machinery/same-json";
import type { AnyObject, FieldProblem, Resource } from "#machinery/schema";
import { invalidObject } from "#machinery/status";

/** The object in canonical form: members in order, nothing said that need not be. */
export const canonical = (resource: Resource, object: unknown): AnyObject =>
  decodeJson<AnyObject>(resource.schema, object);

export const defaulted = (resource: Resource, object: AnyObject): AnyObject =>
  applyDefaults(resource, object);

const empties = new WeakMap<Resource, AnyObject>();

/** What an object of the kind looks like when nothing has been said. */
export function emptyOf(resource: Resource): AnyObject {
  const known = empties.get(resource);
  if (known) return known;
  const { kind, apiVersion } = resource;
  const made = canonical(resource, { kind, apiVersion, metadata: {} });
  empties.set(resource, made);
  return made;
}

/** Throws Invalid with everything that is wrong. */
export function checkNew(resource: Resource, object: AnyObject): void {
  refuse(resource, object, [...validateObject(resource, object)]);
}

/** What holds for every object, new or not: after a change of one part of it. */
export function checkStanding(resource: Resource, object: AnyObject): void {
  refuse(resource, object, standingProblems(resource, object));
}

export function checkChanged(resource: Resource, object: AnyObject, old: AnyObject): void {
  refuse(resource, object, [...validateObjectUpdate(resource, object, old)]);
}

/** As `checkChanged`, where only the status may change. */
export function checkChangedStatus(resource: Resource, object: AnyObject, old: AnyObject): void {
  const own = validateStatusUpdate(resource, object, old);
  refuse(resource, object, [...own]);
}

/** Throws Invalid when there are problems. */
export function refuse(
  { group, kind }: Resource,
  { metadata }: AnyObject,
  problems: readonly FieldProblem[],
): void {
  if (problems.length > 0) throw invalidObject({ group, kind }, metadata.name ?? "", problems);
}

/** Kinds whose annotations count as part of what is wanted. */
const ANNOTATIONS_COUNT = new Set(["apps/v1/Deployment"]);
const NOT_COUNTED = new Set(["kind", "apiVersion", "metadata"]);

/** Has what is wanted changed, so that the generation grows? */
export function asksForMore(resource: Resource, object: AnyObject, old: AnyObject): boolean {
  const before = old as unknown as Record<string, unknown>;
  const after = object as unknown as Record<string, unknown>;
  for (const part of new Set([...Object.keys(before), ...Object.keys(after)])) {
    if (NOT_COUNTED.has(part) || (part === "status" && resource.statusSubresource)) continue;
    if (before[part] !== after[part] && !sameJson(before[part], after[part])) return true;
  }
  if (!ANNOTATIONS_COUNT.has(`${resource.apiVersion}/${resource.kind}`)) return false;
  return !sameJson(object.metadata.annotations ?? {}, old.metadata.annotations ?? {});
}

/** Without `status`, or with this one. */
export function withStatus(object: AnyObject, status: unknown): AnyObject {
  const { status: _, ...rest } = object as AnyObject & { readonly status?: unknown };
  return status === undefined ? rest : ({ ...rest, status } as AnyObject);
}

export const statusOf = (object: AnyObject): unknown => (object as { readonly status?: unknown }).status;
