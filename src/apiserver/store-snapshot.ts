import { asError } from "#base/attempt";
import { logger } from "#base/log";
import type { Store } from "#store/store";
import { drained, type OutgoingStream } from "./http/exchange.ts";
import type { PathHandler } from "./request/handlers.ts";

const log = logger("apiserver.snapshot");

/** Only for who may do everything: all objects are in it, as they are stored. */
export const SNAPSHOT_PATH = "/k8ts/store/snapshot";

/** Answers with the whole store at one revision; writes go on meanwhile. A client that gets its end has all of it. */
export const snapshotHandler =
  (store: Store): PathHandler =>
  async ({ exchange, headers }) => {
    const { signal } = exchange;
    const stream = exchange.open(200, { ...headers, "content-type": "application/octet-stream" });
    try {
      for await (const piece of store.snapshot({ signal })) {
        if (!(await send(stream, piece))) return;
      }
      stream.end();
    } catch (error) {
      if (!signal.aborted) log.warn("snapshot ended early", { error: asError(error) });
      stream.destroy();
    }
  };

/** False: nobody listens any more. */
async function send(stream: OutgoingStream, piece: Uint8Array): Promise<boolean> {
  if (!stream.write(piece)) await drained(stream);
  return !stream.closed;
}
