import { CborError, decodeCbor, encodeCbor } from "#machinery/cbor";
import { badRequest } from "#machinery/status";
import type { Body } from "../request/operation.ts";
import { mediaTypeOf } from "./decode.ts";

/** What a body in CBOR is read as: it says what one in these types would. */
const READ_AS: Readonly<Record<string, string>> = {
  "application/cbor": "application/json",
  "application/apply-patch+cbor": "application/apply-patch+yaml",
};

/** The value in a body of CBOR; undefined for other types. Throws BadRequest. */
export function cborBody(bytes: Uint8Array, contentType: string): Body | undefined {
  const mediaType = mediaTypeOf(contentType);
  if (!Object.hasOwn(READ_AS, mediaType)) return undefined;
  try {
    return { type: "value", value: decodeCbor(bytes), contentType: READ_AS[mediaType]! };
  } catch (error) {
    if (error instanceof CborError) throw badRequest(`the object provided is unrecognized: ${error.message}`);
    throw error;
  }
}

export function cborBytes(value: object): Buffer {
  const { buffer, byteOffset, byteLength } = encodeCbor(value);
  return Buffer.from(buffer, byteOffset, byteLength);
}
