import type { Struct } from "#machinery/schema";
import { notAcceptable, unsupportedMediaType } from "#machinery/status";

export interface Enveloped {
  readonly apiVersion: string;
  readonly kind: string;
  readonly object: Record<string, unknown>;
}

export function decodeEnveloped(_bytes: Uint8Array, _schema: Struct): Enveloped {
  throw unsupportedMediaType("protobuf");
}

export function encodeEnveloped(_schema: Struct, _object: object): Buffer {
  throw notAcceptable("protobuf");
}

export function encodeFramed(_event: Struct, _type: string, _schema: Struct, _object: object): Buffer {
  throw notAcceptable("protobuf");
}
