import assert from "node:assert/strict";
import { test } from "node:test";
import { parseJson, stringifyJson } from "./json.ts";

test("integers beyond 2^53 survive", () => {
  const text =
    '{"a":9007199254740993,"b":-9223372036854775808,"c":1.5,"d":"1234567890123456789","e":1234567890123456}';
  const value = parseJson(text) as Record<string, unknown>;
  assert.equal(value.a, 9007199254740993n);
  assert.equal(value.b, -9223372036854775808n);
  assert.equal(value.e, 1234567890123456);
  assert.equal(stringifyJson(value), text);
});

test("keys of Object.prototype are plain keys", () => {
  const value = parseJson('{"__proto__":{"polluted":1},"constructor":2}') as Record<string, unknown>;
  assert.deepEqual(Object.keys(value), ["__proto__", "constructor"]);
  assert.equal(({} as Record<string, unknown>).polluted, undefined);
  const exact = parseJson('{"__proto__":{"polluted":12345678901234567890}}') as object;
  assert.deepEqual(Object.keys(exact), ["__proto__"]);
  assert.equal(Object.getPrototypeOf(exact), Object.prototype);
});

test("a large integer is found wherever it stands", () => {
  for (let before = 0; before < 40; before++) {
    const text = `["${"x".repeat(before)}",9007199254740993]`;
    assert.deepEqual(parseJson(text), ["x".repeat(before), 9007199254740993n]);
    assert.deepEqual(parseJson(text.replace("]", "0]")), ["x".repeat(before), 90071992547409930n]);
    assert.deepEqual(parseJson(`["${"1".repeat(before)}",900719925474099,1]`), [
      "1".repeat(before),
      900719925474099,
      1,
    ]);
  }
});

test("repeated keys are told with their path", () => {
  const paths: string[] = [];
  const text = '{"a":1,"b":[{"c":{"d":1,"d":2}},{"e":1,"\\u0065":2}],"a":3}';
  const value = parseJson(text, { onDuplicate: (path) => paths.push(path) });
  assert.deepEqual(paths, ["b[0].c.d", "b[1].e", "a"]);
  assert.deepEqual(value, { a: 3, b: [{ c: { d: 2 } }, { e: 2 }] });
});

test("what is no JSON is refused in Go's words", () => {
  const cases: Record<string, string> = {
    "": "unexpected end of JSON input",
    "{": "unexpected end of JSON input",
    '{"a": "x': "unexpected end of JSON input",
    "{a: 1}": "invalid character 'a' looking for beginning of object key string",
    '{"a" 1}': "invalid character '1' after object key",
    '{"a": 1 "b"}': "invalid character '\"' after object key:value pair",
    '{"a": }': "invalid character '}' looking for beginning of value",
    '{"a": 1,}': "invalid character '}' looking for beginning of object key string",
    "[1 2]": "invalid character '2' after array element",
    "{} x": "invalid character 'x' after top-level value",
    trux: "invalid character 'x' in literal true (expecting 'e')",
    "-x": "invalid character 'x' in numeric literal",
    "1.x": "invalid character 'x' after decimal point in numeric literal",
    "1ex": "invalid character 'x' in exponent of numeric literal",
    '"\n"': "invalid character '\\n' in string literal",
    '"\\x"': "invalid character 'x' in string escape code",
    '"\\u00zz"': "invalid character 'z' in \\u hexadecimal character escape",
    "'": "invalid character '\\'' looking for beginning of value",
    "\ufeff{}": "invalid character '\ufeff' looking for beginning of value",
  };
  for (const [text, message] of Object.entries(cases))
    assert.throws(() => parseJson(text), { message }, text);
});

test("nesting is bounded", () => {
  const deep = (levels: number) => "[".repeat(levels) + "]".repeat(levels);
  assert.doesNotThrow(() => parseJson(deep(10_000)));
  assert.throws(() => parseJson(deep(10_001)), { message: "exceeded max depth" });
  assert.throws(() => parseJson(deep(1_000_000)), { message: "exceeded max depth" });
  assert.throws(() => parseJson(deep(11), { maxDepth: 10 }), { message: "exceeded max depth" });
  assert.doesNotThrow(() => parseJson(JSON.stringify("[".repeat(30_000))));
});

test("bytes are UTF-8", () => {
  assert.deepEqual(parseJson(new TextEncoder().encode('{"ä":"€"}')), { ä: "€" });
});
