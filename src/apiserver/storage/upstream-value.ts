/** Values as upstream's server stores them: protobuf, or JSON in an order of its own. What is changed is stored in our form, which that server reads, too. */
import { ObjectMeta } from "#api/meta-v1/objectmeta";
import { resourceForKind } from "#api/registry";
import { decodeJson } from "#machinery/derive/json";
import { applyDefaults } from "#machinery/derive/defaults";
import { decodeProtobuf } from "#machinery/derive/protobuf";
import { parseJson } from "#machinery/json";
import { readEnvelope } from "#machinery/protobuf-envelope";
import type { AnyObject } from "#machinery/schema";
import { conversionFor } from "./conversions.ts";
import { encodeStored } from "./item.ts";

/** The same object in the form that we store. Throws where it is of no kind that we know, or damaged. */
export function fromUpstream(value: Uint8Array): Buffer {
  const { apiVersion, kind, raw } = readEnvelope(value);
  const resource = resourceForKind(apiVersion, kind);
  if (!resource) throw new Error(`there is no kind ${kind} of ${apiVersion}`);
  const members = decodeProtobuf<AnyObject>(resource.schema, Uint8Array.from(raw));
  const object = decodeJson(resource.schema, { ...members, apiVersion, kind }) as AnyObject;
  const whole = applyDefaults(resource, object);
  return encodeStored(resource.storedAs === undefined ? whole : conversionFor(resource).toStored(whole));
}

/**
 * An object of a custom kind, which that server writes with all members in alphabetical order: in ours the kind comes
 * first, and what is spliced in or cut out of the metadata finds its place by the order there.
 */
export function inOurOrder(value: Uint8Array): Buffer {
  const { kind, apiVersion, metadata, ...members } = parseJson(value) as AnyObject;
  return encodeStored({
    kind,
    apiVersion,
    metadata: decodeJson(ObjectMeta, metadata) as AnyObject["metadata"],
    ...members,
  } as AnyObject);
}
