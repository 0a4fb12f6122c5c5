import type { IncomingMessage } from "node:http";
import type { Duplex } from "node:stream";
import { WebSocket, WebSocketServer } from "ws";

/** Bytes that may wait for a slow client before its source is stopped. */
const BUFFERED_BYTES_MAX = 1024 * 1024;
const MESSAGE_BYTES_MAX = 16 * 1024 * 1024;

export const offeredProtocols = (request: IncomingMessage): string[] =>
  (request.headers["sec-websocket-protocol"] ?? "").split(",").map((name) => name.trim());

export const isWebSocket = (request: IncomingMessage): boolean =>
  request.headers.upgrade?.toLowerCase() === "websocket";

/** Completes the handshake with this subprotocol. */
export function accept(
  request: IncomingMessage,
  socket: Duplex,
  head: Buffer,
  protocol: string,
): Promise<WebSocket> {
  const server = new WebSocketServer({
    noServer: true,
    maxPayload: MESSAGE_BYTES_MAX,
    perMessageDeflate: false,
    handleProtocols: () => protocol,
  });
  return new Promise((resolve) => server.handleUpgrade(request, socket, head, resolve));
}

/** Sends, and stops the source while the client does not keep up. */
export function sendWithPressure(client: WebSocket, message: Uint8Array, source: Duplex): void {
  if (client.readyState !== WebSocket.OPEN) return;
  client.send(message, () => {
    if (source.isPaused() && client.bufferedAmount < BUFFERED_BYTES_MAX) source.resume();
  });
  if (client.bufferedAmount > BUFFERED_BYTES_MAX) source.pause();
}
