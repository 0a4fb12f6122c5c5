import { decodeProtobuf, encodeProtobuf } from "#machinery/derive/protobuf";
import { readEnvelope, watchFrame, wrapEnvelope } from "#machinery/protobuf-envelope";
import type { Struct } from "#machinery/schema";

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

/** One event of a watch. */
export const encodeFramed = (type: string, schema: Struct, object: object): Buffer =>
  asBuffer(watchFrame(type, encodeEnveloped(schema, object)));

const asBuffer = ({ buffer, byteOffset, byteLength }: Uint8Array<ArrayBuffer>): Buffer =>
  Buffer.from(buffer, byteOffset, byteLength);
