/**
 * Requests of HTTP/1.1 that two programs might read differently, each with another one hidden in it. Whoever reads them
 * rightly never sees the hidden one: it would create what `SMUGGLED` names.
 */
import type { Random } from "#base/random";
import { pick } from "./choices.ts";
import type { RawBytes } from "./request.ts";

export const SMUGGLED = "smuggled";

const AUTH = "Host: a\r\nAuthorization: Bearer attacker\r\n";
const MAPS = "/api/v1/namespaces/fuzz/configmaps";
const BODY = `{"apiVersion":"v1","kind":"ConfigMap","metadata":{"generateName":"${SMUGGLED}-"}}`;
const HIDDEN = `POST ${MAPS} HTTP/1.1\r\n${AUTH}Content-Type: application/json\r\nContent-Length: ${BODY.length}\r\n\r\n${BODY}`;

const head = (extra: string, start = `POST ${MAPS} HTTP/1.1`): string =>
  `${start}\r\n${AUTH}Content-Type: application/json\r\n${extra}\r\n`;
const LENGTH = HIDDEN.length;
const CHUNKED_END = "0\r\n\r\n";
const WHOLE = CHUNKED_END.length + LENGTH;

const SHAPES: readonly string[] = [
  head(`Content-Length: ${WHOLE}\r\nTransfer-Encoding: chunked\r\n`) + CHUNKED_END + HIDDEN,
  head(`Transfer-Encoding: chunked\r\nContent-Length: ${WHOLE}\r\n`) + CHUNKED_END + HIDDEN,
  ...[
    "Transfer-Encoding : chunked",
    "Transfer-Encoding\t: chunked",
    " Transfer-Encoding: chunked",
    "Transfer-Encoding: \u000bchunked",
    "Transfer-Encoding: xchunked",
    "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity",
    "Transfer-Encoding: identity\r\nTransfer-Encoding: chunked, x",
    'Transfer-Encoding: "chunked"',
    "Transfer-Encoding:\r\n chunked",
    "X: y\nTransfer-Encoding: chunked",
    "X: y\rTransfer-Encoding: chunked",
    "X: y\u0000\r\nTransfer-Encoding: chunked",
    "Transfer_Encoding: chunked",
  ].map((line) => head(`Content-Length: ${WHOLE}\r\n${line}\r\n`) + CHUNKED_END + HIDDEN),
  ...[
    `+${LENGTH}`,
    `${LENGTH} `,
    `0${LENGTH}`,
    `${LENGTH}, ${LENGTH}`,
    `${LENGTH}\r\nContent-Length: ${LENGTH}`,
  ].map((length) => head(`Content-Length: ${length}\r\n`) + HIDDEN),
  ...["0x0", "-0", "0 1", "0;1", "0\r\nContent-Length: 5", "00\u0000", "0,5", ""].map(
    (length) => head(`Content-Length: ${length}\r\nContent-Length: ${LENGTH}\r\n`) + HIDDEN,
  ),
  // What is hidden is the body, of which there is no end.
  ...["5 ", "0x5", "+5", "-5", "5_0", "g", "", " 5", "5;a=\nb", "fffffffffffffffff"].map(
    (size) => head("Transfer-Encoding: chunked\r\n") + `${size}\r\n${HIDDEN}`,
  ),
  head("Transfer-Encoding: chunked\r\n") + `${LENGTH.toString(16)}\n${HIDDEN}\r\n`,
  head("Transfer-Encoding: chunked\r\n") + `5\r\nhello${CHUNKED_END}${HIDDEN}`,
  head("Transfer-Encoding: chunked\r\n") + `5;x=${"y".repeat(20_000)}\n${HIDDEN}`,
  head(`Content-Length: ${LENGTH}\r\n`, "GET /version HTTP/1.1") + HIDDEN,
  head(`Content-Length: ${LENGTH}\r\nExpect: 100-continue\r\n`) + HIDDEN,
  head(`Content-Length: ${LENGTH}\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n`, "GET /version HTTP/1.1") +
    HIDDEN,
  head(
    `Content-Length: ${LENGTH}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n`,
    "GET /version HTTP/1.1",
  ) + HIDDEN,
  head(`Content-Length: ${LENGTH}\r\nConnection: Content-Length\r\n`) + HIDDEN,
  head(`X: ${HIDDEN.replaceAll("\r\n", "\n")}\r\n`, "GET /version HTTP/1.1"),
  head(`X: ${HIDDEN.replaceAll("\r\n", "\r")}\r\n`, "GET /version HTTP/1.1"),
  head(`:path: ${MAPS}\r\n`, "GET /version HTTP/1.1"),
  // In what goes on to others, too.
  head(`Content-Length: ${LENGTH}\r\n`, "POST /api/v1/nodes/broken/proxy/n7n HTTP/1.1") + HIDDEN,
  head(
    `Content-Length: ${LENGTH}\r\n`,
    "GET /api/v1/namespaces/streams/services/live:http/proxy/n7n HTTP/1.1",
  ) + HIDDEN,
];

export function smuggling(random: Random): RawBytes {
  const shape = pick(random, SHAPES);
  const cut = random.next() < 0.4 ? random.below(shape.length) : shape.length;
  const pieces = [shape.slice(0, cut), shape.slice(cut)].filter((piece) => piece !== "");
  return {
    over: "raw",
    pieces: pieces.map((piece) => Uint8Array.from(piece, (char) => char.charCodeAt(0))),
    what: JSON.stringify(shape.slice(0, 300)),
  };
}
