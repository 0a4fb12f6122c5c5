/** The question that webhooks are asked, and what counts as an answer. */
import { AdmissionReview, type AdmissionResponse } from "#api/admission-v1/admissionreview";
import { DecodeError, decodeJson } from "#machinery/derive/json";
import { JsonError, parseJson } from "#machinery/json";
import type { AnyObject, Resource } from "#machinery/schema";
import type { Admission } from "../../contracts.ts";
import type { ReviewVersion } from "./hook.ts";

const GROUP = "admission.k8s.io";
const KIND = "AdmissionReview";

/** A write as one webhook sees it. */
export interface Seen {
  readonly admission: Admission;
  /** Of the version that the webhook asked for. */
  readonly resource: Resource;
  readonly object: AnyObject | undefined;
  readonly old: AnyObject | undefined;
}

export const reviewOf = (version: ReviewVersion, uid: string, seen: Seen): object => ({
  kind: KIND,
  apiVersion: `${GROUP}/${version}`,
  request: { uid, ...requestOf(seen), object: seen.object ?? null, oldObject: seen.old ?? null },
});

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

/** What came back is no answer; the message says why. */
export class InvalidResponse extends Error {
  override readonly name = "InvalidResponse";
}

/** What came back cannot be read. */
export class UnreadableResponse extends Error {
  override readonly name = "UnreadableResponse";
}

/** Whatever was sent as an AdmissionReview. Throws UnreadableResponse. */
export function decodeReview(bytes: Uint8Array): AdmissionReview {
  try {
    return decodeJson<AdmissionReview>(AdmissionReview, parseJson(bytes));
  } catch (error) {
    if (error instanceof DecodeError) throw new UnreadableResponse(error.message);
    if (!(error instanceof JsonError)) throw error;
    throw new UnreadableResponse(`couldn't get version/kind; json parse error: ${error.message}`);
  }
}

/** The answer to the question with this uid. Throws InvalidResponse. */
export function responseOf(
  { kind = "", apiVersion = "", response }: AdmissionReview,
  {
    version,
    uid,
    mutates,
  }: { readonly version: ReviewVersion; readonly uid: string; readonly mutates: boolean },
): AdmissionResponse {
  const isFirm = version === "v1";
  if (isFirm && (apiVersion !== `${GROUP}/v1` || kind !== KIND)) {
    const got = `${apiVersion.includes("/") ? apiVersion : `/${apiVersion}`}, Kind=${kind}`;
    throw new InvalidResponse(`expected webhook response of ${GROUP}/v1, Kind=${KIND}, got ${got}`);
  }
  if (!response) throw new InvalidResponse("webhook response was absent");
  if (!isFirm)
    return mutates && response.patch ? { ...response, patchType: "JSONPatch" } : withoutPatch(response);
  if (response.uid !== uid) {
    const [wanted, got] = [uid, response.uid].map((text) => JSON.stringify(text));
    throw new InvalidResponse(`expected response.uid=${wanted}, got ${got}`);
  }
  const { patch, patchType } = response;
  if (mutates) {
    if (patch && patchType === undefined)
      throw new InvalidResponse("webhook returned response.patch but not response.patchType");
    if (!patch && patchType !== undefined)
      throw new InvalidResponse("webhook returned response.patchType but not response.patch");
    if (patchType === "") throw new InvalidResponse(`webhook returned invalid response.patchType of ""`);
  } else {
    if (patch) throw new InvalidResponse("validating webhook may not return response.patch");
    if (patchType !== undefined)
      throw new InvalidResponse("validating webhook may not return response.patchType");
  }
  return response;
}

function withoutPatch(given: AdmissionResponse): AdmissionResponse {
  const { patch: _, patchType: __, ...response } = given;
  return response;
}
