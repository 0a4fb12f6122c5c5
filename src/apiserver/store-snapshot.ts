import { asError } from "#base/attempt";
import { logger } from "#base/log";
import type { Store } from "#store/store";
import { denied } from "./authorization/denial.ts";
import type { Authorizer, RequestInfo } from "./contracts.ts";
import { drained, type OutgoingStream } from "./http/exchange.ts";
import type { PathHandler } from "./request/handlers.ts";

const log = logger("apiserver.snapshot");

/** Only for who may do everything: all objects are in it, as they are stored. */
export const SNAPSHOT_PATH = "/k8ts/store/snapshot";

/** Secrets are in it: a right to read every path, as monitoring may have, is not enough. */
const EVERYTHING: RequestInfo = {
  isResource: true,
  path: "",
  verb: "*",
  group: "*",
  version: "*",
  resource: "*",
  subresource: "",
  namespace: "",
  name: "",
  query: new URLSearchParams(),
};

/** Answers with the whole store at one revision; writes go on meanwhile. A client that gets its end has all of it. */
export const snapshotHandler =
  (store: Store, authorizer: Authorizer): PathHandler =>
  async ({ exchange, headers, user, info }) => {
    const decision = await authorizer.authorize(user, EVERYTHING);
    if (decision.verdict !== "allow") throw denied(user, info, decision);
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
