/**
 * Protobuf around API objects: the envelope that says their kind, lists made of encoded items, and the frames of
 * a watch.
 */
import { ProtobufError, Reader, Writer } from "./derive/wire.ts";

/** What every enveloped object starts with: `k8s` and a zero. */
const MAGIC = Uint8Array.of(0x6b, 0x38, 0x73, 0x00);

export interface Envelope {
  readonly apiVersion: string;
  readonly kind: string;
  /** The message, or whatever `contentType` says. A view on the bytes that were read. */
  readonly raw: Uint8Array;
  readonly contentEncoding: string;
  /** Empty for protobuf. */
  readonly contentType: string;
}

const writer = new Writer();

const key = (tag: number): number => tag * 8 + 2;

/** An object's message, or one of its parts, with the kind around it. */
export function wrapEnvelope(
  { apiVersion, kind }: { readonly apiVersion: string; readonly kind: string },
  raw: Uint8Array,
): Uint8Array<ArrayBuffer> {
  return concat([envelopeHead(apiVersion, kind, raw.length), raw, ENVELOPE_END]);
}

/** Content encoding and content type, both empty. */
const ENVELOPE_END = Uint8Array.of(key(3), 0, key(4), 0);

/** Up to where the message begins. */
function envelopeHead(apiVersion: string, kind: string, rawLength: number): Uint8Array<ArrayBuffer> {
  writer.uint32(rawLength);
  writer.uint32(key(2));
  const before = writer.size;
  writer.string(kind);
  writer.uint32(key(2));
  writer.string(apiVersion);
  writer.uint32(key(1));
  writer.since(before);
  writer.uint32(key(1));
  writer.raw(MAGIC);
  return writer.finish();
}

/** Does it begin as an enveloped object does? */
export const isEnvelope = (bytes: Uint8Array): boolean => MAGIC.every((byte, i) => bytes[i] === byte);

/** Throws `ProtobufError`. */
export function readEnvelope(bytes: Uint8Array): Envelope {
  if (!isEnvelope(bytes))
    throw new ProtobufError(
      "provided data does not appear to be a protobuf message, expected prefix [107 56 115 0]",
    );
  const reader = new Reader(bytes);
  reader.at = MAGIC.length;
  const found = {
    apiVersion: "",
    kind: "",
    raw: new Uint8Array(0) as Uint8Array,
    contentEncoding: "",
    contentType: "",
  };
  while (reader.at < reader.end) {
    const tag = reader.uint32();
    if (tag === key(1)) Object.assign(found, readTypeMeta(reader.view()));
    else if (tag === key(2)) found.raw = reader.view();
    else if (tag === key(3)) found.contentEncoding = reader.string();
    else if (tag === key(4)) found.contentType = reader.string();
    else reader.skip(tag & 7);
  }
  return found;
}

function readTypeMeta(bytes: Uint8Array): { apiVersion: string; kind: string } {
  const reader = new Reader(bytes);
  const found = { apiVersion: "", kind: "" };
  while (reader.at < reader.end) {
    const tag = reader.uint32();
    if (tag === key(1)) found.apiVersion = reader.string();
    else if (tag === key(2)) found.kind = reader.string();
    else reader.skip(tag & 7);
  }
  return found;
}

/** Behind the last item of a list. */
export const LIST_END: Uint8Array = ENVELOPE_END;

/**
 * A list of already encoded items up to the first of them. `metadata` is the ListMeta's message, `items` are messages
 * without envelopes.
 */
export function listHead(
  { apiVersion, kind }: { readonly apiVersion: string; readonly kind: string },
  metadata: Uint8Array,
  items: readonly Uint8Array[],
): Uint8Array<ArrayBuffer> {
  const meta = partHead(1, metadata.length);
  let length = meta.length + metadata.length;
  for (const item of items) length += itemHeadLength(item) + item.length;
  return concat([envelopeHead(apiVersion, kind, length), meta, metadata]);
}

/** Bytes of what stands before an item of a list. */
export function itemHeadLength(item: Uint8Array): number {
  let length = 2;
  for (let rest = item.length >>> 7; rest > 0; rest >>>= 7) length += 1;
  return length;
}

/** Writes it; gives the place behind it. */
export function writeItemHead(item: Uint8Array, target: Uint8Array, at: number): number {
  target[at++] = key(2);
  let rest = item.length;
  for (; rest > 0x7f; rest >>>= 7) target[at++] = (rest & 0x7f) | 0x80;
  target[at++] = rest;
  return at;
}

function partHead(tag: number, length: number): Uint8Array {
  writer.uint32(length);
  writer.uint32(key(tag));
  return writer.finish();
}

/** One event of a watch as a frame: its length in four bytes, then a WatchEvent that holds the enveloped object. */
export function watchFrame(type: string, enveloped: Uint8Array): Uint8Array<ArrayBuffer> {
  writer.uint32(enveloped.length);
  writer.uint32(key(1));
  const object = writer.finish();
  writer.uint32(object.length + enveloped.length);
  writer.uint32(key(2));
  writer.string(type);
  writer.uint32(key(1));
  const head = writer.finish();
  const length = new Uint8Array(4);
  new DataView(length.buffer).setUint32(0, head.length + object.length + enveloped.length);
  return concat([length, head, object, enveloped]);
}

/** The event in a frame, without the four bytes of its length. */
export function readWatchEvent(bytes: Uint8Array): { readonly type: string; readonly object: Uint8Array } {
  const reader = new Reader(bytes);
  const found = { type: "", object: new Uint8Array(0) as Uint8Array };
  while (reader.at < reader.end) {
    const tag = reader.uint32();
    if (tag === key(1)) found.type = reader.string();
    else if (tag === key(2)) found.object = readRaw(reader.view());
    else reader.skip(tag & 7);
  }
  return found;
}

function readRaw(bytes: Uint8Array): Uint8Array {
  const reader = new Reader(bytes);
  let raw: Uint8Array = new Uint8Array(0);
  while (reader.at < reader.end) {
    const tag = reader.uint32();
    if (tag === key(1)) raw = reader.view();
    else reader.skip(tag & 7);
  }
  return raw;
}

export function concat(pieces: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const whole = new Uint8Array(pieces.reduce((sum, piece) => sum + piece.length, 0));
  let at = 0;
  for (const piece of pieces) {
    whole.set(piece, at);
    at += piece.length;
  }
  return whole;
}
