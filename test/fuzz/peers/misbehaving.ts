/**
 * A TLS server that stands for what the API server connects to: kubelets, extension servers, admission webhooks. How it
 * answers is chosen by a number in the request's target, `n7n` or else the last one, so that whoever asks decides.
 */
import { createHash } from "node:crypto";
import { TLSSocket, createSecureContext } from "node:tls";
import { once } from "node:events";
import { type AddressInfo, type Socket, createServer } from "node:net";
import { type Random, seededRandom } from "#base/random";
import { FIN, FRAME, FrameReader, controlFrame, dataFrame } from "#client/node/spdy/frames";
import { Carried } from "../connections/carried.ts";
import { brokenSpdy } from "../connections/frames.ts";

interface Head {
  readonly method: string;
  readonly target: string;
  /** As it came. */
  readonly text: string;
  /** Behind the head. */
  readonly rest: Buffer;
}

/** Says of an answer of the other server that it is passed on by design. */
export const BY_DESIGN = "meant to be passed on";

/** Of an answer to no question. */
export const SECOND = "a second one";

const HEAD_END = "\r\n\r\n";
const PAUSE_MS = 500;
const FLOOD_BYTES = 4 * 1024 * 1024;
const CHUNK = Buffer.alloc(64 * 1024, "x");
const SPDY_ANSWER = "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: SPDY/3.1\r\n";

const upgraded = ({ text }: Head): string => {
  const key = /sec-websocket-key: *(\S+)/i.exec(text)?.[1];
  if (!key) return `${SPDY_ANSWER}X-Stream-Protocol-Version: v4.channel.k8s.io\r\n\r\n`;
  const accept = createHash("sha1").update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest("base64");
  const protocol = /sec-websocket-protocol: *([^\r,]+)/i.exec(text)?.[1];
  const chosen = protocol ? `Sec-WebSocket-Protocol: ${protocol}\r\n` : "";
  return `HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Accept: ${accept}\r\n${chosen}\r\n`;
};

const answer = (status: string, body = "", headers = ""): string =>
  `HTTP/1.1 ${status}\r\nContent-Type: text/plain\r\n${headers}Content-Length: ${body.length}\r\n\r\n${body}`;

/** As much as the other side takes, up to a bound. */
function flood(socket: Socket, piece: Uint8Array, done: () => void = () => undefined): void {
  let sent = 0;
  const go = () => {
    while (sent < FLOOD_BYTES && !socket.destroyed) {
      sent += piece.length;
      if (!socket.write(piece)) return;
    }
    socket.off("drain", go);
    done();
  };
  socket.on("drain", go);
  go();
}

/** Connections below TLS. */
const below = new WeakMap<Socket, Socket>();
const reset = (socket: Socket): void => {
  (below.get(socket) ?? socket).resetAndDestroy();
  socket.destroy();
};

type Manner = (socket: Socket, head: Head, random: Random) => void;

/** Manners that tests ask for by name. */
const [unasked, oddStatus, connectionHeaders, halfRefusal, goAway]: readonly Manner[] = [
  (socket) =>
    socket.end("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\nunasked"),
  (socket) => socket.end(answer("600 x", "odd")),
  (socket) =>
    socket.end(
      answer(
        "200 OK",
        "x",
        "HTTP2-Settings: AAMAAABk\r\nTE: gzip\r\nKeep-Alive: x\r\nProxy-Connection: x\r\n",
      ),
    ),
  (socket) => socket.end(`HTTP/1.1 400 x\r\nContent-Length: 100\r\n\r\nhalf`),
  (socket, head) =>
    socket.write(Buffer.concat([Buffer.from(upgraded(head)), controlFrame(FRAME.goAway, Buffer.alloc(8))])),
] as const;

