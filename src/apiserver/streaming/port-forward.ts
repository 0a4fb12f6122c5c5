import type { IncomingMessage } from "node:http";
import type { Duplex } from "node:stream";
import type { Upgraded } from "./kubelet-connection.ts";
import { acceptOrClose, offeredProtocols, sendWithPressure } from "./web-socket.ts";

/** SPDY frames as the messages of a WebSocket: how kubectl passes proxies that know no SPDY. */
const TUNNELLED = "SPDY/3.1+portforward.k8s.io";

export const SPDY_HEADERS = {
  connection: "Upgrade",
  upgrade: "SPDY/3.1",
  "x-stream-protocol-version": "portforward.k8s.io",
} as const;

export const isTunnelled = (request: IncomingMessage): boolean =>
  offeredProtocols(request).includes(TUNNELLED);

/** Takes the frames out of the messages and back. */
export async function serveTunnelled(
  client: { readonly request: IncomingMessage; readonly socket: Duplex; readonly head: Buffer },
  { socket, head }: Upgraded,
): Promise<void> {
  const webSocket = await acceptOrClose(client, TUNNELLED, socket);
  if (head.length > 0) webSocket.send(head);
  socket.on("data", (chunk: Buffer) => sendWithPressure(webSocket, chunk, socket));
  webSocket.on("message", (data: Buffer) => {
    if (socket.write(data) || webSocket.isPaused) return;
    webSocket.pause();
    socket.once("drain", () => webSocket.resume());
  });
  socket.on("close", () => webSocket.close(1000));
  socket.on("error", () => webSocket.close(1011));
  webSocket.on("close", () => socket.destroy());
  webSocket.on("error", () => socket.destroy());
}
