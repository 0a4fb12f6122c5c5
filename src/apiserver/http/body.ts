import type { Readable } from "node:stream";
import type { Clock } from "#base/clock";
import { timeout, tooLarge } from "#machinery/status";

/** All bytes of a body, bounded in size and in time. */
export function readAll(source: Readable, bytesMax: number, withinMs: number, clock: Clock): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let size = 0;
    const stop = (settle: () => void) => {
      cancel();
      source.off("data", take).off("end", done).off("error", fail).off("close", gone);
      settle();
    };
    const take = (chunk: Buffer) => {
      size += chunk.length;
      if (size > bytesMax) {
        // What still comes is read and dropped, so that the client gets to see the answer.
        stop(() => reject(tooLarge(`limit is ${bytesMax}`)));
        source.resume();
        return;
      }
      chunks.push(chunk);
    };
    const done = () => stop(() => resolve(chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks, size)));
    const fail = (error: Error) => stop(() => reject(error));
    const gone = () => stop(() => reject(new Error("the client went away")));
    const cancel = clock.after(withinMs, () =>
      stop(() => reject(timeout("request did not complete within the allotted timeout", 0))),
    );
    source.on("data", take).on("end", done).on("error", fail).on("close", gone);
  });
}
