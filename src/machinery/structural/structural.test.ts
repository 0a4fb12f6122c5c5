import assert from "node:assert/strict";
import { test } from "node:test";
import type { JsonSchema } from "../schema.ts";
import { problemText } from "../status.ts";
import { depthProblem, schemaProblems } from "./check.ts";
import { defaultsOf } from "./defaults.ts";
import { formatCheck, unknownFormats } from "./formats.ts";
import { compileJsonPath } from "./json-path.ts";
import { publishedSchema } from "./openapi.ts";
import type { Regexp } from "../cel/regexp/regexp.ts";
import { patternOf } from "./pattern.ts";
import { pruneOf, unknownMembers } from "./prune.ts";
import { problemsOf } from "./validate.ts";

const ROOT = "spec.validation.openAPIV3Schema";
const inRoot = (properties: Record<string, JsonSchema>, more: JsonSchema = {}): JsonSchema => ({
  type: "object",
  properties,
  ...more,
});
const text: JsonSchema = { type: "string" };
const number: JsonSchema = { type: "integer" };

test("schemas that are not structural are refused, with the place and the reason", () => {
  const table: [JsonSchema, string[]][] = [
    [inRoot({ a: text }), []],
    [{}, ["type: Required value: must not be empty at the root"]],
    [{ type: "array", items: text }, ['type: Invalid value: "array": must be object at the root']],
    [
      inRoot({ a: {}, b: { type: "array", items: {} }, c: { type: "array" } }),
      [
        "properties[a].type: Required value: must not be empty for specified object fields",
        "properties[b].items.type: Required value: must not be empty for specified array items",
        "properties[c].items: Required value: must be specified",
      ],
    ],
    [
      inRoot({ a: text }, { anyOf: [{ properties: { b: { minLength: 1 } } }] }),
      [`properties[b]: Required value: because it is defined in ${ROOT}.anyOf[0].properties[b]`],
    ],
    [
      inRoot({ a: text }, { oneOf: [{ properties: { a: { type: "string", default: "x" } } }] }),
      [
        "oneOf[0].properties[a].default: Forbidden: must be undefined to be structural",
        "oneOf[0].properties[a].type: Forbidden: must be empty to be structural",
      ],
    ],
    [
      inRoot({ a: { "x-kubernetes-int-or-string": true, anyOf: [{ type: "integer" }, { type: "string" }] } }),
      [],
    ],
    [
      inRoot({ a: { type: "object", properties: { b: text }, additionalProperties: text } }),
      [
        "properties[a].additionalProperties: Forbidden: additionalProperties and properties are mutual exclusive",
      ],
    ],
    [
      inRoot({ metadata: { type: "object", properties: { labels: { type: "object" } } } }),
      [
        "properties[metadata]: Forbidden: must not specify anything other than name and generateName, but metadata is implicitly specified",
      ],
    ],
    [inRoot({ metadata: { type: "object", properties: { name: { type: "string", maxLength: 9 } } } }), []],
    [
      inRoot({
        a: {
          type: "array",
          items: { type: "object", properties: { k: text } },
          "x-kubernetes-list-type": "map",
        },
      }),
      [
        "properties[a].x-kubernetes-list-map-keys: Required value: must not be empty if x-kubernetes-list-type is map",
      ],
    ],
    [
      inRoot({
        a: {
          type: "array",
          items: { type: "object", properties: { k: text } },
          "x-kubernetes-list-type": "map",
          "x-kubernetes-list-map-keys": ["k"],
        },
        // A key may be a number or a text.
        b: {
          type: "array",
          items: {
            type: "object",
            required: ["k"],
            properties: { k: { "x-kubernetes-int-or-string": true } },
          },
          "x-kubernetes-list-type": "map",
          "x-kubernetes-list-map-keys": ["k"],
        },
      }),
      [
        "properties[a].items.properties[k].default: Required value: this property is in x-kubernetes-list-map-keys, so it must have a default or be a required property",
      ],
    ],
    [
      inRoot({ a: { type: "string", pattern: "(" }, b: { type: "integer", default: "x" } }),
      [
        'properties[a].pattern: Invalid value: "(": must be a valid regular expression, but isn\'t: error parsing regexp: missing closing ): `(`',
      ],
    ],
    [
      inRoot({ b: { type: "integer", default: "x" } }),
      ['properties[b].default: Invalid value: "string":  in body must be of type integer: "string"'],
    ],
    [
      inRoot({
        b: {
          type: "object",
          default: {},
          properties: {
            n: {
              type: "integer",
              default: 5,
              "x-kubernetes-validations": [{ rule: "self < 5", message: "small" }],
            },
          },
          "x-kubernetes-validations": [{ rule: "has(self.n)", message: "needs n" }],
        },
      }),
      [
        "properties[b].default: Invalid value: needs n",
        "properties[b].properties[n].default: Invalid value: 5: small",
      ],
    ],
    [
      inRoot({ b: { type: "object", default: {}, required: ["x"], properties: { x: text } } }),
      ["properties[b].default.x: Required value"],
    ],
    [
      inRoot({ b: { type: "string", default: "x", not: { enum: ["x"] } } }),
      ['properties[b].default: Invalid value: "": "" must not validate the schema (not)'],
    ],
    [
      inRoot({ b: { type: "object", default: { x: 1 } } }),
      ['properties[b].default: Invalid value: {"x":1}: must not have unknown fields'],
    ],
    [
      inRoot({ a: { type: "array", items: text, uniqueItems: true } }),
      [
        "properties[a].uniqueItems: Forbidden: uniqueItems cannot be set to true since the runtime complexity becomes quadratic",
      ],
    ],
    [
      inRoot({ a: { type: "object", "x-kubernetes-embedded-resource": true } }),
      [
        "properties[a].properties: Required value: must not be empty if x-kubernetes-embedded-resource is true without x-kubernetes-preserve-unknown-fields",
      ],
    ],
  ];
  for (const [schema, expected] of table) {
    const found = schemaProblems(schema, ROOT).map(
      (problem) => `${problem.path.slice(ROOT.length + 1)}: ${problemText(problem)}`,
    );
    assert.deepEqual(found, expected);
  }
});

