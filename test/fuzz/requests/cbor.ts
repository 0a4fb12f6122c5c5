/** Bodies in CBOR. */
import type { Random } from "#base/random";
import { encodeCbor } from "#machinery/cbor";
import { pick } from "./choices.ts";

const json = (value: unknown): Uint8Array => new TextEncoder().encode(JSON.stringify(value));

const ODD_CBOR: readonly Uint8Array[] = [
  Uint8Array.of(),
  Uint8Array.of(0xd9, 0xd9, 0xf7),
  Uint8Array.of(0xff),
  Uint8Array.of(0x9f),
  Uint8Array.of(0xbf, 0x61, 0x61),
  Uint8Array.of(0x9b, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff),
  Uint8Array.of(0x5b, 0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff),
  Uint8Array.of(0xd9, 0xd9, 0xf7, 0xa1, 0xf9, 0x7e, 0x00, 0x01),
  new Uint8Array(5000).fill(0x81),
  new Uint8Array(5000).fill(0xc1),
  Uint8Array.of(0xd9, 0xd9, 0xf7, 0xa2, 0x41, 0x61, 0x01, 0x41, 0x61, 0x02),
  Uint8Array.of(0x62, 0xc3, 0x28),
  Uint8Array.of(0xc2, 0x5a, 0x00, 0x01, 0x00, 0x00, ...new Uint8Array(300)),
  Uint8Array.of(0xfb, 0x7f, 0xf0, 0, 0, 0, 0, 0, 0),
];

/** As JSON or as CBOR, whole or broken. */
export function asBody(
  random: Random,
  value: unknown,
): { readonly body: Uint8Array; readonly headers: Record<string, string> } {
  const as = random.next();
  if (as < 0.6) return { body: json(value), headers: { "content-type": "application/json" } };
  const headers = {
    "content-type": "application/cbor",
    accept: pick(random, ["application/cbor", "application/json", "*/*"]),
  };
  if (as < 0.65) return { body: pick(random, ODD_CBOR), headers };
  const whole = encodeCbor(JSON.parse(JSON.stringify(value)));
  if (as < 0.85) return { body: whole, headers };
  if (as < 0.92) return { body: whole.slice(0, random.below(whole.length)), headers };
  const broken = whole.slice();
  for (let flips = 1 + random.below(4); flips > 0; flips--)
    broken[random.below(broken.length)]! ^= 1 << random.below(8);
  return { body: broken, headers };
}
