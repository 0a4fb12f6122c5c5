import type { IncomingMessage } from "node:http";
import { WebSocket } from "ws";
import { badRequest } from "#machinery/status";
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

/** How what is written becomes messages. */
interface Messages {
  readonly protocol: string | false;
  readonly binary: boolean;
  readonly of: (chunk: Uint8Array) => Uint8Array | string;
}

const protocolsOf = (request: IncomingMessage): string[] =>
  offeredProtocols(request).filter((name) => name !== "" && !name.startsWith(BEARER));

const asIs = (chunk: Uint8Array): Uint8Array => chunk;

/** Each event of a watch in this format. */
export const eventMessages = (request: IncomingMessage, format: Format): Messages => ({
  protocol: protocolsOf(request)[0] ?? false,
  binary: format !== "json",
  of: format === "protobuf" ? (chunk) => chunk.subarray(LENGTH_BYTES) : asIs,
});

/** Pieces of bytes, or of their base64, as the client asks for. Throws BadRequest for protocols that there are not. */
export function byteMessages(request: IncomingMessage): Messages {
  const offered = protocolsOf(request);
  const protocol = offered.find((name) => name === BINARY || name === BASE64) ?? false;
  if (protocol === false && offered.length > 0)
    throw badRequest(
      `requested protocol(s) are not supported: [${offered.join(" ")}]; supports [${BINARY} ${BASE64}]`,
    );
  const isText = protocol === BASE64;
  return { protocol, binary: !isText, of: isText ? (chunk) => Buffer.from(chunk).toString("base64") : asIs };
}

const BINARY = "binary.k8s.io";
const BASE64 = "base64.binary.k8s.io";

/** A WebSocket to a client that only listens; what it says is not heard. Fails when the handshake does. */
export async function messageStream(
  { request, socket, head }: Upgrade,
  { protocol, binary, of }: Messages,
): Promise<OutgoingStream> {
  const client = await accept(request, socket, head, protocol);
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
      client.send(of(chunk), { binary }, sent);
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
