/** Nonsense below requests: what parsers of HTTP/1.1 have been attacked with. */
import type { Random } from "#base/random";
import { chance } from "./choices.ts";
import { broken } from "./protobuf.ts";
import type { RawBytes } from "./request.ts";

const AUTH = "Host: a\r\nAuthorization: Bearer attacker\r\n";

const MAPS = "/api/v1/namespaces/fuzz/configmaps";

const GOOD_BODY = '{"apiVersion":"v1","kind":"ConfigMap","metadata":{"generateName":"raw-"}}';

const postHead = (extra: string) =>
  `POST ${MAPS} HTTP/1.1\r\n${AUTH}Content-Type: application/json\r\n${extra}\r\n`;

const RAW_TEXTS: readonly (readonly string[])[] = [
  ["\u0000\u0001\u0002\u0003"],
  ["GET\r\n\r\n"],
  ["GET / HTTP/9.9\r\n\r\n"],
  ["GET  /  HTTP/1.1\r\n\r\n"],
  ["GET /\u0000 HTTP/1.1\r\nHost: a\r\n\r\n"],
  ["get / HTTP/1.1\r\nHost: a\r\n\r\n"],
  ["XYZZY / HTTP/1.1\r\nHost: a\r\n\r\n"],
  [`GET ${"/a".repeat(20_000)} HTTP/1.1\r\n${AUTH}\r\n`],
  [`GET /version HTTP/1.1\r\n${AUTH}X: ${"y".repeat(2_000_000)}\r\n\r\n`],
  [`GET /version HTTP/1.1\r\n${AUTH}${"X: y\r\n".repeat(5000)}\r\n`],
  [`GET /version HTTP/1.1\r\n${AUTH}Bad Name: x\r\n\r\n`],
  [`GET /version HTTP/1.1\r\n${AUTH}X: a\u0001b\r\n\r\n`],
  [`GET /version HTTP/1.1\r\n${AUTH} folded: x\r\n\r\n`],
  ["GET /version HTTP/1.1\r\n\r\n"],
  ["GET /version HTTP/1.0\r\n\r\n"],
  [`GET /version HTTP/1.1\r\n${AUTH}`],
  [
    postHead(`Content-Length: ${GOOD_BODY.length}\r\nTransfer-Encoding: chunked\r\n`) +
      `0\r\n\r\nGET /api/v1/secrets HTTP/1.1\r\n${AUTH}\r\n`,
  ],
  [postHead("Content-Length: 5\r\nContent-Length: 6\r\n") + "123456"],
  [postHead("Content-Length: -1\r\n") + "x"],
  [postHead("Content-Length: 99999999999999999999\r\n") + "x"],
  [postHead("Content-Length: 1e3\r\n") + "x"],
  [postHead("Transfer-Encoding: chunked\r\n") + "zz\r\nx\r\n"],
  [postHead("Transfer-Encoding: chunked\r\n") + "ffffffffffffffffff\r\nx\r\n"],
  [postHead("Transfer-Encoding: chunked, identity\r\n") + GOOD_BODY],
  [postHead("Transfer-Encoding: xchunked\r\n") + GOOD_BODY],
  [
    postHead("Transfer-Encoding: chunked\r\n") +
      `${GOOD_BODY.length.toString(16)};${"e".repeat(20_000)}\r\n${GOOD_BODY}\r\n0\r\n\r\n`,
  ],
  [postHead(`Content-Length: ${GOOD_BODY.length}\r\n`), GOOD_BODY.slice(0, 10)],
  [postHead("Content-Length: 10000000\r\n"), "x"],
  [postHead("Expect: 100-continue\r\nContent-Length: 2\r\n"), "{}"],
  [`GET /version HTTP/1.1\r\n${AUTH}\r\n`.repeat(20)],
  [`POST ${MAPS} HTTP/1.1\r\n${AUTH}Content-Length: 2\r\n\r\n{}`.repeat(5)],
  [
    `GET /api/v1/namespaces/kept/pods/pod/exec?command=a&stdout=1 HTTP/1.1\r\n${AUTH}Connection: Upgrade\r\nUpgrade: websocket\r\n\r\n`,
    "\u0081\u00ff\u00ff",
  ],
  [
    `GET /version HTTP/1.1\r\n${AUTH}Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n`,
    "\u0081\u00ff\u00ff",
  ],
  [
    `GET /api/v1/namespaces/fuzz/pods/pod/log HTTP/1.1\r\n${AUTH}Connection: Upgrade\r\nUpgrade: websocket\r\n\r\n`,
  ],
  [
    `POST /api/v1/namespaces/fuzz/configmaps HTTP/1.1\r\n${AUTH}Connection: Upgrade\r\nUpgrade: websocket\r\nContent-Length: ${GOOD_BODY.length}\r\n\r\n`,
    GOOD_BODY,
  ],
  [
    `GET /api/v1/namespaces/fuzz/configmaps?watch=1 HTTP/1.1\r\n${AUTH}Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n`,
  ],
  [
    `POST /api/v1/namespaces/fuzz/pods/pod/portforward HTTP/1.1\r\n${AUTH}Connection: Upgrade\r\nUpgrade: SPDY/3.1\r\n\r\n`,
    "\u0080\u0003\u0000\u0001\u00ff\u00ff\u00ff\u00ff",
  ],
  [`CONNECT other.test:443 HTTP/1.1\r\nHost: other.test:443\r\n\r\n`],
  [`GET http://other.test/version HTTP/1.1\r\n${AUTH}\r\n`],
  [`OPTIONS * HTTP/1.1\r\n${AUTH}\r\n`],
  ["PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "\u0000\u0000\u0000\u0004\u0000\u0000\u0000\u0000\u0000"],
];

export function rawBytes(random: Random): RawBytes {
  const chosen = random.below(RAW_TEXTS.length);
  const pieces = RAW_TEXTS[chosen]!.map((piece) => Uint8Array.from(piece, (char) => char.charCodeAt(0)));
  const flipped = chance(random, 0.3) ? pieces.map((piece) => broken(piece, random)) : pieces;
  return { over: "raw", pieces: flipped, what: JSON.stringify(RAW_TEXTS[chosen]!.join("").slice(0, 120)) };
}
