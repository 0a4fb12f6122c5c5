/** HTTP/2 below requests: frames in numbers, sizes and orders that nobody should send. */
import type { Random } from "#base/random";
import { Connection, tick } from "./connection.ts";
import { noise } from "../requests/choices.ts";
import { SMUGGLED } from "../requests/smuggling.ts";

const FRAMES = {
  data: 0,
  headers: 1,
  priority: 2,
  reset: 3,
  settings: 4,
  push: 5,
  ping: 6,
  goAway: 7,
  window: 8,
  continuation: 9,
} as const;
const PREFACE = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
const END_HEADERS = 4;

function frame(type: number, flags: number, stream: number, payload: Uint8Array = new Uint8Array()): Buffer {
  const head = Buffer.alloc(9);
  head.writeUIntBE(payload.length, 0, 3);
  head[3] = type;
  head[4] = flags;
  head.writeUInt32BE(stream >>> 0, 5);
  return Buffer.concat([head, payload]);
}

const SETTINGS = frame(FRAMES.settings, 0, 0);
const repeated = (count: number, make: (index: number) => Buffer): Buffer =>
  Buffer.concat(Array.from({ length: count }, (_, index) => make(index)));
/** A header in HPACK that no table remembers. */
const literal = (name: string, value: string): Buffer =>
  Buffer.concat([
    Buffer.from([0, name.length]),
    Buffer.from(name),
    Buffer.from([value.length]),
    Buffer.from(value),
  ]);
const REQUEST_HEAD = Buffer.concat([
  // Method GET, scheme https, path / and authority, from the table that everybody has.
  Buffer.from([0x82, 0x87, 0x84]),
  literal(":authority", "a"),
]);

const AUTHORIZED = literal("authorization", "Bearer attacker");
const MAPS = "/api/v1/namespaces/fuzz/configmaps";
/** Method POST, scheme https; the path is said. */
const POST_HEAD = Buffer.concat([
  Buffer.from([0x83, 0x87]),
  literal(":path", MAPS),
  literal(":authority", "a"),
  AUTHORIZED,
  literal("content-type", "application/json"),
]);
const HIDDEN = Buffer.from(
  `{"apiVersion":"v1","kind":"ConfigMap","metadata":{"generateName":"${SMUGGLED}-"}}`,
);
/** The largest entry that the table takes, to be named again by one byte each. */
const LARGE_ENTRY = Buffer.concat([
  Buffer.from([0x40, 1]),
  Buffer.from("x"),
  hpackLength(3900),
  Buffer.alloc(3900, "y"),
]);

/** With seven bits in the first byte. */
function hpackLength(length: number): Buffer {
  const bytes = [127];
  let rest = length - 127;
  for (; rest >= 128; rest >>= 7) bytes.push((rest & 127) | 128);
  return Buffer.from([...bytes, rest]);
}

/** One request with headers that HTTP/2 does not have. */
const withHeaders = (...headers: readonly Buffer[]): readonly Buffer[] => [
  frame(FRAMES.headers, END_HEADERS, 1, Buffer.concat([POST_HEAD, ...headers])),
  frame(FRAMES.data, 1, 1, HIDDEN),
];

/** Requests that would create something if they were taken for whole. */
const MALFORMED: Readonly<Record<string, () => readonly Buffer[]>> = {
  "a connection header": () => withHeaders(literal("connection", "keep-alive")),
  "a transfer coding": () => withHeaders(literal("transfer-encoding", "chunked")),
  "an upper-case name": () => withHeaders(literal("X-Upper", "x")),
  "a pseudo header behind others": () => withHeaders(literal(":method", "POST")),
  "an unknown pseudo header": () => withHeaders(literal(":x", "y")),
  "a protocol without CONNECT": () => withHeaders(literal(":protocol", "websocket")),
  "two paths": () => withHeaders(literal(":path", "/version")),
  "more content than said": () => withHeaders(literal("content-length", "5")),
  "less content than said": () => withHeaders(literal("content-length", "500")),
  "two lengths": () =>
    withHeaders(literal("content-length", String(HIDDEN.length)), literal("content-length", "5")),
  "a length that is none": () => withHeaders(literal("content-length", "+5")),
  "trailers with pseudo headers": () => [
    frame(FRAMES.headers, END_HEADERS, 1, POST_HEAD),
    frame(FRAMES.data, 0, 1, HIDDEN),
    frame(FRAMES.headers, END_HEADERS | 1, 1, literal(":path", "/version")),
  ],
  "trailers that do not end": () => [
    frame(FRAMES.headers, END_HEADERS, 1, POST_HEAD),
    frame(FRAMES.data, 0, 1, HIDDEN),
    frame(FRAMES.headers, END_HEADERS, 1, literal("x", "y")),
  ],
};

