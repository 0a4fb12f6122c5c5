/** What admission plugins ask of a write. */
import type { AnyObject, Resource } from "#machinery/schema";
import { type StatusError, forbidden } from "#machinery/status";
import type { Admission } from "../contracts.ts";

/** Is the write about this kind, in whatever version, and this part of it? */
export const isAbout = <T extends AnyObject>(
  { resource, subresource: part }: Admission,
  { group, plural }: Resource<T>,
  subresource = "",
): boolean => resource.plural === plural && resource.group === group && part === subresource;

/** The 403 with which a plugin refuses: `pods "x" is forbidden: why`. */
export const refusal = ({ resource, name, object }: Admission, why: string): StatusError =>
  forbidden({ group: resource.group, plural: resource.plural }, name || (object?.metadata.name ?? ""), why);
