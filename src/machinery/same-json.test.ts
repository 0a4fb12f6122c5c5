import assert from "node:assert/strict";
import { test } from "node:test";
import { sameJson } from "./same-json.ts";

const own = (text: string): unknown => JSON.parse(text);

const cases: readonly (readonly [string, unknown, unknown, boolean])[] = [
  ["the order of members does not count", { a: 1, b: { c: 2, d: 3 } }, { b: { d: 3, c: 2 }, a: 1 }, true],
  ["the order of items does", [1, 2], [2, 1], false],
  ["a member that is undefined is none", { a: undefined }, {}, true],
  ["null is not nothing", { a: null }, {}, false],
  ["a list is no object", [], {}, false],
  ["null is no object", null, {}, false],
  ["a longer list is another", [1], [1, 2], false],
  ["what every object inherits is no member", {}, { constructor: "x" }, false],
  ["whichever side it is missing on", { toString: "x" }, {}, false],
  ["a member named __proto__ counts", own('{"__proto__": {"a": 1}}'), {}, false],
  ["in both", own('{"__proto__": {"a": 1}}'), own('{"__proto__": {"a": 1}}'), true],
];

for (const [name, one, other, expected] of cases) {
  test(`the same JSON: ${name}`, () => {
    assert.equal(sameJson(one, other), expected);
    assert.equal(sameJson(other, one), expected);
  });
}