/** Those that end by themselves, whoever else is there. */
const ENDING: readonly Manner[] = [
  // The good one, as a runtime has it: streams are taken, and end with a status.
  (socket, head) => {
    socket.write(upgraded(head));
    const reader = new FrameReader();
    const take = (chunk: Buffer) => {
      try {
        for (const frame of reader.push(chunk)) {
          if (frame.kind !== "control" || frame.type !== FRAME.synStream) continue;
          const id = frame.payload.length < 4 ? 0 : frame.payload.readUInt32BE(0);
          socket.write(controlFrame(FRAME.synReply, frame.payload.subarray(0, 4)));
          socket.write(dataFrame(id, Buffer.from('{"status":"Success"}'), true));
        }
      } catch {
        socket.destroy();
      }
    };
    take(head.rest);
    socket.on("data", take);
    setImmediate(() => setImmediate(() => socket.end(controlFrame(FRAME.goAway, Buffer.alloc(8)))));
  },
  (socket, head, random) =>
    socket.end(Buffer.concat([Buffer.from(upgraded(head)), brokenSpdy(random), brokenSpdy(random)])),
  (socket, head) => {
    socket.write(upgraded(head));
    setImmediate(() => reset(socket));
  },
  (socket, head) =>
    socket.end(
      Buffer.concat([Buffer.from(upgraded(head)), dataFrame(1, Buffer.alloc(500), false).subarray(0, 90)]),
    ),
  (socket) => socket.end("\u0000\u0001garbage\r\n\r\n"),
  (socket) => socket.end(),
  reset,
  (socket) => socket.end("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nshort"),
  (socket) => socket.end("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab"),
  (socket) => socket.end("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nab\r\n"),
  (socket) => socket.end(answer("500 x", BY_DESIGN)),
  (socket) => socket.end(answer("403 x", BY_DESIGN)),
  (socket) => socket.end(answer("404 x", "none")),
  (socket) => socket.end(`HTTP/1.1 500 x\r\nContent-Length: 100\r\n\r\n${BY_DESIGN}`),
  halfRefusal!,
  (socket) =>
    flood(socket, Buffer.concat([Buffer.from("HTTP/1.1 200 OK\r\nX: "), CHUNK]), () => socket.destroy()),
  (socket) => socket.end(answer("200 OK", "x", "X: y\r\n".repeat(3000))),
  (socket) => socket.end(answer("999 x", "odd")),
  (socket) => socket.end(answer("099 x", "odd")),
  oddStatus!,
  (socket) => socket.end(answer("204 x", "must not be", "Connection: close\r\n")),
  unasked!,
  (socket) => socket.end("HTTP/1.1 101 Switching Protocols\r\n\r\nunasked"),
  (socket) => socket.end("HTTP/1.1 103 Early\r\n\r\nHTTP/1.1 100 Go on\r\n\r\n" + answer("200 OK", "late")),
  connectionHeaders!,
  (socket) => socket.end(answer("200 OK", "x", "X-\u00fc: a\r\n")),
  (socket) =>
    socket.end(answer("200 OK", "x", "X-Odd: \u00e9\u00ff\r\nSet-Cookie: a=b\r\nSet-Cookie: c\r\n")),
  (socket) => socket.end(answer("302 x", "", "Location: https://other.test/\r\n")),
  (socket) => socket.end(answer("200 OK", "x", "Content-Encoding: gzip\r\n")),
  (socket) =>
    socket.end(
      answer("200 OK", '{"kind":"AdmissionReview","apiVersion":"admission.k8s.io/v1","response":null}'),
    ),
  (socket) => socket.end(answer("200 OK", "[".repeat(100_000))),
  (socket) => socket.end(answer("200 OK", "x") + answer("200 OK", SECOND)),
  (socket) => {
    socket.write("HTTP/1.1 200 OK\r\n\r\n");
    flood(socket, CHUNK, () => socket.end());
  },
];

/** Those that last until the other side goes. */
const LASTING: readonly Manner[] = [
  // Not a word.
  () => undefined,
  (socket, head) => socket.write(upgraded(head)),
  (socket, head) =>
    socket.write(
      Buffer.concat([Buffer.from(upgraded(head)), dataFrame(1, Buffer.alloc(99), false).subarray(0, 20)]),
    ),
  (socket, head, random) => {
    socket.write(upgraded(head));
    for (let count = 1 + random.below(6); count > 0; count--) socket.write(brokenSpdy(random));
  },
  (socket, head) => {
    socket.write(upgraded(head));
    flood(socket, dataFrame(1, CHUNK, false));
  },
  (socket, head) => {
    socket.write(upgraded(head));
    socket.pause();
    // Whoever does not read never learns that the other side has gone.
    setTimeout(() => socket.resume(), PAUSE_MS);
  },
  (socket) => socket.write("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf"),
  (socket) => socket.write("HTTP/1.1 500 x\r\nContent-Length: 100\r\n\r\nhalf"),
  (socket) => socket.write("HTTP/1.1 200 O"),
  (socket, head) =>
    socket.write(
      Buffer.concat([
        Buffer.from(upgraded(head)),
        controlFrame(FRAME.synReply, Buffer.from([0, 0, 0, 1]), FIN),
      ]),
    ),
];

