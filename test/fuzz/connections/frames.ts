/** Broken pieces of WebSocket and SPDY/3.1, and whole ones in the wrong place. The same random numbers give the same ones. */
import { deflateSync } from "node:zlib";
import type { Random } from "#base/random";
import { FIN, FRAME, HeaderWriter, controlFrame, dataFrame, synStream } from "#client/node/spdy/frames";
import { noise, pick } from "../requests/choices.ts";

const OPCODES = { text: 1, binary: 2, close: 8, ping: 9, pong: 10 } as const;
const MASK = Buffer.from([1, 2, 3, 4]);

interface Head {
  readonly fin?: boolean;
  readonly reserved?: number;
  readonly opcode: number;
  readonly masked?: boolean;
  /** What the head says, whatever follows. */
  readonly length?: bigint;
}

/** One frame; what is not said is as a client should have it. */
export function webSocketFrame(
  { fin = true, reserved = 0, opcode, masked = true, length }: Head,
  payload: Uint8Array = new Uint8Array(),
): Buffer {
  const said = length ?? BigInt(payload.length);
  const first = (fin ? 0x80 : 0) | (reserved << 4) | opcode;
  const bit = masked ? 0x80 : 0;
  const head =
    said < 126n
      ? Buffer.from([first, bit | Number(said)])
      : said < 65_536n
        ? Buffer.from([first, bit | 126, Number(said >> 8n), Number(said & 255n)])
        : Buffer.concat([Buffer.from([first, bit | 127]), uint64(said)]);
  const body = masked ? Buffer.from(payload.map((byte, index) => byte ^ MASK[index & 3]!)) : payload;
  return Buffer.concat([head, ...(masked ? [MASK] : []), body]);
}

function uint64(value: bigint): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64BE(value);
  return bytes;
}

const RESIZES = [
  "",
  "{",
  "null",
  "[]",
  '{"Width":-1,"Height":1e99}',
  '{"Width":"a"}',
  `{"Width":${"9".repeat(400)}}`,
  '{"__proto__":{"polluted":1}}',
  "[".repeat(5000),
  "\u0000",
];
/** Also those that no frame may carry. */
const CLOSE_CODES = [0, 999, 1000, 1001, 1004, 1005, 1006, 1015, 2999, 4999, 65_535];

const WEB_SOCKET: readonly ((random: Random) => Buffer)[] = [
  (random) => webSocketFrame({ opcode: pick(random, [3, 4, 7, 11, 15]) }, noise(random, 5)),
  () => webSocketFrame({ opcode: OPCODES.binary, masked: false }, Buffer.from([0, 97])),
  (random) => webSocketFrame({ opcode: OPCODES.binary, reserved: 1 + random.below(7) }, Buffer.from([0, 97])),
  (random) => webSocketFrame({ opcode: OPCODES.ping, fin: false }, noise(random, 3)),
  () => webSocketFrame({ opcode: OPCODES.ping, length: 126n }, Buffer.alloc(126)),
  () => webSocketFrame({ opcode: OPCODES.binary, length: 2n ** 63n }, Buffer.alloc(10)),
  () => webSocketFrame({ opcode: OPCODES.binary, length: 17n * 2n ** 20n }, Buffer.alloc(10)),
  () => webSocketFrame({ opcode: OPCODES.binary, length: 2n ** 53n - 1n }),
  () => webSocketFrame({ opcode: 0 }, Buffer.from("continued from nowhere")),
  () =>
    Buffer.concat([
      webSocketFrame({ opcode: OPCODES.binary, fin: false }, Buffer.from([0])),
      webSocketFrame({ opcode: OPCODES.binary }, Buffer.from([0])),
    ]),
  () =>
    Buffer.concat(
      Array.from({ length: 500 }, (_, index) =>
        webSocketFrame({ opcode: index === 0 ? OPCODES.binary : 0, fin: false }, Buffer.from([0])),
      ),
    ),
  (random) =>
    webSocketFrame({ opcode: OPCODES.text }, Buffer.from([0xc3, 0x28, 0xed, 0xa0, ...noise(random, 4)])),
  (random) =>
    webSocketFrame({ opcode: OPCODES.binary }, Buffer.from([random.below(256), ...noise(random, 8)])),
  () => webSocketFrame({ opcode: OPCODES.binary }),
  () => webSocketFrame({ opcode: OPCODES.text }),
  (random) => webSocketFrame({ opcode: OPCODES.binary }, Buffer.from([255, random.below(256)])),
  () => webSocketFrame({ opcode: OPCODES.binary }, Buffer.from([255])),
  (random) =>
    webSocketFrame(
      { opcode: OPCODES.binary },
      Buffer.concat([Buffer.from([4]), Buffer.from(pick(random, RESIZES))]),
    ),
  (random) => {
    const code = pick(random, CLOSE_CODES);
    return webSocketFrame(
      { opcode: OPCODES.close },
      Buffer.from([code >> 8, code & 255, ...noise(random, 3)]),
    );
  },
  () => webSocketFrame({ opcode: OPCODES.close }, Buffer.from([3])),
  () => webSocketFrame({ opcode: OPCODES.close }),
  () =>
    Buffer.concat(
      Array.from({ length: 300 }, () => webSocketFrame({ opcode: OPCODES.ping }, Buffer.alloc(125))),
    ),
  () => webSocketFrame({ opcode: OPCODES.pong }, Buffer.from("unasked")),
  (random) => webSocketFrame({ opcode: OPCODES.binary }, Buffer.alloc(100_000, random.below(256))),
  (random) => noise(random, 1 + random.below(40)),
  (random) =>
    webSocketFrame({ opcode: OPCODES.binary }, Buffer.from([0, ...noise(random, 20)])).subarray(0, -5),
];

