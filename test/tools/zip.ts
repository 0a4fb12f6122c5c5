import { closeSync, openSync, readSync, statSync } from "node:fs";
import { inflateRawSync } from "node:zlib";

/** A file inside a zip archive. */
export interface ZipEntry {
  readonly name: string;
  content(): Uint8Array;
}

const END_OF_DIRECTORY = 0x06054b50;
const END_SIZE = 22;
const ENTRY_SIZE = 46;
const LOCAL_SIZE = 30;
const DEFLATED = 8;

/** The files of a zip archive, read one by one as they are asked for. Archives beyond 4 GB are not understood. */
export function* zipEntries(file: string): Iterable<ZipEntry> {
  const size = statSync(file).size;
  // A comment may follow the end record; archives made by machines have none.
  const end = read(file, size - END_SIZE, END_SIZE);
  if (end.readUInt32LE(0) !== END_OF_DIRECTORY)
    throw new Error(`${file} is not a zip archive without comment`);
  const directory = read(file, end.readUInt32LE(16), end.readUInt32LE(12));
  for (let at = 0; at < directory.length;) {
    const [nameSize, extraSize, noteSize] = [28, 30, 32].map((offset) => directory.readUInt16LE(at + offset));
    const method = directory.readUInt16LE(at + 10);
    const packedSize = directory.readUInt32LE(at + 20);
    const place = directory.readUInt32LE(at + 42);
    yield {
      name: directory.toString("utf8", at + ENTRY_SIZE, at + ENTRY_SIZE + nameSize!),
      content: () => contentOf(file, place, packedSize, method),
    };
    at += ENTRY_SIZE + nameSize! + extraSize! + noteSize!;
  }
}

function contentOf(file: string, place: number, packedSize: number, method: number): Uint8Array {
  const local = read(file, place, LOCAL_SIZE);
  const start = place + LOCAL_SIZE + local.readUInt16LE(26) + local.readUInt16LE(28);
  const packed = read(file, start, packedSize);
  return method === DEFLATED ? inflateRawSync(packed) : packed;
}

function read(file: string, from: number, length: number): Buffer {
  const descriptor = openSync(file, "r");
  try {
    const bytes = Buffer.alloc(length);
    readSync(descriptor, bytes, 0, length, from);
    return bytes;
  } finally {
    closeSync(descriptor);
  }
}
