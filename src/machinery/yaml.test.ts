import assert from "node:assert/strict";
import { test } from "node:test";
import { formatYaml, parseYaml, parseYamlDocuments } from "./yaml.ts";

test("plain scalars mean what kubectl takes them for", () => {
  const cases: [string, unknown][] = [
    ["yes", true],
    ["off", false],
    ["y", true],
    ["true", true],
    ["~", null],
    ["0644", 420],
    ["0o644", 420],
    ["0x1f", 31],
    ["0b11", 3],
    ["1_000", 1000],
    ["-5", -5],
    ["08", 8],
    ["1e3", 1000],
    ["1.5", 1.5],
    ["1:30", "1:30"],
    ["2024-01-01", "2024-01-01"],
    ["2024-01-01T00:00:00Z", "2024-01-01T00:00:00Z"],
    ["9007199254740993", 9007199254740993n],
    ["1Gi", "1Gi"],
    ["100m", "100m"],
    ["1.2.3", "1.2.3"],
    ['"5"', "5"],
    ["!!binary aGk=", "aGk="],
  ];
  for (const [text, expected] of cases) assert.deepEqual(parseYaml(`a: ${text}`), { a: expected }, text);
});

test("merge keys, many documents, keys that are no strings", () => {
  assert.deepEqual(parseYaml("base: &b {a: 1, b: 2}\nmore:\n  <<: *b\n  b: 3"), {
    base: { a: 1, b: 2 },
    more: { a: 1, b: 3 },
  });
  assert.deepEqual(parseYamlDocuments("a: 1\n---\n---\n# nothing\n---\nb: 2\n"), [{ a: 1 }, { b: 2 }]);
  assert.deepEqual(parseYaml("1: a\ntrue: b"), { "1": "a", true: "b" });
  assert.deepEqual(Object.keys(parseYaml("__proto__: 1") as object), ["__proto__"]);
  assert.equal(parseYaml(""), null);
});

test("repeated keys: the last one counts, and a strict reader is told", () => {
  const told: string[] = [];
  assert.deepEqual(parseYaml("a: 1\na: 2"), { a: 2 });
  assert.deepEqual(parseYaml("a: 1\na: 2", { onDuplicate: (text) => told.push(text) }), { a: 2 });
  assert.deepEqual(told, ['yaml: unmarshal errors:\n  line 2: key "a" already set in map']);
  parseYaml('{"x": {"b": 1, "b": 2}}', { onDuplicate: (text) => told.push(text) });
  assert.match(told[1]!, /key "b" already set in map/);
});

test("hostile documents are refused", () => {
  const bomb = ["a0: &a0 [x]"];
  for (let i = 1; i < 30; i++) bomb.push(`a${i}: &a${i} [${`*a${i - 1},`.repeat(9)}]`);
  assert.throws(() => parseYaml(bomb.join("\n")), /excessive aliasing/);
  assert.throws(() => parseYaml("&a [*a]"), /yaml/);
  assert.throws(() => parseYaml("[".repeat(10_000)), /yaml/);
  assert.throws(() => parseYaml("a: [1"), /^YamlError: yaml: line 1: /);
  assert.throws(() => parseYaml("a: b: c"), /yaml: line 1/);
});

test("what is wrong is said without the text, which may be secret", () => {
  const text = "keys:\n  - secret: TOP-SECRET\n   bad: indentation\n";
  assert.throws(
    () => parseYaml(text),
    (error: Error) => {
      assert.match(error.message, /^yaml: line 3: /);
      for (let at: unknown = error; at instanceof Error; at = at.cause) {
        assert.doesNotMatch(`${at.message} ${at.stack}`, /TOP-SECRET/);
      }
      return error.name === "YamlError";
    },
  );
});

test("printing quotes what would not come back as a string", () => {
  const value = {
    kind: "Pod",
    list: [{ a: 1, b: "x" }, "plain"],
    empty: {},
    none: [],
    nothing: null,
    strings: ["yes", "1", "0o7", "1e3", "2024-01-01", "", "a: b", "null", "~", "1:30", "0x1f", "y"],
    text: "one\ntwo\n",
    big: 9007199254740993n,
    long: "word ".repeat(40),
  };
  const text = formatYaml(value);
  assert.deepEqual(parseYaml(text), value);
  assert.match(
    text,
    /^kind: Pod\nlist:\n- a: 1\n {2}b: x\n- plain\nempty: \{\}\nnone: \[\]\nnothing: null\n/,
  );
  assert.match(text, /\n- "yes"\n- "1"\n/);
  assert.match(text, /text: \|\n {2}one\n {2}two\n/);
});
