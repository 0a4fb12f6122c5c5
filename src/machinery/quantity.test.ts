import assert from "node:assert/strict";
import { test } from "node:test";
import {
  addQuantities,
  canonicalQuantity,
  compareQuantities,
  parseQuantity,
  quantityMilli,
  quantityOf,
  quantityOfMilli,
  quantityUnits,
  quantityValue,
  subtractQuantities,
} from "./quantity.ts";

test("the canonical text of an amount", () => {
  const cases: Record<string, string> = {
    "0": "0",
    "0Ki": "0",
    "-0": "0",
    "1": "1",
    "+1": "1",
    "-1": "-1",
    "0.5": "500m",
    ".5": "500m",
    "1.": "1",
    "1.5": "1500m",
    "1000m": "1",
    "1500m": "1500m",
    "100000": "100k",
    "123000": "123k",
    "1000E": "1000E",
    "1Ki": "1Ki",
    "1024": "1024",
    "1024Ki": "1Mi",
    "1.5Gi": "1536Mi",
    "0.5Ki": "512",
    "0.0001Ki": "102400u",
    "1025Ki": "1025Ki",
    "2048Ei": "9223372036854775807",
    "1e3": "1e3",
    "12e2": "1200",
    "1E": "1E",
    "1E3": "1e3",
    "1e-3": "1e-3",
    "1e-10": "1e-9",
    "1n": "1n",
    "0.1n": "1n",
    "-0.1n": "-1n",
    "1.0000000001": "1000000001n",
    "9223372036854775808": "9223372036854775808",
    "12345678901234567890123": "12345678901234567890123",
  };
  for (const [given, expected] of Object.entries(cases)) {
    assert.equal(canonicalQuantity(given), expected, given);
    assert.equal(canonicalQuantity(expected), expected, `again: ${expected}`);
  }
});

test("what is no quantity is refused with a reason", () => {
  const shape = /must match the regular expression/;
  const cases: [string, RegExp][] = [
    ["", shape],
    [" 1", shape],
    ["1 ", shape],
    ["1 Mi", shape],
    ["abc", shape],
    ["1Mib", shape],
    ["1ki", /suffix/],
    ["1K", /suffix/],
    ["1mm", /suffix/],
    ["1e", /suffix/],
    ["1.2.3", /numeric/],
    [".", /numeric/],
    ["1e999999999", /numeric/],
    ["9".repeat(10_000), shape],
  ];
  for (const [text, expected] of cases) assert.throws(() => parseQuantity(text), expected, text);
});

test("whole units and thousandths round up, away from zero", () => {
  assert.equal(quantityValue("1500m"), 2);
  assert.equal(quantityValue("-1500m"), -2);
  assert.equal(quantityValue("1Gi"), 2 ** 30);
  assert.equal(quantityMilli("0.0001"), 1);
  assert.equal(quantityMilli("2"), 2000);
  assert.equal(quantityUnits("9007199254740993"), 9007199254740993n);
});

test("sums keep the left format, unless it is zero", () => {
  assert.equal(addQuantities("1Gi", "1024Mi"), "2Gi");
  assert.equal(addQuantities("0", "1Gi"), "1Gi");
  assert.equal(addQuantities("100m", "0.9"), "1");
  assert.equal(subtractQuantities("1", "1500m"), "-500m");
  assert.equal(compareQuantities("1000m", "1"), 0);
  assert.equal(compareQuantities("1Gi", "1G"), 1);
  assert.equal(compareQuantities("-1", "0"), -1);
  assert.equal(quantityOf(2 ** 30, "BinarySI"), "1Gi");
  assert.equal(quantityOfMilli(1500), "1500m");
});
