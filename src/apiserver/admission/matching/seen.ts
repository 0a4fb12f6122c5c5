import type { AnyObject, Resource } from "#machinery/schema";
import { StatusError, internalError } from "#machinery/status";
import type { Admission } from "../../contracts.ts";
import type { Equivalents } from "./equivalents.ts";

/** A write as one webhook or policy sees it. */
export interface Seen {
  readonly admission: Admission;
  /** Of the version that was asked for. */
  readonly resource: Resource;
  readonly object: AnyObject | undefined;
  readonly old: AnyObject | undefined;
}

/** Is it an object of the resource itself, and not of a subresource with a kind of its own? */
export const isOfKind = ({ apiVersion, kind }: AnyObject, resource: Resource): boolean =>
  apiVersion === resource.apiVersion && kind === resource.kind;

/** The write in the version that was asked for, at once where that is the client's. Throws a StatusError. */
export function seenAs(
  admission: Admission,
  resource: Resource,
  equivalents: Equivalents,
): Seen | Promise<Seen> {
  const { object, old, resource: requested } = admission;
  if (resource === requested) return { admission, resource, object, old };
  return seenInVersion(admission, resource, equivalents);
}

/** Kinds of subresources are the same in all versions. */
async function seenInVersion(
  admission: Admission,
  resource: Resource,
  equivalents: Equivalents,
): Promise<Seen> {
  const { object, old, resource: requested } = admission;
  const shown = async (one: AnyObject | undefined): Promise<AnyObject | undefined> =>
    one && isOfKind(one, requested) ? converted(one, requested, resource, equivalents) : one;
  return { admission, resource, object: await shown(object), old: await shown(old) };
}

/** The object as the other version shows it. Throws a StatusError. */
export async function converted(
  object: AnyObject,
  from: Resource,
  to: Resource,
  equivalents: Equivalents,
): Promise<AnyObject> {
  try {
    return await equivalents.convert(object, from, to);
  } catch (cause) {
    throw cause instanceof StatusError ? cause : internalError(cause);
  }
}
