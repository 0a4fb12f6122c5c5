import { WebSocket } from "ws";
import type { OutgoingStream, RawExchange } from "../http/exchange.ts";
import type { Format } from "../negotiation/accept.ts";
import { accept, offeredProtocols } from "./web-socket.ts";

/** Bytes that may wait for a slow client. */
const BUFFERED_BYTES_MAX = 1024 * 1024;
/** How a browser says who it is: no protocol to answer with. */
const BEARER = "base64url.bearer.authorization.k8s.io.";
/** Events in protobuf have their length before them; a message has its own. */
const LENGTH_BYTES = 4;

type Upgrade = Extract<RawExchange, { readonly protocol: "upgrade" }>;

/** A WebSocket to a client that only listens; what it says is not heard. Fails when the handshake does. */
export async function messageStream(
  { request, socket, head }: Upgrade,
  format: Format,
): Promise<OutgoingStream> {
  const protocol = offeredProtocols(request).find((name) => name !== "" && !name.startsWith(BEARER));
  const client = await accept(request, socket, head, protocol ?? false);
  const binary = format === "protobuf" || format === "cbor";
  let drainer = () => undefined as void;
  const sent = () => {
    if (client.bufferedAmount < BUFFERED_BYTES_MAX) drainer();
  };
  client.on("error", () => client.terminate());
  client.on("close", () => drainer());
  return {
    isMessages: true,
    write(chunk) {
      if (client.readyState !== WebSocket.OPEN) return false;
      client.send(format === "protobuf" ? chunk.subarray(LENGTH_BYTES) : chunk, { binary }, sent);
      return client.bufferedAmount < BUFFERED_BYTES_MAX;
    },
    end: () => client.close(1000),
    destroy: () => client.terminate(),
    get closed() {
      return client.readyState !== WebSocket.OPEN;
    },
    onDrain: (callback) => void (drainer = callback),
    onClose: (callback) => void client.on("close", callback),
  };
}
