/** Values as upstream's server stores them: protobuf. What is changed is stored in our form, which that server reads, too. */
import { resourceForKind } from "#api/registry";
import { decodeJson } from "#machinery/derive/json";
import { applyDefaults } from "#machinery/derive/defaults";
import { decodeProtobuf } from "#machinery/derive/protobuf";
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
