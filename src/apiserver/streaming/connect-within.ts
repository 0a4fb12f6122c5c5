import type { ClientRequest } from "node:http";

/** Milliseconds until the other side must have taken the connection. */
export const CONNECT_MS_MAX = 10_000;

/** Ends the request with an error when there is no connection in time. How long the answer may take is not bounded. */
export function connectWithin(request: ClientRequest, ms = CONNECT_MS_MAX): ClientRequest {
  return request.once("socket", (socket) => {
    if (request.reusedSocket) return;
    const late = () => void request.destroy(new Error(`no connection within ${ms} ms`));
    socket.setTimeout(ms, late);
    socket.once("encrypted" in socket ? "secureConnect" : "connect", () =>
      socket.setTimeout(0).off("timeout", late),
    );
  });
}
