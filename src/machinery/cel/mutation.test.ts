import assert from "node:assert/strict";
import { test } from "node:test";
import { MUTATION_FUNCTIONS, MUTATION_OBJECTS, misplacedParts } from "./mutation.ts";
import { compileProgram } from "./program.ts";
import { NoJson, toJson } from "./to-json.ts";
import { isError, type Value } from "./values.ts";

function valueOf(expression: string): Value {
  const program = compileProgram(expression, {
    functions: MUTATION_FUNCTIONS,
    variables: new Map(),
    objects: MUTATION_OBJECTS,
  });
  if ("errors" in program) throw new Error(program.errors);
  const { value } = program.evaluate(() => undefined);
  if (isError(value)) throw new Error(value.message);
  return value;
}

test("objects that expressions make are JSON", () => {
  const table: readonly (readonly [expression: string, json: unknown])[] = [
    [
      "Object{spec: Object.spec{replicas: 3, on: true, share: 0.5, none: null}}",
      { spec: { replicas: 3, on: true, share: 0.5, none: null } },
    ],
    ["Object{?a: optional.none(), ?b: optional.of('x')}", { b: "x" }],
    [
      "Object{labels: {'a': 'b'}, list: [Object.list{name: 'c'}]}",
      { labels: { a: "b" }, list: [{ name: "c" }] },
    ],
    [
      "{'big': 9223372036854775807, 'edge': 9007199254740991, 'u': 3u}",
      { big: 9223372036854775807n, edge: 9007199254740991, u: 3 },
    ],
    ["[b'hi', timestamp('2026-01-02T03:04:05Z'), duration('90s')]", ["aGk=", "2026-01-02T03:04:05Z", "90s"]],
    ["jsonpatch.escapeKey('k8s.io/my~label')", "k8s.io~1my~0label"],
  ];
  for (const [expression, json] of table) assert.deepEqual(toJson(valueOf(expression)), json, expression);
  assert.throws(() => toJson(valueOf("{1: 'a'}")), NoJson);
  assert.throws(() => toJson(valueOf("[type(1)]")), { message: "a value of type type has no JSON form" });
});

test("parts of objects stand where their names say", () => {
  assert.equal(
    misplacedParts(
      valueOf("Object{spec: Object.spec{items: [Object.spec.items{}], map: {'a': Object.spec.map{}}}}"),
    ),
    undefined,
  );
  assert.equal(misplacedParts(valueOf("{'a': Object.spec{}}")), undefined);
  const says = (found: string, expected: string) =>
    `unexpected type name "${found}", expected "${expected}", which matches field name path from root Object type`;
  assert.equal(
    misplacedParts(valueOf("Object{spec: Object.spec{items: [Object.items{}]}, x: Object.y{}}")),
    [says("Object.items", "Object.spec.items"), says("Object.y", "Object.x")].join("\n"),
  );
});
