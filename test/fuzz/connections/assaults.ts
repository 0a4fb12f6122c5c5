/** Attacks on connections rather than on requests: floods, resets, clients that are slow or leave. */
import { type ClientHttp2Session, connect as connectHttp2, constants } from "node:http2";
import { connect as connectTcp } from "node:net";
import { once } from "node:events";
import type { Random } from "#base/random";
import { Connection, tick } from "./connection.ts";
import { compared } from "./comparisons.ts";
import { FLOODS, flood } from "./http2-floods.ts";
import { noise, pick } from "../requests/choices.ts";

export interface Place {
  readonly port: number;
  readonly authority: string;
}

export interface Assault {
  readonly over: "assault";
  readonly what: string;
  /** Why it was not met as it must be; undefined where it was. */
  readonly run: (place: Place) => Promise<string | undefined>;
}

const AUTH = { authorization: "Bearer attacker" };
const AUTH_LINES = "Host: a\r\nAuthorization: Bearer attacker\r\n";
const MAPS = "/api/v1/namespaces/fuzz/configmaps";
const PATHS = [
  MAPS,
  `${MAPS}?watch=1`,
  `${MAPS}/map`,
  "/api/v1/pods?watch=1&resourceVersion=0",
  "/openapi/v2",
  "/openapi/v3",
  "/apis",
  "/api/v1/namespaces/streams/pods/pod/log?follow=1&tailLines=33",
  "/apis/broken.example.com/v1/things/31",
  "/metrics",
];
const BODY = '{"apiVersion":"v1","kind":"ConfigMap","metadata":{"generateName":"left-"}}';

async function withSession(
  { port, authority }: Place,
  options: object,
  run: (session: ClientHttp2Session) => Promise<void>,
): Promise<void> {
  const session = connectHttp2(`https://127.0.0.1:${port}`, { ca: authority, ...options });
  session.on("error", () => undefined);
  try {
    await Promise.race([once(session, "remoteSettings"), once(session, "close")]);
    await run(session);
  } catch {
    // The server may end it at any time.
  } finally {
    session.destroy();
  }
}

type Run = (place: Place, random: Random) => Promise<string | undefined>;

const rapidReset: Run = async (place, random) => {
  await withSession(place, {}, async (session) => {
    for (let count = 0; count < 150 && !session.destroyed; count++) {
      const method = pick(random, ["GET", "GET", "POST", "DELETE"]);
      const path = method === "GET" ? pick(random, PATHS) : MAPS + (method === "DELETE" ? "/none" : "");
      const stream = session.request(
        { ...AUTH, ":path": path, ":method": method },
        { endStream: method === "GET" },
      );
      stream.on("error", () => undefined);
      if (method === "POST") stream.write(BODY.slice(0, 20));
      if (random.next() < 0.2) await tick(random.below(8) + 1);
      stream.close(
        pick(random, [
          constants.NGHTTP2_CANCEL,
          constants.NGHTTP2_NO_ERROR,
          constants.NGHTTP2_PROTOCOL_ERROR,
        ]),
      );
    }
    await tick(3);
  });
  return undefined;
};

/** Asks for much and takes nothing of it. */
const closedWindow: Run = async (place, random) => {
  await withSession(place, { settings: { initialWindowSize: 0 } }, async (session) => {
    for (let count = 0; count < 30; count++) {
      const stream = session.request({ ...AUTH, ":path": pick(random, PATHS) });
      stream.on("error", () => undefined);
      if (random.next() < 0.3) stream.once("response", () => stream.close(constants.NGHTTP2_CANCEL));
    }
    await tick(40);
  });
  return undefined;
};

const hugeHeaders: Run = async (place) => {
  let status: unknown;
  await withSession(place, {}, async (session) => {
    const many = Object.fromEntries(
      Array.from({ length: 3000 }, (_, index) => [`x-${index}`, "y".repeat(100)]),
    );
    const stream = session.request({ ...AUTH, ...many, ":path": "/version" });
    stream.on("error", () => undefined);
    [status] = await Promise.race([
      once(stream, "response").then(([head]) => [(head as Record<string, unknown>)[":status"]]),
      once(stream, "close").then(() => [0]),
    ]);
  });
  return status === 500 ? "500 to huge headers" : undefined;
};

/** What is no TLS, or only its beginning. */
const noTls: Run = async ({ port }, random) => {
  const socket = connectTcp({ port, host: "127.0.0.1", allowHalfOpen: true });
  socket.on("error", () => undefined).on("data", () => undefined);
  await once(socket, "connect");
  socket.write(
    pick(random, [
      noise(random, 200),
      Buffer.from("GET / HTTP/1.1\r\n\r\n"),
      Buffer.from([22, 3, 1, 2, 0, 1, 0, 1, 252, 3, 3]),
      Buffer.from([22, 3, 1, 0xff, 0xff]),
      Buffer.from([21, 3, 3, 0, 2, 2, 40]),
      Buffer.concat([Buffer.from([22, 3, 1, 0, 100, 1, 0, 0, 96]), noise(random, 96)]),
      Buffer.alloc(0),
    ]),
  );
  if (random.next() < 0.3) socket.end();
  await tick(4);
  if (random.next() < 0.5) socket.resetAndDestroy();
  else socket.destroy();
  return undefined;
};

const isAnswered = (code: number) => (received: Buffer) => received.includes(`HTTP/1.1 ${code}`);

