/** Rules of schemas, held against objects. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { JsonSchema, SchemaRule } from "../schema.ts";
import { escapeName } from "./escape.ts";
import { schemaRuleProblems } from "./schema-rule-problems.ts";
import { compileSchemaRules } from "./schema-rules.ts";

const ruled = (schema: JsonSchema, ...rules: (string | SchemaRule)[]): JsonSchema => ({
  ...schema,
  "x-kubernetes-validations": rules.map((rule) => (typeof rule === "string" ? { rule } : rule)),
});

const object = (properties: Record<string, JsonSchema>, more: Partial<JsonSchema> = {}): JsonSchema => ({
  type: "object",
  properties,
  ...more,
});

/** Errors as `path: detail`. */
function broken(schema: JsonSchema, value: unknown, old?: unknown): string[] {
  const check = compileSchemaRules(object({ spec: schema }), true);
  const { problems } = check!({ spec: value }, old === undefined ? undefined : { spec: old });
  return problems.map(({ path, detail }) => `${path}: ${detail}`);
}

const INTEGER: JsonSchema = { type: "integer" };
const TEXT: JsonSchema = { type: "string", maxLength: 20 };

test("a rule speaks of its own place in the schema", () => {
  const schema = ruled(object({ min: INTEGER, max: INTEGER }), "self.min <= self.max");
  assert.deepEqual(broken(schema, { min: 1, max: 2 }), []);
  assert.deepEqual(broken(schema, { min: 3, max: 2 }), ["spec: failed rule: self.min <= self.max"]);
  assert.deepEqual(broken(schema, { min: 3 }), [
    "spec: no such key: max evaluating rule: self.min <= self.max",
  ]);
});

test("rules hold in lists and maps", () => {
  const schema = object({
    list: { type: "array", items: ruled(TEXT, { rule: "self != 'x'", message: "no x" }) },
    map: { type: "object", additionalProperties: ruled(INTEGER, "self > 0") },
  });
  assert.deepEqual(broken(schema, { list: ["a", "x"], map: { a: 1, b: 0 } }), [
    "spec.list[1]: no x",
    "spec.map[b]: failed rule: self > 0",
  ]);
});

test("values are what their schema says", () => {
  const schema = ruled(
    object({
      when: { type: "string", format: "date-time" },
      long: { type: "string", format: "duration" },
      data: { type: "string", format: "byte" },
      ratio: { type: "number" },
      port: { "x-kubernetes-int-or-string": true },
      "a-b.c/d": INTEGER,
      namespace: TEXT,
      any: { type: "object", "x-kubernetes-preserve-unknown-fields": true },
    }),
    "self.when < timestamp('2030-01-01T00:00:00Z')",
    "self.long == duration('90s')",
    "self.data == b'hi'",
    "self.ratio == 2.0",
    "type(self.port) == string ? self.port == 'http' : self.port == 80",
    "self.a__dash__b__dot__c__slash__d == 1",
    "self.__namespace__ == 'n'",
    "!has(self.missing__dot__no) || true",
  );
  const value = {
    when: "2025-01-01T00:00:00Z",
    long: "1m30s",
    data: "aGk=",
    ratio: 2,
    port: 80,
    "a-b.c/d": 1,
    namespace: "n",
    any: {},
  };
  const problems = broken(schema, value);
  assert.equal(problems.length, 1);
  assert.match(problems[0]!, /undefined field 'missing__dot__no'/);
});

test("names that are no identifiers are spelled out", () => {
  const cases = {
    a: "a",
    "a-b": "a__dash__b",
    "a.b": "a__dot__b",
    a__b: "a__underscores__b",
    in: "__in__",
    "1a": undefined,
    "a b": undefined,
  };
  for (const [name, escaped] of Object.entries(cases)) assert.equal(escapeName(name), escaped);
});

test("rules about transitions need both values", () => {
  const schema = object({ name: ruled(TEXT, { rule: "self == oldSelf", message: "is immutable" }) });
  assert.deepEqual(broken(schema, { name: "a" }), []);
  assert.deepEqual(broken(schema, { name: "a" }, {}), []);
  assert.deepEqual(broken(schema, { name: "b" }, { name: "a" }), ["spec.name: is immutable"]);
});

test("with optionalOldSelf, a rule about transitions holds on creation too", () => {
  const rule = {
    rule: "oldSelf.hasValue() ? self == oldSelf.value() : self == 'first'",
    optionalOldSelf: true,
  };
  const schema = object({ name: ruled(TEXT, rule) });
  assert.deepEqual(broken(schema, { name: "first" }), []);
  assert.equal(broken(schema, { name: "a" }).length, 1);
  assert.deepEqual(broken(schema, { name: "a" }, { name: "a" }), []);
  assert.equal(broken(schema, { name: "b" }, { name: "a" }).length, 1);
});

test("items of keyed lists are compared with themselves, wherever they stand", () => {
  const item = ruled(object({ id: TEXT, size: INTEGER }), "self.size >= oldSelf.size");
  const list: JsonSchema = {
    type: "array",
    items: item,
    "x-kubernetes-list-type": "map",
    "x-kubernetes-list-map-keys": ["id"],
  };
  const old = [
    { id: "a", size: 1 },
    { id: "b", size: 2 },
  ];
  assert.deepEqual(
    broken(
      list,
      [
        { id: "b", size: 2 },
        { id: "c", size: 0 },
        { id: "a", size: 1 },
      ],
      old,
    ),
    [],
  );
  assert.deepEqual(broken(list, [{ id: "b", size: 1 }], old), [
    "spec[0]: failed rule: self.size >= oldSelf.size",
  ]);
});

