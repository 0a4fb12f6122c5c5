import assert from "node:assert/strict";
import { test } from "node:test";
import {
  compileSelector,
  formatLabelSelector,
  formatRequirements,
  matchesSelector,
  parseLabelSelector,
} from "./label-selector.ts";

test("texts and what they mean", () => {
  const cases: [string, string][] = [
    ["", ""],
    ["  ", ""],
    ["a=b", "a=b"],
    ["a==b", "a=b"],
    ["a != b", "a!=b"],
    ["a", "a"],
    ["!a", "!a"],
    ["a in (x,y)", "a in (x,y)"],
    ["a in (y, x)", "a in (x,y)"],
    ["a notin (x)", "a!=x"],
    ["a in ()", "a="],
    ["a in (,x)", "a in (,x)"],
    ["a>5, b<7", "a>5,b<7"],
    ["b=1,a=2", "a=2,b=1"],
    ["a=", "a="],
    ["in in (in)", "in=in"],
    ["example.com/a=b", "example.com/a=b"],
  ];
  for (const [text, expected] of cases) {
    assert.equal(formatRequirements(parseLabelSelector(text).requirements), expected, text);
  }
});

test("what is no selector is refused", () => {
  const cases: [string, RegExp][] = [
    ["a=b c", /unable to parse requirement: found 'c', expected: ',' or 'end of string'/],
    ["a=b,", /found '', expected: identifier after ','/],
    [",a", /found ',', expected: identifier/],
    ["a in x", /found 'x' expected: '\('/],
    ["a in (x", /expected: ',' or '\)'/],
    ["a b", /found 'b', expected: in, notin, =, ==, !=, gt, lt/],
    ["a=b=c", /found '=', expected: ',' or 'end of string'/],
    ["a=-", /values\[0\]\[a\]: Invalid value: "-": a valid label must be/],
    ["a>x", /the value must be an integer/],
    ["-a=b", /key: Invalid value: "-a": name part must consist/],
  ];
  for (const [text, expected] of cases) assert.throws(() => parseLabelSelector(text), expected, text);
});

test("matching by text", () => {
  const labels = { app: "web", weight: "10" };
  const cases: [string, boolean][] = [
    ["", true],
    ["app=web", true],
    ["app!=web", false],
    ["other!=web", true],
    ["app in (api,web)", true],
    ["other notin (x)", true],
    ["app", true],
    ["!app", false],
    ["weight>9", true],
    ["weight<9", false],
    ["app>9", false],
    ["constructor", false],
    ["!toString", true],
  ];
  for (const [text, expected] of cases)
    assert.equal(parseLabelSelector(text).matches(labels), expected, text);
  assert.equal(parseLabelSelector("a").matches(undefined), false);
});

test("matching by struct: absent selects nothing, empty everything", () => {
  assert.equal(matchesSelector(undefined, { a: "b" }), false);
  assert.equal(matchesSelector({}, undefined), true);
  const selector = {
    matchLabels: { app: "web" },
    matchExpressions: [{ key: "tier", operator: "NotIn", values: ["x"] }],
  };
  assert.equal(matchesSelector(selector, { app: "web" }), true);
  assert.equal(matchesSelector(selector, { app: "web", tier: "x" }), false);
  assert.equal(formatLabelSelector(selector), "app=web,tier!=x");
  assert.equal(formatLabelSelector({}), "");
  const odd = { matchExpressions: [{ key: "a", operator: "Near" }] };
  assert.equal(formatLabelSelector(odd), "<error>");
  assert.throws(() => compileSelector(odd), { message: '"Near" is not a valid label selector operator' });
});
