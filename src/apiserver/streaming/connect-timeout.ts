import type { ClientRequest } from "node:http";

/** Milliseconds until the other side must have taken the connection: the option `timeout` of the request. */
export const CONNECT_MS_MAX = 10_000;

/**
 * Ends a request with an error when it has no connection within its `timeout`. How long the answer may take, and how
 * long it may pause, is not bounded.
 */
export function endUnlessConnected(request: ClientRequest): ClientRequest {
  let connected = false;
  request.once("socket", (socket) => {
    if (request.reusedSocket) connected = true;
    else socket.once("encrypted" in socket ? "secureConnect" : "connect", () => (connected = true));
  });
  return request.on("timeout", () => {
    if (!connected) request.destroy(new Error("no connection in time"));
  });
}
