import { Agent as HttpAgent, type IncomingMessage, request as httpRequest } from "node:http";
import { Agent as HttpsAgent, request as httpsRequest, type RequestOptions } from "node:https";
import type { Socket } from "node:net";
import type { TlsMaterial } from "./credentials.ts";

/** Idle connections kept open. */
const IDLE_MAX = 32;
/** Connections for requests that are answered soon: more would be opened only to be closed again. */
const BRIEF_MAX = IDLE_MAX;
/** The kernel starts to ask after a silent peer so soon. */
const KEEP_ALIVE_MS = 15_000;

/** One request on the wire. */
export interface WireRequest {
  readonly method: string;
  /** With the query. */
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array | undefined;
  /** The answer is read to its end at once, so that it may share a limited number of connections. */
  readonly brief?: boolean;
  readonly signal?: AbortSignal | undefined;
}

/** The connection failed. `sent`: the server may have seen the request. */
export class ConnectionError extends Error {
  override readonly name = "ConnectionError";
  readonly sent: boolean;
  constructor(url: URL, sent: boolean, cause: Error) {
    super(`${url.host}: ${cause.message || (cause as NodeJS.ErrnoException).code || cause.name}`, { cause });
    this.sent = sent;
  }
}

/** Kept connections to API servers; they are made anew when the TLS material changes. */
export class Connections {
  readonly #material: () => TlsMaterial;
  readonly #open = new WeakSet<Socket>();
  #agents:
    | {
        readonly material: TlsMaterial;
        readonly http: HttpAgent;
        readonly https: HttpsAgent;
        readonly brief: HttpsAgent;
      }
    | undefined;

  constructor(material: () => TlsMaterial) {
    this.#material = material;
  }

  /** Resolves with the head of the answer; its body is still to be read. */
  send(url: URL, { method, path, headers, body, brief, signal }: WireRequest): Promise<IncomingMessage> {
    const agents = this.#current();
    const secure = url.protocol === "https:";
    const prefix = url.pathname === "/" ? "" : url.pathname.replace(/\/$/, "");
    const options: RequestOptions = {
      method,
      hostname: url.hostname.replace(/^\[|\]$/g, ""),
      port: url.port || (secure ? 443 : 80),
      path: `${prefix}${path}`,
      headers: body === undefined ? headers : { ...headers, "Content-Length": Buffer.byteLength(body) },
      agent: !secure ? agents.http : brief ? agents.brief : agents.https,
      ...(signal ? { signal } : {}),
    };
    return new Promise((resolve, reject) => {
      const outgoing = secure ? httpsRequest(options) : httpRequest(options);
      let connected = false;
      outgoing.on("socket", (socket) => {
        // A kept connection that the server closed meanwhile did not carry the request.
        if (outgoing.reusedSocket) return;
        // A request that waited for its turn gets a connection that is open already.
        if (this.#open.has(socket)) connected = true;
        else {
          socket.once(secure ? "secureConnect" : "connect", () => {
            this.#open.add(socket);
            connected = true;
          });
        }
      });
      outgoing.on("response", resolve);
      outgoing.on("error", (error) =>
        reject(signal?.aborted ? (signal.reason as Error) : new ConnectionError(url, connected, error)),
      );
      outgoing.end(body);
    });
  }

  close(): void {
    this.#end();
    this.#agents = undefined;
  }

  #current() {
    const material = this.#material();
    if (this.#agents?.material === material) return this.#agents;
    this.#end();
    const kept = { keepAlive: true, keepAliveMsecs: KEEP_ALIVE_MS, maxFreeSockets: IDLE_MAX, noDelay: true };
    const { ca, cert, key, serverName, insecure } = material;
    const tls = {
      ...(ca === undefined ? {} : { ca }),
      ...(cert === undefined ? {} : { cert, key }),
      ...(serverName === undefined ? {} : { servername: serverName }),
      rejectUnauthorized: !insecure,
    };
    this.#agents = {
      material,
      http: new HttpAgent(kept),
      https: new HttpsAgent({ ...kept, ...tls }),
      brief: new HttpsAgent({ ...kept, ...tls, maxSockets: BRIEF_MAX }),
    };
    return this.#agents;
  }

  #end(): void {
    this.#agents?.http.destroy();
    this.#agents?.https.destroy();
    this.#agents?.brief.destroy();
  }
}
