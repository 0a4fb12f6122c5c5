import { once } from "node:events";
import {
  type IncomingMessage,
  type Server as HttpServer,
  STATUS_CODES,
  type ServerOptions as HttpServerOptions,
  ServerResponse,
} from "node:http";
import {
  type Http2SecureServer,
  type Http2Session,
  type ServerHttp2Stream,
  createSecureServer,
} from "node:http2";
import type { AddressInfo, Socket } from "node:net";
import type { Duplex } from "node:stream";
import type { TLSSocket } from "node:tls";
import type { Clock } from "#base/clock";
import { logger } from "#base/log";
import type { Limits } from "../limits.ts";
import type { Exchange } from "./exchange.ts";
import { H1Exchange } from "./h1-exchange.ts";
import { Heartbeat } from "./heartbeat.ts";
import { H2Exchange } from "./h2-exchange.ts";
import { UpgradeExchange } from "./upgrade-exchange.ts";

const log = logger("apiserver.http");

/** PEM texts. The client CA verifies client certificates; who shows none may still bring a token. */
export interface ServingCertificate {
  readonly certificate: string;
  readonly key: string;
}

export interface ListenerOptions extends ServingCertificate {
  readonly clientCa: string;
  readonly clock: Clock;
  readonly limits: Limits;
  readonly handle: (exchange: Exchange) => Promise<void>;
  /** Whether connections for this path, beyond those of our own kinds, may change their protocol. */
  readonly takesUpgrade: (url: string) => boolean;
}

/** Milliseconds between looks at connections that take too long for their headers. */
const LOOK_MS = 5_000;
/**
 * Megabytes that Node counts for one HTTP/2 connection before it refuses every further stream. It never takes off what
 * still waited on streams that were reset, so its own bound of 10 makes a connection useless after a few lists that
 * were given up. What waits is bounded by us: by the window, the number of streams and the buffers of watches.
 */
const SESSION_MEGABYTES_MAX = 64 * 1024;
/** Paths on which a connection may change its protocol. Elsewhere that wish is ignored, as HTTP lets a server do. */
const UPGRADING =
  /^\/+api\/v1\/(?:namespaces\/[^/?]+\/)?(?:pods|services|nodes)\/[^/?]+\/(?:exec|attach|portforward|proxy)(?:[/?]|$)/;
/** Watches and logs come as messages to those who ask for them. */
const MESSAGES =
  /[?&]watch=[1t]|^\/apis?\/([^/?]+\/)?[^/?]+\/watch\/|^\/api\/[^/?]+\/namespaces\/[^/?]+\/pods\/[^/?]+\/log(?:\?|$)/i;
/** Bytes of a body that a client may send before we have read any. */
const WINDOW_BYTES = 256 * 1024;

/** The other end of a connection. */
type Peer = { readonly clientCertificate: Uint8Array | undefined; readonly remoteAddress: string };

/** TLS on one port: HTTP/2, and HTTP/1.1 with upgrades. */
export class Listener {
  readonly #server: Http2SecureServer;
  readonly #options: ListenerOptions;
  readonly #sessions = new Set<Http2Session>();
  readonly #sockets = new Set<Socket>();
  readonly #peers = new WeakMap<object, Peer>();
  readonly #heartbeat: Heartbeat;
  #closed: Promise<void> | undefined;