/** What a client of a command or of a tunnelled connection might send in WebSocket's frames. */
export const brokenWebSocket = (random: Random): Buffer => {
  // SPDY inside of messages, as a tunnelled connection has it.
  if (random.next() < 0.25) return webSocketFrame({ opcode: OPCODES.binary }, brokenSpdy(random));
  return pick(random, WEB_SOCKET)(random);
};

const uint32 = (...values: readonly number[]): Buffer => {
  const bytes = Buffer.alloc(values.length * 4);
  values.forEach((value, index) => bytes.writeUInt32BE(value >>> 0, index * 4));
  return bytes;
};
const named = (streamtype: string) => new HeaderWriter().block({ streamtype, port: "80", requestid: "0" });
/** Inflates to a thousand times its size. */
const BOMB = deflateSync(Buffer.alloc(1024 * 1024));
const GO_AWAY = controlFrame(FRAME.goAway, uint32(0, 0));
const SETTINGS = 4;
const WINDOW_UPDATE = 9;

const SPDY: readonly ((random: Random) => Buffer)[] = [
  (random) =>
    synStream(1 + 2 * random.below(9), named(pick(random, ["error", "stdin", "data", "", "x".repeat(9000)]))),
  (random) => synStream(random.below(2) * 0x7fffffff, named("error")),
  () =>
    Buffer.concat([synStream(9, named("error")), synStream(1, named("data")), synStream(1, named("data"))]),
  (random) => synStream(1, noise(random, 30)),
  () => synStream(1, BOMB),
  () => synStream(1, Buffer.from([0x78, 0xbb, 1, 2, 3, 4])),
  () => synStream(1, Buffer.alloc(0)),
  (random) => controlFrame(FRAME.synStream, noise(random, random.below(10))),
  (random) => controlFrame(FRAME.synReply, uint32(1 + 2 * random.below(4)), FIN),
  (random) => controlFrame(FRAME.synReply, noise(random, random.below(6))),
  () =>
    Buffer.concat(Array.from({ length: 500 }, (_, index) => controlFrame(FRAME.rstStream, uint32(index, 5)))),
  () => controlFrame(FRAME.rstStream, uint32(1)),
  () => Buffer.concat(Array.from({ length: 500 }, (_, index) => controlFrame(FRAME.ping, uint32(index)))),
  () => controlFrame(FRAME.ping, Buffer.alloc(0)),
  () => GO_AWAY,
  () => Buffer.concat([dataFrame(1, Buffer.from("a"), false), GO_AWAY, dataFrame(1, Buffer.from("b"), true)]),
  (random) => controlFrame(FRAME.headers, noise(random, 12), random.below(256)),
  () => controlFrame(SETTINGS, uint32(0xffffffff, 7, 0)),
  () => controlFrame(WINDOW_UPDATE, uint32(1, 0)),
  () => controlFrame(WINDOW_UPDATE, uint32(0, 0x7fffffff)),
  (random) => controlFrame(random.below(65_536), noise(random, random.below(20)), random.below(256)),
  (random) => dataFrame(random.below(12), noise(random, random.below(50)), random.next() < 0.4),
  () => dataFrame(0, Buffer.from("no stream"), true),
  (random) => dataFrame(1 + 2 * random.below(3), Buffer.alloc(60_000), false),
  () => Buffer.from([0x80, 3, 0, 1, 0, 0xff, 0xff, 0xff]),
  () => Buffer.from([0, 0, 0, 1, 0, 0xff, 0xff, 0xff, 1, 2, 3]),
  () => Buffer.from([0x80, 2, 0, 6, 0, 0, 0, 4, 0, 0, 0, 1]),
  (random) => noise(random, 1 + random.below(40)),
  (random) => dataFrame(1, noise(random, 20), false).subarray(0, -7),
];

/** What either side of a SPDY/3.1 connection might send. */
export const brokenSpdy = (random: Random): Buffer => pick(random, SPDY)(random);
