/** Protobuf below messages: fields with types, lengths and depths that no schema has. */
import type { Random } from "#base/random";
import { noise, pick } from "./choices.ts";

const VARINTS: readonly (readonly number[])[] = [
  [0],
  [1],
  [0x7f],
  [0x80, 0x00],
  [0xff, 0xff, 0xff, 0xff, 0x0f],
  [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01],
  [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01],
  [0x80],
];
const MAGIC = [0x6b, 0x38, 0x73, 0x00];
const LENGTH_DELIMITED = 2;

function varint(value: number): number[] {
  const bytes: number[] = [];
  let rest = value;
  for (; rest >= 128; rest = Math.floor(rest / 128)) bytes.push((rest % 128) | 128);
  bytes.push(rest);
  return bytes;
}

const field = (number: number, type: number, payload: Uint8Array): Buffer =>
  Buffer.concat([Buffer.from(varint(number * 8 + type)), payload]);
const message = (number: number, payload: Uint8Array): Buffer =>
  field(number, LENGTH_DELIMITED, Buffer.concat([Buffer.from(varint(payload.length)), payload]));

/** Of any type, also of those that there are no longer or never were. */
function value(random: Random, type: number, depth: number): Buffer {
  switch (type) {
    case 0:
      return Buffer.from(pick(random, VARINTS));
    case 1:
      return noise(random, pick(random, [8, 8, 7]));
    case LENGTH_DELIMITED: {
      const inner = depth > 0 ? fields(random, depth - 1) : noise(random, random.below(12));
      const length = pick(random, [
        inner.length,
        inner.length,
        inner.length,
        inner.length + 1,
        2 ** 31,
        2 ** 40,
      ]);
      return Buffer.concat([Buffer.from(varint(length)), inner]);
    }
    case 3:
      return Buffer.concat([fields(random, 0), Buffer.from(varint(random.below(5) * 8 + 4))]);
    default:
      return noise(random, 4);
  }
}

const fields = (random: Random, depth: number): Buffer =>
  Buffer.concat(
    Array.from({ length: 1 + random.below(4) }, () => {
      const type = pick(random, [0, 1, 2, 2, 2, 2, 3, 4, 5, 6, 7]);
      const number = pick(random, [0, 1, 1, 2, 2, 3, 4, 5, 8, 15, 536_870_911]);
      return field(number, type, value(random, type, depth));
    }),
  );

/** Messages in messages, which cost their reader one call each. */
function nest(random: Random): Buffer {
  let inner: Buffer = Buffer.alloc(0);
  const number = pick(random, [1, 2, 3]);
  // Bounded by what a message of doubled lengths may cost here.
  for (let level = pick(random, [50, 500, 5_000]); level > 0; level--) inner = message(number, inner);
  return inner;
}

const text = (said: string): Buffer => Buffer.from(said);

/** An envelope, mostly of this kind, around what is none of its messages. */
export function oddWire(
  random: Random,
  { apiVersion, kind }: { readonly apiVersion: string; readonly kind: string },
): Buffer {
  const inner = random.next() < 0.3 ? nest(random) : fields(random, 1 + random.below(5));
  const meta = Buffer.concat([
    message(1, text(apiVersion)),
    message(2, text(pick(random, [kind, kind, "", "Pod"]))),
  ]);
  const parts = [
    message(1, meta),
    message(2, inner),
    pick(random, [Buffer.alloc(0), message(3, text("gzip")), field(3, 0, Buffer.from([1]))]),
    pick(random, [
      Buffer.alloc(0),
      message(4, text("application/json")),
      message(4, text("application/vnd.kubernetes.protobuf")),
    ]),
    pick(random, [Buffer.alloc(0), Buffer.alloc(0), fields(random, 2), message(1, meta), message(2, inner)]),
  ];
  const magic = random.next() < 0.95 ? MAGIC : pick(random, [[], [0x6b], [0x6b, 0x38, 0x73, 0x01]]);
  return Buffer.concat([Buffer.from(magic), ...(random.next() < 0.2 ? parts.toReversed() : parts)]);
}
