import { ListMeta } from "#api/meta-v1/listmeta";
import { encodeProtobuf } from "#machinery/derive/protobuf";
import { LIST_END, itemHeadLength, listHead, writeItemHead } from "#machinery/protobuf-envelope";
import type { ListPageMeta } from "../request/operation.ts";
import type { ServedKind } from "../resource-set.ts";
import { CHUNK_BYTES } from "./list-chunks.ts";

/** A list in protobuf, in pieces, from the messages of its items; memory is used again as by `listChunks`. */
export function* protobufChunks(
  { resource: { apiVersion, listKind } }: ServedKind,
  meta: ListPageMeta,
  messages: readonly Uint8Array[],
): Generator<Buffer, void, boolean> {
  const head = listHead({ apiVersion, kind: listKind }, encodeProtobuf(ListMeta, meta), messages);
  let chunk = Buffer.allocUnsafe(CHUNK_BYTES);
  chunk.set(head);
  let end = head.length;
  for (const message of messages) {
    const length = itemHeadLength(message) + message.length;
    if (end + length > chunk.length) {
      const isFree = yield chunk.subarray(0, end);
      if (!isFree || chunk.length < length) chunk = Buffer.allocUnsafe(Math.max(CHUNK_BYTES, length));
      end = 0;
    }
    end = writeItemHead(message, chunk, end);
    chunk.set(message, end);
    end += message.length;
  }
  yield chunk.subarray(0, end);
  yield Buffer.from(LIST_END);
}
