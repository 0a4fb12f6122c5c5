import assert from "node:assert/strict";
import { test } from "node:test";
import { formatFieldSelector, matchesFieldSelector, parseFieldSelector } from "./field-selector.ts";

test("terms, operators and escapes", () => {
  const is = (field: string, value: string) => ({ field, operator: "=", value });
  const not = (field: string, value: string) => ({ field, operator: "!=", value });
  const cases: [string, unknown[]][] = [
    ["", []],
    ["metadata.name=x", [is("metadata.name", "x")]],
    ["metadata.name==x", [is("metadata.name", "x")]],
    ["a!=b,c=d", [not("a", "b"), is("c", "d")]],
    ["a=", [is("a", "")]],
    ["a=b,", [is("a", "b")]],
    ["a=x\\,y\\=z\\\\", [is("a", "x,y=z\\")]],
  ];
  for (const [text, expected] of cases) {
    const selector = parseFieldSelector(text);
    assert.deepEqual(selector, expected, text);
    assert.deepEqual(parseFieldSelector(formatFieldSelector(selector)), expected, `again: ${text}`);
  }
});

test("what is no selector is refused", () => {
  assert.throws(() => parseFieldSelector("abc"), {
    message: "invalid selector: 'abc'; can't understand 'abc'",
  });
  assert.throws(() => parseFieldSelector("a=b=c"), /unescaped character in value: =/);
  assert.throws(() => parseFieldSelector("a=\\x"), /invalid escape sequence: \\x/);
});

test("matching", () => {
  const selector = parseFieldSelector("status.phase!=Running,spec.nodeName=n1");
  const pod = (phase: string, node: string) => (field: string) => (field === "status.phase" ? phase : node);
  assert.equal(matchesFieldSelector(selector, pod("Pending", "n1")), true);
  assert.equal(matchesFieldSelector(selector, pod("Running", "n1")), false);
  assert.equal(matchesFieldSelector(selector, pod("Pending", "")), false);
});