/** After which the other side has nothing to wait for. */
const OVER: readonly Manner[] = [goAway!];

const ALL = [...ENDING, ...OVER, ...LASTING];

/** Numbers of some. */
export const MANNERS = {
  unasked: ALL.indexOf(unasked!),
  oddStatus: ALL.indexOf(oddStatus!),
  connectionHeaders: ALL.indexOf(connectionHeaders!),
  halfRefusal: ALL.indexOf(halfRefusal!),
  goAway: ALL.indexOf(goAway!),
  silent: ENDING.length + OVER.length,
};

/** Does the API server have to end the client's side when it was answered in the manner of this number? */
export const endsByItself = (number: number): boolean => number % ALL.length < ENDING.length;
/** As `endsByItself`, where SPDY ends at the API server. */
export const endsStreams = (number: number): boolean => number % ALL.length < ENDING.length + OVER.length;

export interface Misbehaving {
  readonly port: number;
  /** Connections that are open now. */
  readonly open: number;
  /** Resolves when none is. */
  allGone(): Promise<void>;
  close(): void;
}

export interface MisbehavingOptions {
  /** Absent: it speaks without TLS. */
  readonly certificate?: string;
  readonly key?: string;
  /** The address it listens on; default loopback. */
  readonly host?: string;
  /** What is answered well; undefined: in some manner. */
  readonly well: (head: Head) => string | undefined;
}

export async function startMisbehaving({
  certificate,
  key,
  host = "127.0.0.1",
  well,
}: MisbehavingOptions): Promise<Misbehaving> {
  const connections = new Set<Socket>();
  const isSecure = certificate !== undefined && key !== undefined;
  const secureContext = createSecureContext(
    !isSecure ? {} : { cert: certificate, key, sessionIdContext: "misbehaving" },
  );
  const server = createServer((tcp) => {
    connections.add(tcp);
    tcp.on("close", () => connections.delete(tcp)).on("error", () => undefined);
    if (!isSecure) return serve(tcp, well);
    const socket = new TLSSocket(new Carried(tcp), { isServer: true, secureContext, requestCert: true });
    below.set(socket, tcp);
    serve(
      socket.on("error", () => undefined),
      well,
    );
  });
  server.listen(0, host);
  await once(server, "listening");
  return {
    port: (server.address() as AddressInfo).port,
    get open() {
      return connections.size;
    },
    async allGone() {
      // One that is reset goes, too.
      const closings = [...connections].map((tcp) => new Promise((resolve) => tcp.once("close", resolve)));
      await Promise.all(closings);
    },
    close() {
      for (const tcp of connections) tcp.destroy();
      server.close();
    },
  };
}

function serve(socket: Socket, well: MisbehavingOptions["well"]): void {
  let read: Buffer = Buffer.alloc(0);
  const take = (chunk: Buffer) => {
    read = Buffer.concat([read, chunk]);
    const end = read.indexOf(HEAD_END);
    if (end < 0) return;
    socket.off("data", take);
    // Unless the manner reads, what comes is dropped.
    socket.on("data", () => undefined);
    const text = read.toString("latin1", 0, end);
    const [method = "", target = ""] = text.split(" ");
    const head: Head = { method, target, text, rest: read.subarray(end + HEAD_END.length) };
    const said = well(head);
    if (said !== undefined) return void socket.end(said);
    const number = Number((/n([0-9]{1,9})n/.exec(target) ?? /([0-9]{1,9})[^0-9]*$/.exec(target))?.[1] ?? 0);
    ALL[number % ALL.length]!(socket, head, seededRandom(number));
  };
  socket.on("data", take);
}

/** JSON, and the end of the connection. */
export const jsonAnswer = (value: unknown): string => {
  const body = JSON.stringify(value);
  return `HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nConnection: close\r\nContent-Length: ${body.length}\r\n\r\n${body}`;
};
