/** Who owns which fields after a write that is no apply. */
import { asError } from "#base/attempt";
import { logger } from "#base/log";
import { trackUpdate, trackUpdateAcross } from "#machinery/apply/track-update";
import { hasOtherVersions } from "#machinery/apply/versions";
import type { AnyManagedFields, AnyObject } from "#machinery/schema";
import { formatTime } from "#machinery/time";
import type { Operation } from "../request/operation.ts";
import type { RestDeps } from "./deps.ts";
import { type WriteQuery, managerOf } from "./query.ts";
import { versionsOf } from "./versions.ts";

const log = logger("apiserver.rest");

type Entries = readonly AnyManagedFields[];

/** At once, unless somebody wrote in another version: then it may have to be asked for. */
export function trackedFields(
  { kind, info, userAgent }: Operation,
  deps: RestDeps,
  query: WriteQuery,
  after: AnyObject,
  before: AnyObject,
): Entries | Promise<Entries> {
  const { resource } = kind;
  const tracked = {
    resource,
    before,
    after,
    manager: managerOf(query, userAgent),
    subresource: info.subresource,
    now: formatTime(deps.clock.now()),
  };
  const isOther = ({ metadata }: AnyObject) => hasOtherVersions(metadata.managedFields, resource.apiVersion);
  if (!isOther(before) && !isOther(after)) return trackUpdate(tracked);
  // That somebody else's version cannot be converted to is no reason to refuse a write in this one.
  return trackUpdateAcross(tracked, versionsOf(kind, deps.kinds), (apiVersion, error) =>
    log.warn("owners of fields not settled in another version", { apiVersion, error: asError(error) }),
  );
}