test("what the schema does not know is taken out, and the rest is put in order", () => {
  const schema = inRoot({
    a: inRoot({ x: text }),
    list: { type: "array", items: inRoot({ x: text }) },
    map: { type: "object", additionalProperties: inRoot({ x: text }) },
    any: {
      type: "object",
      "x-kubernetes-preserve-unknown-fields": true,
      properties: { known: inRoot({ x: text }) },
    },
    raw: {
      type: "object",
      "x-kubernetes-embedded-resource": true,
      properties: { spec: inRoot({ x: text }) },
    },
  });
  const value = {
    z: 1,
    map: { k: { x: "1", y: 2 } },
    list: [{ x: "1" }, { y: 1 }],
    any: { free: { b: 1, a: 2 }, known: { y: 1 } },
    a: { y: 1, x: "1" },
    raw: { kind: "K", metadata: { name: "n", own: 1 }, spec: { y: 1 }, other: 1 },
  };
  const state = { unknown: false };
  const made = pruneOf(schema)(value, state);
  assert.equal(
    JSON.stringify(made),
    '{"a":{"x":"1"},"any":{"free":{"a":2,"b":1},"known":{}},"list":[{"x":"1"},{}],"map":{"k":{"x":"1"}},"raw":{"kind":"K","metadata":{"name":"n"},"spec":{}}}',
  );
  assert.equal(state.unknown, true);
  assert.equal(pruneOf(schema)(made, { unknown: false }), made);
  assert.deepEqual(unknownMembers(schema, value, "").sort(), [
    "a.y",
    "any.known.y",
    "list[1].y",
    "map.k.y",
    "raw.metadata.own",
    "raw.other",
    "raw.spec.y",
    "z",
  ]);
  const hostile = JSON.parse('{"a":{"__proto__":{"x":1},"x":"1"}}') as object;
  assert.equal(JSON.stringify(pruneOf(schema)(hostile, state)), '{"a":{"x":"1"}}');
});