const read = (path: string) =>
  Buffer.concat([Buffer.from([0x82, 0x87]), literal(":path", path), literal(":authority", "a"), AUTHORIZED]);
const uint32 = (value: number): Buffer => {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value >>> 0);
  return bytes;
};
/** The window that each stream begins with. */
const windowOf = (size: number): Buffer =>
  frame(FRAMES.settings, 0, 0, Buffer.concat([Buffer.from([0, 4]), uint32(size)]));

const GAMES: Readonly<Record<string, (random: Random) => readonly Buffer[]>> = {
  "an entry of the table named again and again": () => [
    frame(
      FRAMES.headers,
      END_HEADERS | 1,
      1,
      Buffer.concat([REQUEST_HEAD, LARGE_ENTRY, Buffer.alloc(8000, 0xbe)]),
    ),
  ],
  "a window that shrinks below nothing": () => [
    frame(FRAMES.headers, END_HEADERS | 1, 1, read("/openapi/v2")),
    windowOf(0),
    windowOf(65_535),
    windowOf(1),
    windowOf(0x7fff_ffff),
    windowOf(0x8000_0000),
  ],
  "a window byte by byte": () => [
    windowOf(0),
    frame(FRAMES.headers, END_HEADERS | 1, 1, read("/openapi/v2")),
    ...Array.from({ length: 200 }, () => frame(FRAMES.window, 0, 1, uint32(1))),
  ],
  "windows that flip": () => [
    ...[1, 3, 5].map((stream) => frame(FRAMES.headers, END_HEADERS | 1, stream, read(`${MAPS}?limit=500`))),
    repeated(1000, (index) => windowOf(index % 2 === 0 ? 0 : 65_535)),
  ],
  "more streams than agreed": () => [
    repeated(1500, (index) => frame(FRAMES.headers, END_HEADERS, index * 2 + 1, POST_HEAD)),
  ],
  "watches in great number": () => [
    repeated(300, (index) => frame(FRAMES.headers, END_HEADERS | 1, index * 2 + 1, read(`${MAPS}?watch=1`))),
  ],
  "empty data": () => [
    frame(FRAMES.headers, END_HEADERS, 1, POST_HEAD),
    repeated(20_000, () => frame(FRAMES.data, 0, 1)),
  ],
  "padding instead of data": () => [
    frame(FRAMES.headers, END_HEADERS, 1, POST_HEAD),
    repeated(2000, () => frame(FRAMES.data, 8, 1, Buffer.concat([Buffer.from([255]), Buffer.alloc(255)]))),
  ],
  "settings that change the table": () => [
    repeated(500, (index) =>
      frame(
        FRAMES.settings,
        0,
        0,
        Buffer.concat([Buffer.from([0, 1]), uint32(index % 2 === 0 ? 0 : 0xffff_ffff)]),
      ),
    ),
    frame(FRAMES.headers, END_HEADERS | 1, 1, read("/version")),
  ],
  // Such headers are dropped, and the rest is a request.
  "headers of bytes that no header has": () =>
    ["x\r\ny: z", "x\u0000", "\u0080", " ", "x "].flatMap((name, index) =>
      ["a\r\nb: c", "a\u0000b", " a", "a\u007f"].map((value, other) =>
        frame(
          FRAMES.headers,
          END_HEADERS | 1,
          1 + 2 * (4 * index + other),
          Buffer.concat([read("/version"), literal(name, "x"), literal("y", value)]),
        ),
      ),
    ),
  "a farewell and then requests": () => [
    frame(FRAMES.goAway, 0, 0, Buffer.alloc(8)),
    frame(FRAMES.headers, END_HEADERS, 1, POST_HEAD),
  ],
};