test("what has not changed is not complained of", () => {
  const schema = object({ a: ruled(INTEGER, "self > 10"), b: INTEGER });
  assert.deepEqual(broken(schema, { a: 1, b: 2 }, { a: 1, b: 1 }), []);
  assert.deepEqual(broken(schema, { a: 2, b: 2 }, { a: 1, b: 1 }), ["spec.a: failed rule: self > 10"]);
  const transition = object({ a: ruled(INTEGER, "self > oldSelf") });
  assert.deepEqual(broken(transition, { a: 1 }, { a: 1 }), ["spec.a: failed rule: self > oldSelf"]);
});

test("messages, reasons and places are the rule's to choose", () => {
  const schema = object({ size: INTEGER, name: TEXT });
  const rule = "self.size < 5";
  const cases: readonly (readonly [Partial<SchemaRule>, unknown])[] = [
    [{ message: " too big " }, { type: "invalid", path: "spec", detail: "too big" }],
    [
      { messageExpression: "'%d is too big'.format([self.size])" },
      { type: "invalid", path: "spec", detail: "9 is too big" },
    ],
    [
      { messageExpression: "''", message: "m" },
      { type: "invalid", path: "spec", detail: "m" },
    ],
    [
      { fieldPath: ".size", reason: "FieldValueForbidden" },
      { type: "forbidden", path: "spec.size", detail: `failed rule: ${rule}` },
    ],
    [
      { fieldPath: "['size']", reason: "FieldValueRequired" },
      { type: "required", path: "spec.size", detail: `failed rule: ${rule}` },
    ],
  ];
  for (const [more, expected] of cases) {
    const check = compileSchemaRules(object({ spec: ruled(schema, { rule, ...more }) }), true)!;
    const [problem] = check({ spec: { size: 9 } }, undefined).problems;
    const { type, path, detail } = problem!;
    assert.deepEqual({ type, path, detail }, expected);
  }
});

test("rules in allOf hold for the place around", () => {
  const schema = object({ a: INTEGER }, { allOf: [{ properties: { a: ruled({}, "self == 1") } }] });
  assert.deepEqual(broken(schema, { a: 2 }), ["spec.a: failed rule: self == 1"]);
});

test("the root knows its type and name", () => {
  const check = compileSchemaRules(
    ruled(object({}), "self.metadata.name.startsWith('a') && self.kind == 'K'"),
    true,
  )!;
  assert.deepEqual(
    check({ apiVersion: "g/v1", kind: "K", metadata: { name: "abc" } }, undefined).problems,
    [],
  );
  assert.equal(
    check({ apiVersion: "g/v1", kind: "K", metadata: { name: "b" } }, undefined).problems.length,
    1,
  );
});

test("sets are equal in any order, and grow by what they have not", () => {
  const set: JsonSchema = { type: "array", items: TEXT, "x-kubernetes-list-type": "set" };
  const schema = ruled(object({ set }), "self.set == ['b', 'a']", "(self.set + ['a', 'c']).size() == 3");
  assert.deepEqual(broken(schema, { set: ["a", "b"] }), []);
});

test("all rules of an object share one budget", () => {
  const list: JsonSchema = { type: "array", items: INTEGER, maxItems: 1000 };
  const rule = "self.list.all(x, self.list.all(y, x + y >= 0))";
  const many = Object.fromEntries(
    Array.from({ length: 30 }, (_, index) => [`f${index}`, ruled(object({ list }), rule)]),
  );
  const value = Object.fromEntries(
    Object.keys(many).map((name) => [name, { list: Array<number>(250).fill(1) }]),
  );
  const problems = broken(object(many), value);
  assert.equal(problems.length, 1);
  assert.match(problems[0]!, /running out of cost budget, no further validation rules will be run/);
});

const AT = "s.properties[spec].x-kubernetes-validations[0]";

/** What a definition with this rule is told. */
function told(schema: JsonSchema): string[] {
  return schemaRuleProblems(object({ spec: schema }), "s").map(
    ({ path, type, detail }) => `${path}: ${type}: ${detail}`,
  );
}

test("rules are looked at when they are defined", () => {
  const place = object({ a: INTEGER, list: { type: "array", items: TEXT } });
  assert.deepEqual(told(ruled(place, "self.a > 0")), []);
  assert.deepEqual(told(ruled(place, "self.a")), [
    `${AT}.rule: invalid: cel expression must evaluate to a bool`,
  ]);
  assert.deepEqual(told(ruled(place, "")), [`${AT}.rule: required: rule is not specified`]);
  assert.deepEqual(told(ruled(place, { rule: "self.a > 0", messageExpression: "1" })), [
    `${AT}.messageExpression: invalid: messageExpression must evaluate to a string`,
  ]);
  assert.deepEqual(told(ruled(place, { rule: "self.a > 0", fieldPath: ".b" })), [
    `${AT}.fieldPath: invalid: fieldPath must be a valid path: does not refer to a valid field`,
  ]);
  assert.deepEqual(told(ruled(place, { rule: "self.a > 0", message: "a\nb" })), [
    `${AT}.message: invalid: message must not contain line breaks`,
  ]);
  assert.match(
    told(ruled(place, "self.list.all(x, self.list.exists(y, x == y))"))[0]!,
    /estimated rule cost exceeds budget by factor of more than 100x/,
  );
});

test("rules about transitions are refused where items cannot be told apart", () => {
  const list: JsonSchema = { type: "array", maxItems: 5, items: ruled(TEXT, "self == oldSelf") };
  assert.deepEqual(told(list), [
    "s.properties[spec].items.x-kubernetes-validations[0].rule: invalid: oldSelf cannot be used on the uncorrelatable portion of the schema within s.properties[spec]",
  ]);
});