test("defaults are filled in at every depth, and null means nothing where it is no value", () => {
  const schema = inRoot({
    a: { type: "string", default: "x" },
    n: { type: "string", default: "x", nullable: true },
    o: { type: "object", default: {}, properties: { deep: { type: "integer", default: 7 } } },
    absent: { type: "object", properties: { deep: { type: "integer", default: 7 } } },
    list: { type: "array", items: inRoot({ p: { type: "string", default: "TCP" } }) },
    map: { type: "object", additionalProperties: inRoot({ p: { type: "string", default: "TCP" } }) },
    plain: text,
  });
  const fill = defaultsOf(schema);
  const made = fill({ a: null, n: null, list: [{}], map: { k: {} }, plain: null });
  assert.deepEqual(made, { a: "x", list: [{ p: "TCP" }], map: { k: { p: "TCP" } }, n: null, o: { deep: 7 } });
  assert.equal(fill(made), made);
});

test("values are held against every word of the schema", () => {
  const table: [JsonSchema, unknown, string[]][] = [
    [
      { type: "number", minimum: 1, exclusiveMinimum: true },
      1,
      ["Invalid value: 1: a in body should be greater than 1"],
    ],
    [
      { type: "number", maximum: 1 },
      1.5,
      ["Invalid value: 1.5: a in body should be less than or equal to 1"],
    ],
    [{ type: "number" }, 3, []],
    [{ type: "integer" }, 3.5, ['Invalid value: "number": a in body must be of type integer: "number"']],
    [{ type: "integer" }, 1e300, ['Invalid value: "number": a in body must be of type integer: "number"']],
    [{ type: "integer" }, 2n ** 63n - 1n, []],
    [
      { type: "integer" },
      2n ** 63n,
      ['Invalid value: "number": a in body must be of type integer: "number"'],
    ],
    [{ type: "integer", multipleOf: 5 }, 7, ["Invalid value: 7: a in body should be a multiple of 5"]],
    [
      { type: "string", minLength: 3 },
      "é",
      ['Invalid value: "é": a in body should be at least 3 chars long'],
    ],
    [{ type: "string", maxLength: 1 }, "😀", []],
    [
      { type: "string", format: "date-time" },
      "x",
      ['Invalid value: "x": a in body must be of type date-time: "x"'],
    ],
    [{ type: "string", format: "unheard-of" }, "x", []],
    [{ type: "string" }, null, ['Invalid value: "null": a in body must be of type string: "null"']],
    [{ type: "string", nullable: true }, null, []],
    [{ type: "array", items: number, maxItems: 1 }, [1, 2], ["Too many: 2: must have at most 1 item"]],
    [
      { type: "array", items: number, minItems: 1 },
      [],
      ["Invalid value: 0: a in body should have at least 1 items"],
    ],
    [{ type: "array", items: text, "x-kubernetes-list-type": "set" }, ["p", "p"], ['Duplicate value: "p"']],
    [
      { type: "object", additionalProperties: number, maxProperties: 1 },
      { p: 1, q: 2 },
      ["Too many: 2: must have at most 1 item"],
    ],
    [{ "x-kubernetes-int-or-string": true }, "80%", []],
    [
      { "x-kubernetes-int-or-string": true },
      true,
      ['Invalid value: "boolean": a in body must be of type integer,string: "boolean"'],
    ],
    [
      { "x-kubernetes-int-or-string": true, anyOf: [{ type: "integer" }, { type: "string" }] },
      true,
      [
        'Invalid value: "boolean": a in body must be of type integer,string: "boolean"',
        'Invalid value: "": "a" must validate at least one schema (anyOf)',
        'Invalid value: "boolean": a in body must be of type integer: "boolean"',
      ],
    ],
    [
      { type: "string", not: { enum: ["x"] } },
      "x",
      ['Invalid value: "": "a" must not validate the schema (not)'],
    ],
    [
      { type: "string", anyOf: [{ minLength: 2 }, { pattern: "^[0-9]$" }] },
      "x",
      [
        'Invalid value: "": "a" must validate at least one schema (anyOf)',
        'Invalid value: "x": a in body should be at least 2 chars long',
      ],
    ],
    [
      { type: "object", oneOf: [{ required: ["p"] }, { required: ["q"] }] },
      { p: 1, q: 1 },
      ['Invalid value: "": "a" must validate one and only one schema (oneOf). Found 2 valid alternatives'],
    ],
    [{ type: "object", "x-kubernetes-embedded-resource": true }, { kind: "K" }, ["Required value"]],
    [
      { type: "object", "x-kubernetes-embedded-resource": true },
      {
        kind: "My_Kind",
        apiVersion: "a/b/c",
        metadata: { name: "a/b", labels: { "-": "x" } },
      },
      [
        'Invalid value: "a/b/c": unexpected GroupVersion string: a/b/c',
        "Invalid value: \"My_Kind\": may have mixed case, but should otherwise match: a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic character, and end with an alphanumeric character (e.g. 'my-name',  or 'abc-123', regex used for validation is '[a-z]([-a-z0-9]*[a-z0-9])?')",
        "Invalid value: \"a/b\": may not contain '/'",
        "Invalid value: \"-\": name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')",
      ],
    ],
    [
      { type: "string", enum: ["on", "off"], nullable: true },
      null,
      ['Unsupported value: null: supported values: "on", "off"'],
    ],
    [
      { type: "string", enum: ["1", "2"] },
      1,
      [
        'Invalid value: "integer": a in body must be of type string: "integer"',
        'Unsupported value: 1: supported values: "1", "2"',
      ],
    ],
    [
      { type: "string", format: "date-time" },
      5,
      ['Invalid value: "int64": a in body must be of type date-time: "int64"'],
    ],
    [{ type: "integer", format: "int32" }, 2 ** 40, []],
    [{ type: "string", format: "ip" }, "not known", []],
    [
      { type: "string", maxLength: 2, pattern: "^[0-9]+$" },
      "abc",
      ["Too long: may not be more than 2 bytes"],
    ],
    [
      { type: "object", maxProperties: 1, required: ["x"], additionalProperties: number },
      { p: "a", q: 1 },
      ["Too many: 2: must have at most 1 item"],
    ],
    [
      { type: "string", allOf: [{ minLength: 2 }, { pattern: "^[0-9]$" }] },
      "x",
      [
        'Invalid value: "x": a in body should be at least 2 chars long',
        "Invalid value: \"x\": a in body should match '^[0-9]$'",
        'Invalid value: "": "a" must validate all the schemas (allOf). None validated',
      ],
    ],
    [
      { type: "object", required: ["p"], properties: { p: text }, anyOf: [{ required: ["p"] }] },
      {},
      ['Invalid value: "": "a" must validate at least one schema (anyOf)', "Required value"],
    ],
    [
      { type: "object", "x-kubernetes-embedded-resource": true },
      { kind: "K", apiVersion: "v1", metadata: { name: "n", labels: { a: 1 }, creationTimestamp: null } },
      ['Invalid value: "integer": a.metadata.labels.a in body must be of type string: "integer"'],
    ],
    [
      { type: "integer", minimum: 0 },
      -9007199254740993n,
      ["Invalid value: -9007199254740992: a in body should be greater than or equal to 0"],
    ],
  ];
  for (const [schema, value, expected] of table) {
    const found = problemsOf(schema, value, undefined, "a").map(problemText);
    assert.deepEqual(found, expected);
  }
});

