/** Objects as the patches of webhooks make them. */
import type { AdmissionResponse } from "#api/admission-v1/admissionreview";
import { TokenRequest } from "#api/authentication-v1/tokenrequest";
import { Scale } from "#api/autoscaling-v1/scale";
import { Binding } from "#api/core-v1/binding";
import {
  NodeProxyOptions,
  PodAttachOptions,
  PodExecOptions,
  PodPortForwardOptions,
  PodProxyOptions,
  ServiceProxyOptions,
} from "#api/core-v1/options";
import { Eviction } from "#api/policy-v1/eviction";
import { applyDefaults } from "#machinery/derive/defaults";
import { DecodeError, decodeJson } from "#machinery/derive/json";
import { JsonError, parseJson } from "#machinery/json";
import { applyJsonPatch, sameJson } from "#machinery/patch/json-patch";
import type { AnyMeta, AnyObject, Resource, Struct } from "#machinery/schema";
import { badRequest, internalError, StatusError } from "#machinery/status";
import type { Admission } from "../../contracts.ts";
import { CallFailure, cannotModify } from "./failures.ts";
import type { Hook } from "./hook.ts";
import type { Seen } from "./review.ts";

/** What subresources are written with. */
const PART_SCHEMAS: Readonly<Record<string, Struct>> = {
  "autoscaling/v1/Scale": Scale,
  "authentication.k8s.io/v1/TokenRequest": TokenRequest,
  "policy/v1/Eviction": Eviction,
  "v1/Binding": Binding.schema,
  "v1/NodeProxyOptions": NodeProxyOptions,
  "v1/PodAttachOptions": PodAttachOptions,
  "v1/PodExecOptions": PodExecOptions,
  "v1/PodPortForwardOptions": PodPortForwardOptions,
  "v1/PodProxyOptions": PodProxyOptions,
  "v1/ServiceProxyOptions": ServiceProxyOptions,
};

/** The object that the webhook wants, in the version that it has seen; undefined: it wants no change. */
export function patchedBy(hook: Hook, seen: Seen, response: AdmissionResponse): AnyObject | undefined {
  const { patch, patchType } = response;
  if (!patch) return undefined;
  const operations = operationsOf(patch);
  if (Array.isArray(operations) && operations.length === 0) return undefined;
  const { object, resource, admission } = seen;
  if (!object) throw cannotModify(hook.name);
  if (patchType !== "JSONPatch") {
    throw new CallFailure(hook.name, `unsupported patch type ${JSON.stringify(patchType)}`);
  }
  const decoded = decodedAs(object, resource, applied(object, operations));
  if (!isOfKind(object, resource)) return decoded;
  return applyDefaults(resource, settled(decoded, object, admission));
}

export const isChanged = (before: unknown, after: unknown): boolean => !sameJson(before, after);

/** Is it an object of the resource itself, and not of a subresource with a kind of its own? */
export const isOfKind = ({ apiVersion, kind }: AnyObject, resource: Resource): boolean =>
  apiVersion === resource.apiVersion && kind === resource.kind;

function operationsOf(patch: string): unknown {
  try {
    return parseJson(Buffer.from(patch, "base64"));
  } catch (error) {
    if (error instanceof JsonError) throw internalError(error);
    throw error;
  }
}

function applied(object: AnyObject, operations: unknown): unknown {
  try {
    return applyJsonPatch(object, operations);
  } catch (error) {
    if (!(error instanceof StatusError)) throw error;
    throw internalError(error.status.details?.causes?.[0]?.message ?? error.message);
  }
}

function decodedAs(before: AnyObject, resource: Resource, value: unknown): AnyObject {
  const schema = isOfKind(before, resource)
    ? resource.schema
    : PART_SCHEMAS[`${before.apiVersion}/${before.kind}`];
  const { apiVersion, kind } = before;
  if (!schema) throw internalError(`no kind ${JSON.stringify(kind)} is registered for version ${apiVersion}`);
  let after: AnyObject;
  try {
    after = decodeJson<AnyObject>(schema, value);
  } catch (error) {
    if (error instanceof DecodeError) throw internalError(error);
    throw error;
  }
  if (after.apiVersion !== apiVersion || after.kind !== kind) {
    throw internalError(
      `unable to convert ${after.apiVersion}, Kind=${after.kind} to ${apiVersion}, Kind=${kind}`,
    );
  }
  return after;
}

/** What the server has given an object is not a webhook's to change. */
const ASSIGNED = [
  "uid",
  "resourceVersion",
  "generation",
  "creationTimestamp",
  "deletionTimestamp",
  "deletionGracePeriodSeconds",
] as const satisfies readonly (keyof AnyMeta)[];

/** On update what is taken away comes back, and what differs is refused by validation. */
function settled(after: AnyObject, before: AnyObject, { operation, namespace }: Admission): AnyObject {
  const metadata: Record<string, unknown> = { ...after.metadata };
  for (const name of ASSIGNED) {
    const given = before.metadata[name];
    if (operation === "UPDATE" && metadata[name] !== undefined) continue;
    if (given === undefined) delete metadata[name];
    else metadata[name] = given;
  }
  const said = metadata.namespace ?? "";
  if (said !== "" && said !== namespace) {
    throw badRequest("the namespace of the provided object does not match the namespace sent on the request");
  }
  if (namespace !== "") metadata.namespace = namespace;
  return { ...after, metadata: metadata as unknown as AnyMeta };
}
