/** A write as webhooks and policies are told of it. */
import type { AnyObject, Resource } from "#machinery/schema";
import type { Admission } from "../../contracts.ts";
import type { Seen } from "./seen.ts";

/** The request without its objects. */
export function requestOf({ admission, resource, object, old }: Seen): object {
  const { operation, subresource, dryRun, options, user } = admission;
  const [name, namespace] = placeOf(admission);
  return {
    kind: kindOf(object ?? old, resource),
    resource: resourceOf(resource),
    ...(subresource === "" ? {} : { subResource: subresource }),
    requestKind: kindOf(admission.object ?? admission.old, admission.resource),
    requestResource: resourceOf(admission.resource),
    ...(subresource === "" ? {} : { requestSubResource: subresource }),
    ...(name === "" ? {} : { name }),
    ...(namespace === "" ? {} : { namespace }),
    operation,
    userInfo: userInfoOf(user),
    dryRun,
    options: optionsOf(operation, options),
  };
}

/** A namespace counts as being in itself. */
function placeOf({ resource, name, namespace }: Admission): [name: string, namespace: string] {
  const isNamespace = resource.group === "" && resource.plural === "namespaces";
  return [name, isNamespace ? name : namespace];
}

function kindOf(object: AnyObject | undefined, resource: Resource): object {
  const { apiVersion, kind } = object ?? resource;
  const slash = apiVersion.indexOf("/");
  return { group: slash < 0 ? "" : apiVersion.slice(0, slash), version: apiVersion.slice(slash + 1), kind };
}

const resourceOf = ({ group, version, plural }: Resource): object => ({ group, version, resource: plural });

const userInfoOf = ({ name, uid, groups, extra }: Admission["user"]): object => ({
  username: name,
  ...(uid ? { uid } : {}),
  groups,
  ...(extra && Object.keys(extra).length > 0 ? { extra } : {}),
});

interface Options {
  readonly dryRun?: boolean;
  readonly fieldManager?: string;
  readonly fieldValidation?: string;
  readonly gracePeriodSeconds?: number;
  readonly propagationPolicy?: string;
  readonly orphanDependents?: boolean;
  readonly uid?: string;
  readonly resourceVersion?: string;
}

const OPTIONS_KIND: Readonly<Record<string, string>> = {
  CREATE: "CreateOptions",
  UPDATE: "UpdateOptions",
  DELETE: "DeleteOptions",
};

/** As an object of the API; connections have none. */
function optionsOf(operation: Admission["operation"], given: unknown): object | null {
  const kind = OPTIONS_KIND[operation];
  if (kind === undefined) return null;
  const {
    dryRun,
    fieldManager,
    fieldValidation,
    gracePeriodSeconds,
    propagationPolicy,
    orphanDependents,
    uid,
    resourceVersion,
  } = (given ?? {}) as Options;
  const preconditions = said({ uid, resourceVersion });
  return said({
    kind,
    apiVersion: "meta.k8s.io/v1",
    gracePeriodSeconds,
    preconditions: Object.keys(preconditions).length === 0 ? undefined : preconditions,
    orphanDependents,
    propagationPolicy,
    dryRun: dryRun ? ["All"] : undefined,
    fieldManager: fieldManager || undefined,
    // What the server assumes where the client says nothing.
    fieldValidation: fieldValidation === "Warn" ? undefined : fieldValidation,
  });
}

const said = (members: Readonly<Record<string, unknown>>): object =>
  Object.fromEntries(Object.entries(members).filter(([, value]) => value !== undefined));
