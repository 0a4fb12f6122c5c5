import { decodeProtobuf, encodeProtobuf } from "#machinery/derive/protobuf";
import { readEnvelope, watchFrame, wrapEnvelope } from "#machinery/protobuf-envelope";
import type { Struct } from "#machinery/schema";
import type { ServedKind } from "../resource-set.ts";
import type { Item } from "../storage/item.ts";
import { messageOf } from "./messages.ts";

export interface Enveloped {
  /** Empty where the client left it out. */
  readonly apiVersion: string;
  readonly kind: string;
  readonly object: Record<string, unknown>;
}

/** Throws ProtobufError. */
export function decodeEnveloped(bytes: Uint8Array, schema: Struct): Enveloped {
  const { apiVersion, kind, raw } = readEnvelope(bytes);
  return { apiVersion, kind, object: decodeProtobuf<Record<string, unknown>>(schema, raw) };
}

export function encodeEnveloped(schema: Struct, object: object): Buffer {
  const { apiVersion = "", kind = "" } = object as { apiVersion?: string; kind?: string };
  return asBuffer(wrapEnvelope({ apiVersion, kind }, encodeProtobuf(schema, object)));
}

/** A stored object as it is served. */
export const envelopedItem = (kind: ServedKind, item: Item): Buffer =>
  asBuffer(wrapEnvelope(kind.resource, messageOf(kind, item)));

/** One event of a watch about a stored object. */
export const framedItem = (type: string, kind: ServedKind, item: Item): Buffer =>
  asBuffer(watchFrame(type, envelopedItem(kind, item)));

/** One event of a watch about something else. */
export const encodeFramed = (type: string, schema: Struct, object: object): Buffer =>
  asBuffer(watchFrame(type, encodeEnveloped(schema, object)));

const asBuffer = ({ buffer, byteOffset, byteLength }: Uint8Array<ArrayBuffer>): Buffer =>
  Buffer.from(buffer, byteOffset, byteLength);
