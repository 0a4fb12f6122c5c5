import type { AnyObject, Resource } from "#machinery/schema";
import { internalError } from "#machinery/status";
import type { Admission } from "../../contracts.ts";
import type { Equivalents } from "./equivalents.ts";
import { isOfKind } from "./patched.ts";
import type { Seen } from "./review.ts";

/** The write in the version that a webhook has asked for. Kinds of subresources are the same in all versions. */
export function seenAs(admission: Admission, resource: Resource, equivalents: Equivalents): Seen {
  const { object, old, resource: requested } = admission;
  const shown = (one: AnyObject | undefined): AnyObject | undefined => {
    if (one === undefined || resource === requested || !isOfKind(one, requested)) return one;
    try {
      return equivalents.convert(one, requested, resource);
    } catch (cause) {
      throw internalError(cause);
    }
  };
  return { admission, resource, object: shown(object), old: shown(old) };
}
