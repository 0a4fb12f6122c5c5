import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import { CborError, decodeCbor, encodeCbor } from "./cbor.ts";

const hex = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text.replaceAll(" ", ""), "hex"));
const shown = (bytes: Uint8Array): string => Buffer.from(bytes).toString("hex");

// Examples of RFC 8949, appendix A, as far as JSON can say them.
const decoded: readonly [string, unknown][] = [
  ["00", 0],
  ["17", 23],
  ["1818", 24],
  ["1903e8", 1000],
  ["1a000f4240", 1_000_000],
  ["1b000000e8d4a51000", 1_000_000_000_000],
  ["1b7fffffffffffffff", 9223372036854775807n],
  ["20", -1],
  ["3903e7", -1000],
  ["3b7fffffffffffffff", -9223372036854775808n],
  ["f90000", 0],
  ["f93c00", 1],
  ["fb3ff199999999999a", 1.1],
  ["f93e00", 1.5],
  ["f97bff", 65504],
  ["fa47c35000", 100_000],
  ["f90001", 5.960464477539063e-8],
  ["f9c400", -4],
  ["f4", false],
  ["f5", true],
  ["f6", null],
  ["f7", null],
  ["c074323031332d30332d32315432303a30343a30305a", "2013-03-21T20:04:00Z"],
  ["c11a514b67b0", "2013-03-21T20:04:00Z"],
  ["d74401020304", "01020304"],
  ["d6 44 01020304", "AQIDBA=="],
  ["d5 43 fbffff", "-___"],
  ["d818 4161", "a"],
  ["40", ""],
  ["4161", "a"],
  ["6161", "a"],
  ["62c3bc", "ü"],
  ["64f0908591", "𐅑"],
  ["83010203", [1, 2, 3]],
  ["8301820203820405", [1, [2, 3], [4, 5]]],
  ["a26161016162820203", { a: 1, b: [2, 3] }],
  ["a1416101", { a: 1 }],
  ["7f657374726561646d696e67ff", "streaming"],
  ["9f018202039f0405ffff", [1, [2, 3], [4, 5]]],
  ["bf61610161629f0203ffff", { a: 1, b: [2, 3] }],
  ["d9d9f7 a1 4161 f5", { a: true }],
];

for (const [bytes, value] of decoded) {
  test(`${bytes} is read`, () => assert.deepEqual(decodeCbor(hex(bytes)), value));
}

const refused: readonly [string, RegExp][] = [
  ["", /unexpected EOF/],
  ["19", /unexpected EOF/],
  ["5affffffff", /unexpected EOF/],
  ["9b00ffffffffffffff", /exceeded max number of elements 1024/],
  ["83 0102", /unexpected EOF/],
  ["a2 616101 416102", /found duplicate map key "a" at map element index 1/],
  ["a1 0102", /map keys have to be strings/],
  ["61ff", /invalid UTF-8/],
  ["0000", /1 bytes of extraneous data starting at index 1/],
  ["1bffffffffffffffff", /overflows/],
  ["3bffffffffffffffff", /overflows/],
  ["f97e00", /NaN/],
  ["f97c00", /infinities/],
  ["fb7ff0000000000000", /infinities/],
  ["c249010000000000000000", /more than 64 bits/],
  ["ff", /break/],
  ["f0", /unknown simple value/],
  ["1c", /additional information/],
  ["c001", /tag number 0/],
  ["7f4161ff", /wrong element type/],
  [`${"81".repeat(65)}00`, /exceeded max nested level 64/],
  [`b90401${"00".repeat(10)}`, /exceeded max number of key-value pairs/],
];

for (const [bytes, message] of refused) {
  test(`${bytes.slice(0, 40)} is refused: ${message.source}`, () => {
    assert.throws(
      () => decodeCbor(hex(bytes)),
      (error: unknown) => error instanceof CborError && message.test(error.message),
    );
  });
}

test("texts go as byte strings, numbers as short as they can", () => {
  const value = {
    kind: "List",
    n: 24,
    big: 2n ** 60n,
    half: 0.5,
    third: 1 / 3,
    minus: -500,
    none: undefined,
    no: null,
  };
  assert.equal(
    shown(encodeCbor(value)),
    "d9d9f7a7446b696e64444c697374416e1818436269671b10000000000000004468616c66fa3f000000457468697264fb3fd5555555555555456d696e75733901f3426e6ff6",
  );
  assert.throws(() => encodeCbor(NaN), CborError);
  assert.throws(() => encodeCbor(2n ** 64n), CborError);
});

test("what JSON can say comes back, and no bytes do harm", () => {
  fc.assert(
    fc.property(fc.jsonValue({ maxDepth: 5 }), (value) => {
      const plain: unknown = JSON.parse(JSON.stringify(value));
      assert.deepEqual(decodeCbor(encodeCbor(plain)), plain);
    }),
    { numRuns: 300, seed: 1 },
  );
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 40 }), (bytes) => {
      try {
        decodeCbor(bytes);
      } catch (error) {
        assert.ok(error instanceof CborError, String(error));
      }
    }),
    { numRuns: 3000, seed: 2 },
  );
  const hostile = decodeCbor(encodeCbor(JSON.parse('{"__proto__": {"polluted": true}}'))) as object;
  assert.ok(Object.hasOwn(hostile, "__proto__"));
  assert.equal((hostile as { polluted?: boolean }).polluted, undefined);
});