/** Headers that come byte by byte, and then no more: the server must hang up. */
const slowHeaders: Run = async ({ port, authority }, random) => {
  const connection = await Connection.open(port, authority, "http/1.1");
  try {
    for (const byte of `GET /version HTTP/1.1\r\n${AUTH_LINES}`.slice(0, 5 + random.below(60))) {
      connection.write(byte);
      // oxlint-disable-next-line no-await-in-loop -- one after the other is the point
      await tick();
    }
    return (await connection.until(() => false)) ? undefined : "headers that never ended were waited for";
  } finally {
    connection.close();
  }
};

/** A body that stops. */
const slowBody: Run = async ({ port, authority }, random) => {
  const connection = await Connection.open(port, authority, "http/1.1");
  try {
    const [length, piece] = pick<readonly [string, string]>(random, [
      ["Content-Length: 1000", BODY],
      ["Transfer-Encoding: chunked", `${BODY.length.toString(16)}\r\n${BODY}\r\n`],
      ["Transfer-Encoding: chunked", "5\r\n{"],
      ["Content-Length: 1000\r\nExpect: 100-continue", ""],
    ]);
    connection.write(
      `POST ${MAPS} HTTP/1.1\r\n${AUTH_LINES}Content-Type: application/json\r\n${length}\r\n\r\n`,
      piece,
    );
    const done = await connection.until(isAnswered(504));
    if (done && connection.received.includes("HTTP/1.1 504")) return undefined;
    return `a body that stopped: ${connection.received.toString("latin1").slice(0, 200)}`;
  } finally {
    connection.close();
  }
};

/** Reads no more after the beginning of an answer, and leaves. */
const stoppedReader: Run = async ({ port, authority }, random) => {
  const connection = await Connection.open(port, authority, "http/1.1");
  const path = pick(random, PATHS);
  connection.write(`GET ${path} HTTP/1.1\r\n${AUTH_LINES}\r\n`.repeat(1 + random.below(30)));
  await connection.until((received) => received.length > 0, 1000);
  connection.socket.pause();
  await tick(random.below(30) + 1);
  connection.reset();
  return undefined;
};

/** Leaves in the middle of whatever there is. */
const reset: Run = async ({ port, authority }, random) => {
  const connection = await Connection.open(port, authority, "http/1.1");
  const upgrade =
    "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Protocol: v5.channel.k8s.io\r\n";
  const sent = pick(random, [
    `POST ${MAPS} HTTP/1.1\r\n${AUTH_LINES}Content-Type: application/json\r\nContent-Length: 500\r\n\r\n${BODY}`,
    `POST ${MAPS} HTTP/1.1\r\n${AUTH_LINES}Content-Type: application/json\r\nContent-Length: ${BODY.length}\r\n\r\n${BODY}`,
    `POST /apis/broken.example.com/v1/things/4 HTTP/1.1\r\n${AUTH_LINES}Content-Length: 500\r\n\r\nabc`,
    `GET /api/v1/namespaces/streams/pods/pod/exec?stdout=1&command=n${32 + random.below(10)}n HTTP/1.1\r\n${AUTH_LINES}${upgrade}\r\n`,
    ...PATHS.map((path) => `GET ${path} HTTP/1.1\r\n${AUTH_LINES}\r\n`),
  ]);
  connection.write(sent.slice(0, random.next() < 0.2 ? random.below(sent.length) : undefined));
  await tick(random.below(12) + 1);
  connection.reset();
  return undefined;
};

/** All at once on one connection: as many answers, in order. */
const pipelined: Run = async ({ port, authority }, random) => {
  const asked = Array.from({ length: 20 }, () =>
    pick(random, ["/version", `${MAPS}/none`, "/livez", "/nothing"]),
  );
  const codes: Readonly<Record<string, string>> = { "/version": "200", "/livez": "200" };
  const connection = await Connection.open(port, authority, "http/1.1");
  try {
    connection.write(asked.map((path) => `GET ${path} HTTP/1.1\r\n${AUTH_LINES}\r\n`).join(""));
    const answers = (received: Buffer) => received.toString("latin1").match(/HTTP\/1\.1 [0-9]{3}/g) ?? [];
    await connection.until((received) => answers(received).length >= asked.length);
    const wanted = asked.map((path) => `HTTP/1.1 ${codes[path] ?? "404"}`);
    const got = answers(connection.received);
    return got.join() === wanted.join() ? undefined : `pipelined ${asked.join()}: ${got.join()}`;
  } finally {
    connection.close();
  }
};

const OTHERS: Readonly<Record<string, Run>> = {
  "rapid resets": rapidReset,
  "a closed window": closedWindow,
  "huge headers": hugeHeaders,
  "no TLS": noTls,
  "slow headers": slowHeaders,
  "a slow body": slowBody,
  "a reader that stops": stoppedReader,
  "a reset": reset,
  "another reset": reset,
  pipelining: pipelined,
  "a list in two forms": compared,
  "a list in two other forms": compared,
  "a list in two more forms": compared,
};

export function assault(random: Random): Assault {
  if (random.next() < 0.4) {
    const what = pick(random, Object.keys(FLOODS));
    return { over: "assault", what, run: (place) => flood(place, FLOODS[what]!(random), random) };
  }
  const what = pick(random, Object.keys(OTHERS));
  return { over: "assault", what, run: (place) => OTHERS[what]!(place, random) };
}
