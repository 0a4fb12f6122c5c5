/** Objects as those who may change them have left them. */
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
import type { AnyMeta, AnyObject, Resource, Struct } from "#machinery/schema";
import { badRequest, internalError } from "#machinery/status";
import type { Admission } from "../../contracts.ts";
import { isOfKind } from "../matching/seen.ts";

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

/** The schema of the object: its kind's, or that of a subresource with a kind of its own. Throws InternalError. */
export function schemaOf(object: AnyObject, resource: Resource): Struct {
  if (isOfKind(object, resource)) return resource.schema;
  const { apiVersion, kind } = object;
  const schema = PART_SCHEMAS[`${apiVersion}/${kind}`];
  if (!schema) throw internalError(`no kind ${JSON.stringify(kind)} is registered for version ${apiVersion}`);
  return schema;
}

export interface Changed {
  /** Before the change. */
  readonly object: AnyObject;
  readonly resource: Resource;
  readonly admission: Admission;
}

/** What somebody has made of an object, in canonical form, with defaults, and what the server has given it. */
export function acceptedAs({ object, resource, admission }: Changed, value: unknown): AnyObject {
  const decoded = decodedAs(object, schemaOf(object, resource), value);
  if (!isOfKind(object, resource)) return decoded;
  return applyDefaults(resource, settled(decoded, object, admission));
}

function decodedAs(before: AnyObject, schema: Struct, value: unknown): AnyObject {
  const { apiVersion, kind } = before;
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

/** What the server has given an object is not for others to change. */
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
