import type { IncomingMessage } from "node:http";
import type { Duplex } from "node:stream";
import { WebSocket, WebSocketServer } from "ws";
import { badRequest } from "#machinery/status";

/** Bytes that may wait for a slow client before its source is stopped. */
const BUFFERED_BYTES_MAX = 1024 * 1024;
const MESSAGE_BYTES_MAX = 16 * 1024 * 1024;

export const offeredProtocols = (request: IncomingMessage): string[] =>
  (request.headers["sec-websocket-protocol"] ?? "").split(",").map((name) => name.trim());

export const isWebSocket = (request: IncomingMessage): boolean =>
  request.headers.upgrade?.toLowerCase() === "websocket";

/** Completes the handshake with this subprotocol. Fails when the client's part of it is wrong: that has been answered. */
export function accept(
  request: IncomingMessage,
  socket: Duplex,
  head: Buffer,
  protocol: string | false,
): Promise<WebSocket> {
  const server = new WebSocketServer({
    noServer: true,
    maxPayload: MESSAGE_BYTES_MAX,
    perMessageDeflate: false,
    handleProtocols: () => protocol,
  });
  return new Promise((resolve, reject) => {
    const gone = () => reject(badRequest("the WebSocket handshake failed"));
    socket.once("close", gone);
    server.handleUpgrade(request, socket, head, (client) => {
      socket.off("close", gone);
      resolve(client);
    });
  });
}

/** As `accept`; a failure closes the connection that the client was to be joined with. */
export async function acceptOrClose(
  client: { readonly request: IncomingMessage; readonly socket: Duplex; readonly head: Buffer },
  protocol: string,
  other: Duplex,
): Promise<WebSocket> {
  try {
    return await accept(client.request, client.socket, client.head, protocol);
  } catch (error) {
    other.destroy();
    throw error;
  }
}

/** Sends, and stops the source while the client does not keep up. */
export function sendWithPressure(client: WebSocket, message: Uint8Array, source: Duplex): void {
  if (client.readyState !== WebSocket.OPEN) return;
  client.send(message, () => {
    if (source.isPaused() && client.bufferedAmount < BUFFERED_BYTES_MAX) source.resume();
  });
  if (client.bufferedAmount > BUFFERED_BYTES_MAX) source.pause();
}