  constructor(options: ListenerOptions) {
    this.#options = options;
    const { limits } = options;
    this.#server = createSecureServer({
      allowHTTP1: true,
      requestCert: true,
      rejectUnauthorized: false,
      cert: options.certificate,
      key: options.key,
      ca: options.clientCa,
      minVersion: "TLSv1.2",
      handshakeTimeout: limits.handshakeMs,
      maxHeaderSize: limits.headerBytesMax,
      maxHeaderListPairs: limits.headersMax,
      maxSessionMemory: SESSION_MEGABYTES_MAX,
      settings: {
        maxConcurrentStreams: limits.streamsPerConnectionMax,
        maxHeaderListSize: limits.headerBytesMax,
        initialWindowSize: WINDOW_BYTES,
      },
      keepAliveTimeout: limits.idleMs,
      headersTimeout: limits.headersMs,
      connectionsCheckingInterval: Math.min(LOOK_MS, limits.headersMs),
    } as Parameters<typeof createSecureServer>[0]);
    this.#server.maxConnections = limits.connectionsMax;
    // HTTP/1.1 is served by the same server; its types know only the rest of it.
    (this.#server as unknown as HttpServer).maxHeadersCount = limits.headersMax;
    this.#heartbeat = new Heartbeat(options.clock, limits.heartbeatMs);
    this.#listenForRequests();
    this.#server.on("session", (session) => {
      this.#sessions.add(session);
      this.#heartbeat.add(session);
      session.once("close", () => this.#sessions.delete(session));
      session.on("error", () => undefined);
    });
    const track = (socket: Socket) => {
      this.#sockets.add(socket);
      socket.once("close", () => this.#sockets.delete(socket));
      socket.on("error", () => undefined);
    };
    // Also those that never begin TLS: closing waits for every connection.
    this.#server.on("connection", track);
    this.#server.on("secureConnection", track);
    this.#server.on("clientError", refuse);
  }

  async listen(host: string, port: number): Promise<AddressInfo> {
    this.#server.listen(port, host);
    await once(this.#server, "listening");
    return this.#server.address() as AddressInfo;
  }

  /** New connections see this certificate. */
  renew({ certificate, key }: ServingCertificate): void {
    this.#server.setSecureContext({
      cert: certificate,
      key,
      ca: this.#options.clientCa,
      minVersion: "TLSv1.2",
    });
  }

  /** Takes no more connections, and tells those that are open to go elsewhere with what is new. */
  refuse(): void {
    this.#closed ??= new Promise<void>((resolve) => this.#server.close(() => resolve()));
    for (const session of this.#sessions) session.close();
  }

  /** What has been written so far may still leave; then every connection ends. */
  async close(): Promise<void> {
    this.refuse();
    this.#heartbeat.close();
    if (this.#sockets.size > 0) await flushed();
    for (const session of this.#sessions) session.destroy();
    for (const socket of this.#sockets) socket.destroy();
    await this.#closed;
  }

  #listenForRequests(): void {
    const { clock, takesUpgrade } = this.#options;
    const server = this.#server;
    // With a `request` listener of our own and no `stream` listener of Node's, HTTP/1.1 comes as requests and
    // HTTP/2 as streams, without compatibility objects on the way.
    server.on("request", (request, response) => {
      const h1 = request as unknown as IncomingMessage;
      const exchange = new H1Exchange(
        h1,
        response as unknown as ServerResponse,
        clock,
        this.#peerOf(h1.socket),
      );
      // Names and values in turn. Node leaves out what is beyond the bound, and a header may matter.
      if (h1.rawHeaders.length < 2 * this.#options.limits.headersMax) return this.#run(exchange);
      exchange.reply(431, { connection: "close" }, Buffer.from(`431 ${STATUS_CODES[431]}`));
    });
    server.removeAllListeners("stream");
    server.on("stream", (stream: ServerHttp2Stream, headers, _flags, raw) => {
      const session = stream.session;
      if (!session) return;
      this.#run(new H2Exchange(stream, headers, raw, clock, this.#peerOf(session, session.socket)));
    });
    (server as unknown as HttpServerOptions).shouldUpgradeCallback = ({ method, url = "", headers }) =>
      UPGRADING.test(url) ||
      takesUpgrade(url) ||
      (method === "GET" && MESSAGES.test(url) && headers.upgrade?.toLowerCase() === "websocket");
    server.on("upgrade", (request: IncomingMessage, socket: Duplex, head: Buffer) => {
      socket.on("error", () => undefined);
      this.#run(new UpgradeExchange(request, socket, head, this.#peerOf(request.socket)));
    });
  }

  #run(exchange: Exchange): void {
    this.#options.handle(exchange).catch((error: unknown) => {
      log.error("a request ended without an answer", { path: exchange.path, error });
      exchange.reply(500, { "content-type": "text/plain" }, Buffer.from(STATUS_CODES[500]!));
    });
  }

  /** Who is on the other end; found out once a connection. */
  #peerOf(connection: object, socket: object = connection): Peer {
    const known = this.#peers.get(connection);
    if (known) return known;
    const tls = socket as TLSSocket;
    const peer: Peer = {
      clientCertificate: tls.authorized ? tls.getPeerCertificate().raw : undefined,
      remoteAddress: tls.remoteAddress ?? "",
    };
    this.#peers.set(connection, peer);
    return peer;
  }
}

/** Turns of the event loop after which what was written has left, wherever the other end reads. */
const FLUSH_TURNS = 5;

async function flushed(): Promise<void> {
  for (let turn = 0; turn < FLUSH_TURNS; turn++) await new Promise((resolve) => setImmediate(resolve));
}

/** What is no HTTP/1.1 gets the answer that Go's server gives, and no more. */
function refuse(
  error: Error & { readonly code?: string },
  socket: Socket & { readonly bytesWritten: number; readonly secureConnecting?: boolean },
): void {
  // Nothing can be said before the handshake is done.
  if (socket.secureConnecting) return void socket.destroy();
  const code =
    error.code === "HPE_HEADER_OVERFLOW" ? 431 : error.code === "ERR_HTTP_REQUEST_TIMEOUT" ? 408 : 400;
  const words = `${code} ${STATUS_CODES[code]}`;
  if (!socket.writable || error.code === "ECONNRESET") return void socket.destroy();
  const head = ["content-type: text/plain; charset=utf-8", "connection: close", "", words].join("\r\n");
  socket.end(`HTTP/1.1 ${words}\r\n${head}`);
  socket.destroySoon();
}