/** Frames by what is wrong with them. */
export const FLOODS: Readonly<Record<string, (random: Random) => readonly Buffer[]>> = {
  "continuations without end": () => [
    frame(FRAMES.headers, 0, 1, REQUEST_HEAD),
    repeated(3000, (index) => frame(FRAMES.continuation, 0, 1, literal("x", `v${index}`.repeat(20)))),
  ],
  "empty continuations": () => [
    frame(FRAMES.headers, 0, 1, REQUEST_HEAD),
    repeated(20_000, () => frame(FRAMES.continuation, 0, 1)),
  ],
  pings: () => [repeated(20_000, (index) => frame(FRAMES.ping, 0, 0, Buffer.alloc(8, index & 255)))],
  settings: () => [repeated(20_000, () => SETTINGS)],
  "settings of all sorts": (random) => [
    repeated(200, () => frame(FRAMES.settings, 0, 0, noise(random, 6 * (1 + random.below(4))))),
  ],
  "resets of streams that never were": () => [
    repeated(5000, (index) => frame(FRAMES.reset, 0, index * 2 + 1, Buffer.alloc(4))),
  ],
  "streams that are reset at once": () => [
    repeated(3000, (index) =>
      Buffer.concat([
        frame(FRAMES.headers, END_HEADERS | 1, index * 2 + 1, REQUEST_HEAD),
        frame(FRAMES.reset, 0, index * 2 + 1, Buffer.from([0, 0, 0, 8])),
      ]),
    ),
  ],
  "windows that overflow": () => [
    frame(FRAMES.headers, END_HEADERS | 1, 1, REQUEST_HEAD),
    repeated(5, () => frame(FRAMES.window, 0, 1, Buffer.from([0x7f, 0xff, 0xff, 0xff]))),
  ],
  "windows of nothing": () => [frame(FRAMES.window, 0, 0, Buffer.alloc(4))],
  "data for nobody": () => [frame(FRAMES.data, 0, 9, Buffer.alloc(2000))],
  "data on the connection": () => [frame(FRAMES.data, 0, 0, Buffer.alloc(20))],
  "a promise from a client": () => [frame(FRAMES.push, END_HEADERS, 1, Buffer.alloc(8))],
  priorities: (random) => [
    repeated(5000, () => frame(FRAMES.priority, 0, 1 + random.below(9000), noise(random, 5))),
  ],
  "headers that are no HPACK": (random) => [frame(FRAMES.headers, END_HEADERS, 1, noise(random, 60))],
  "a table that shrinks and grows": () => [
    frame(
      FRAMES.headers,
      END_HEADERS | 1,
      1,
      Buffer.from([0x20, 0x3f, 0xe1, 0xff, 0x03, 0x20, 0x82, 0x87, 0x84]),
    ),
  ],
  "an even stream": () => [frame(FRAMES.headers, END_HEADERS | 1, 2, REQUEST_HEAD)],
  "a stream that goes back": () => [
    frame(FRAMES.headers, END_HEADERS | 1, 9, REQUEST_HEAD),
    frame(FRAMES.headers, END_HEADERS | 1, 3, REQUEST_HEAD),
  ],
  "a frame longer than agreed": () => [frame(FRAMES.data, 0, 1, Buffer.alloc(70_000))],
  "padding longer than the frame": () => [
    frame(FRAMES.headers, END_HEADERS | 8, 1, Buffer.from([255, 0x82])),
  ],
  noise: (random) => [noise(random, 400)],
  "frames of all sorts": (random) => [
    repeated(100, () =>
      frame(random.below(14), random.below(256), random.below(12), noise(random, random.below(40))),
    ),
  ],
  "headers without end": () => [frame(FRAMES.headers, 0, 1, REQUEST_HEAD)],
  ...MALFORMED,
  ...GAMES,
  "half a frame": () => [frame(FRAMES.headers, END_HEADERS, 1, REQUEST_HEAD).subarray(0, 11)],
};

/** Sends them, and leaves in one way or another. */
export async function flood(
  { port, authority }: { readonly port: number; readonly authority: string },
  pieces: readonly Buffer[],
  random: Random,
): Promise<undefined> {
  const connection = await Connection.open(port, authority, "h2");
  connection.write(PREFACE, SETTINGS);
  // Some read nothing of what comes back.
  if (random.next() < 0.3) connection.socket.pause();
  for (const piece of pieces) {
    connection.write(piece);
    // oxlint-disable-next-line no-await-in-loop -- so that the server sees them one by one
    await tick();
  }
  await connection.until(() => false, 20);
  if (random.next() < 0.5) connection.reset();
  else connection.close();
  return undefined;
}
