import { promisify } from "node:util";
import { createGzip, gzip } from "node:zlib";
import type { OutgoingStream } from "../http/exchange.ts";

const gzipBytes = promisify(gzip);

/** Smaller answers are sent as they are. */
export const COMPRESSED_BYTES_MIN = 128 * 1024;
/** Fast rather than small. */
const LEVEL = 1;

/** With a quality of zero it is refused. */
const GZIP = /^\s*gzip\s*(?:;\s*q=(?:1|0?\.\d*[1-9]).*)?$/i;

export const takesGzip = (acceptEncoding: string | undefined): boolean =>
  acceptEncoding?.split(",").some((coding) => GZIP.test(coding)) ?? false;

export const compressed = (bytes: Uint8Array): Promise<Buffer> => gzipBytes(bytes, { level: LEVEL });

/** A stream whose chunks reach the other one compressed, off this thread. */
export function gzipStream(target: OutgoingStream): OutgoingStream {
  const pipe = createGzip({ level: LEVEL });
  const closers: (() => void)[] = [];
  let drainer: (() => void) | undefined;
  pipe.on("data", (chunk: Buffer) => {
    if (target.write(chunk)) return;
    pipe.pause();
    target.onDrain(() => pipe.resume());
  });
  pipe.on("drain", () => drainer?.());
  pipe.on("end", () => target.end());
  pipe.on("error", () => target.destroy());
  target.onClose(() => {
    pipe.destroy();
    for (const close of closers) close();
    drainer?.();
  });
  return {
    write: (chunk) => pipe.write(chunk),
    end: () => void pipe.end(),
    destroy: () => target.destroy(),
    get closed() {
      return target.closed;
    },
    onDrain: (callback) => void (drainer = callback),
    onClose: (callback) => void closers.push(callback),
  };
}