test("what was accepted before is not complained about until it changes", () => {
  const schema = inRoot({
    size: { type: "integer", maximum: 5 },
    note: text,
    list: {
      type: "array",
      "x-kubernetes-list-type": "map",
      "x-kubernetes-list-map-keys": ["k"],
      items: inRoot({ k: text, v: { type: "integer", maximum: 5 } }),
    },
    plain: { type: "array", items: { type: "integer", maximum: 5 } },
  });
  const old = { size: 9, note: "a", list: [{ k: "a", v: 9 }], plain: [9] };
  const paths = (value: object) => problemsOf(schema, value, old).map(({ path }) => path);
  assert.deepEqual(paths({ ...old, note: "b" }), []);
  assert.deepEqual(paths({ ...old, size: 8 }), ["size"]);
  assert.deepEqual(
    paths({
      ...old,
      list: [
        { k: "b", v: 1 },
        { k: "a", v: 9 },
      ],
    }),
    [],
  );
  assert.deepEqual(
    paths({
      ...old,
      list: [
        { k: "b", v: 8 },
        { k: "a", v: 7 },
      ],
    }),
    ["list[0].v", "list[1].v"],
  );
  assert.deepEqual(paths({ ...old, plain: [9, 1] }), ["plain[0]"]);
});

test("an object that holds something twice may still be changed", () => {
  const list: JsonSchema = { type: "array", items: text, "x-kubernetes-list-type": "set" };
  const schema = inRoot({ a: list, b: list, size: { type: "integer", maximum: 5 } });
  const details = (value: object, old?: object) => problemsOf(schema, value, old).map(problemText);
  assert.deepEqual(details({ a: ["x", "x"], size: 9 }), [
    "Invalid value: 9: size in body should be less than or equal to 5",
    'Duplicate value: "x"',
  ]);
  assert.deepEqual(details({ a: ["x", "x", "y"], b: ["z", "z"] }, { a: ["x", "x"] }), []);
  assert.deepEqual(details({ a: ["x", "x"] }, { a: ["x"] }), ['Duplicate value: "x"']);
});

