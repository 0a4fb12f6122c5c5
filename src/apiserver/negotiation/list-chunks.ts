import type { ListPageMeta } from "../request/operation.ts";
import type { ServedKind } from "../resource-set.ts";
import type { Item } from "../storage/item.ts";

/** Pieces of a list are about this big, so that no list ever is one string or one buffer. */
export const CHUNK_BYTES = 64 * 1024;
const OPEN_BRACE = 0x7b;
const COMMA = 0x2c;

/**
 * JSON of a list, in pieces, from the stored bytes of its items. Who asks for the next piece says whether the memory of
 * the last one is free: then the next is made there, and a list of any length needs no more than a few pieces.
 */
export function* listChunks(
  kind: ServedKind,
  meta: ListPageMeta,
  items: readonly Item[],
): Generator<Buffer, void, boolean> {
  const { resource, view } = kind;
  const head = { kind: resource.listKind, apiVersion: resource.apiVersion, metadata: meta };
  let chunk = Buffer.allocUnsafe(CHUNK_BYTES);
  let end = chunk.write(`${JSON.stringify(head).slice(0, -1)},"items":[`);
  // Items of a list go without kind and apiVersion: the list has said it.
  const skip = view.asStored && items[0] ? items[0].typeLength() : 0;
  for (const [index, item] of items.entries()) {
    // Custom objects say their kind in lists too.
    const isWhole = view.isAsStored?.(item) === true;
    const converted = view.asStored || isWhole ? undefined : view.bytes(item);
    const length = (converted?.length ?? item.servedLength) + 2;
    if (end + length > chunk.length) {
      const isFree = yield chunk.subarray(0, end);
      if (!isFree || chunk.length < length) chunk = Buffer.allocUnsafe(Math.max(CHUNK_BYTES, length));
      end = 0;
    }
    if (index > 0) chunk[end++] = COMMA;
    if (converted) end += converted.copy(chunk, end);
    else if (isWhole) end = item.write(chunk, end, 0);
    else {
      chunk[end++] = OPEN_BRACE;
      end = item.write(chunk, end, skip);
    }
  }
  yield chunk.subarray(0, end);
  yield CLOSING;
}

const CLOSING = Buffer.from("]}\n");