test("paths into objects", () => {
  const object = {
    spec: {
      a: 1,
      list: [
        { n: "x", v: 1 },
        { n: "y", v: 2 },
      ],
    },
    metadata: { annotations: { "a.b/c": "dotted" } },
  };
  const table: [string, unknown[]][] = [
    [".spec.a", [1]],
    [".spec.none", []],
    [".spec.list[1].v", [2]],
    [".spec.list[-1].n", ["y"]],
    [".spec.list[*].v", [1, 2]],
    ['.spec.list[?(@.n=="y")].v', [2]],
    [".spec.list[?(@.v>1)].n", ["y"]],
    [".metadata.annotations.a\\.b/c", ["dotted"]],
    [".metadata.annotations['a\\.b/c']", ["dotted"]],
    [".constructor", []],
  ];
  for (const [path, expected] of table) assert.deepEqual(compileJsonPath(path)(object), expected, path);
  assert.throws(() => compileJsonPath(".spec.list["), /unrecognized character/);
});

test("formats and patterns in Go's words", () => {
  const table: [string, string, boolean][] = [
    ["ipv4", "10.0.0.1", true],
    ["ipv4", "10.0.0.256", false],
    ["ipv6", "::1", true],
    ["cidr", "10.0.0.0/8", true],
    ["cidr", "10.0.0.0/33", false],
    ["uuid", "8c6f2c5a-0f0a-4b43-9c0a-3f2f6d2a1b1c", true],
    ["date", "2024-02-30", false],
    ["date-time", "2024-01-01T00:00:00Z", true],
    ["duration", "1h30m", true],
    ["duration", "soon", false],
    ["byte", "YWJj", true],
    ["email", "a@example.com", true],
    ["hostname", "a-.example", false],
  ];
  for (const [format, value, expected] of table)
    assert.equal(formatCheck(format)!(value), expected, `${format} ${value}`);
  const forms = inRoot({ a: { ...text, format: "ip" }, n: { ...number, format: "huge" } });
  const many = inRoot({ l: { type: "array", items: forms }, b: { ...text, format: "date-time" } });
  assert.deepEqual([...unknownFormats(many)], ["ip"]);
  assert.equal((patternOf("^(?P<a>[[:alpha:]]+)\\z") as Regexp).test("abc"), true);
  assert.equal((patternOf("(?i)^abc$") as Regexp).test("ABC"), true);
  assert.equal(typeof patternOf("a(?=b)"), "string");
  assert.equal(typeof patternOf("(a)\\1"), "string");
});

test("OpenAPI version 2 says less where it has no words", () => {
  const schema = inRoot({
    a: { type: "string", nullable: true },
    b: { type: "integer", anyOf: [{ minimum: 1 }] },
    c: { "x-kubernetes-preserve-unknown-fields": true, type: "object", properties: { x: text } },
  });
  assert.deepEqual(publishedSchema(schema, "v2"), {
    type: "object",
    properties: { a: {}, b: { type: "integer" }, c: { "x-kubernetes-preserve-unknown-fields": true } },
  });
  assert.equal(publishedSchema(schema, "v3"), schema);
});

test("neither schemas nor objects are nested without end", () => {
  let schema: JsonSchema = text;
  let value: unknown = 1;
  for (let level = 0; level < 2000; level++) {
    schema = { type: "object", anyOf: [schema] };
    value = { a: value };
  }
  assert.match(depthProblem(schema, "s")!.detail, /must not be nested more than 500 levels deep/);
  assert.equal(depthProblem(inRoot({ a: text }), "s"), undefined);
  const free: JsonSchema = { type: "object", "x-kubernetes-preserve-unknown-fields": true };
  assert.throws(() => pruneOf(free)(value, { unknown: false }), RangeError);
});
