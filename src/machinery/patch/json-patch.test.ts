import assert from "node:assert/strict";
import { test } from "node:test";
import { StatusError } from "#machinery/status";
import { applyJsonPatch } from "./json-patch.ts";

const parsed = (text: string): unknown => JSON.parse(text);

const applied: [what: string, document: string, patch: string, result: string][] = [
  ["adds a member", '{"a":1}', '[{"op":"add","path":"/b","value":2}]', '{"a":1,"b":2}'],
  ["adds to the end of a list", '{"a":[1]}', '[{"op":"add","path":"/a/-","value":2}]', '{"a":[1,2]}'],
  ["adds inside a list", '{"a":[1,3]}', '[{"op":"add","path":"/a/1","value":2}]', '{"a":[1,2,3]}'],
  ["counts from the end", '{"a":[1,2,3]}', '[{"op":"remove","path":"/a/-1"}]', '{"a":[1,2]}'],
  ["replaces the root", '{"a":1}', '[{"op":"replace","path":"","value":{"b":2}}]', '{"b":2}'],
  ["unescapes", '{"a/b":{"c~d":1}}', '[{"op":"replace","path":"/a~1b/c~0d","value":2}]', '{"a/b":{"c~d":2}}'],
  ["copies", '{"a":{"b":1}}', '[{"op":"copy","from":"/a","path":"/c"}]', '{"a":{"b":1},"c":{"b":1}}'],
  ["moves", '{"a":{"b":1}}', '[{"op":"move","from":"/a/b","path":"/c"}]', '{"a":{},"c":1}'],
  [
    "tests in any order of members",
    '{"a":{"b":1,"c":2}}',
    '[{"op":"test","path":"/a","value":{"c":2,"b":1}}]',
    '{"a":{"b":1,"c":2}}',
  ],
  ["tests that a member is absent", '{"a":1}', '[{"op":"test","path":"/b","value":null}]', '{"a":1}'],
  [
    "keeps __proto__ a plain member",
    "{}",
    '[{"op":"add","path":"/__proto__","value":{"x":1}}]',
    '{"__proto__":{"x":1}}',
  ],
];

for (const [what, document, patch, result] of applied) {
  test(`JSON patch ${what}`, () => {
    assert.equal(
      JSON.stringify(applyJsonPatch(parsed(document), parsed(patch))),
      JSON.stringify(parsed(result)),
    );
  });
}

test("JSON patch leaves the document as it was and the prototype alone", () => {
  const document = Object.freeze({ list: Object.freeze([1, 2]) });
  applyJsonPatch(
    document,
    parsed('[{"op":"add","path":"/list/0","value":0},{"op":"add","path":"/__proto__","value":{"x":1}}]'),
  );
  assert.deepEqual(document, { list: [1, 2] });
  assert.equal(({} as Record<string, unknown>).x, undefined);
});

const refused: [what: string, patch: string, message: RegExp][] = [
  ["an object as patch", "{}", /cannot unmarshal object/],
  ["an unknown operation", '[{"op":"jump","path":"/a"}]', /jump/],
  ["a missing path", '[{"op":"remove","path":"/b"}]', /does not exist/],
  ["an index behind the end", '[{"op":"add","path":"/l/5","value":1}]', /does not exist/],
  ["an index with a leading zero", '[{"op":"add","path":"/l/01","value":1}]', /no index/],
  ["a failed test", '[{"op":"test","path":"/a","value":2}]', /testing value \/a failed/],
  ["an inherited member", '[{"op":"replace","path":"/constructor","value":2}]', /does not exist/],
  ["a move into itself", '[{"op":"move","from":"/l","path":"/l/0"}]', /into itself/],
];

for (const [what, patch, message] of refused) {
  test(`JSON patch refuses ${what}`, () => {
    const run = () => applyJsonPatch(parsed('{"a":1,"l":[1]}'), parsed(patch));
    assert.throws(
      run,
      (error) =>
        error instanceof StatusError &&
        error.code === (patch === "{}" ? 400 : 422) &&
        message.test(error.status.details?.causes?.[0]?.message ?? error.message),
    );
  });
}

test("JSON patch refuses more operations than the limit", () => {
  const patch = Array.from({ length: 10_001 }, () => ({ op: "test", path: "/a", value: 1 }));
  assert.throws(
    () => applyJsonPatch({ a: 1 }, patch),
    (error) => error instanceof StatusError && error.code === 413,
  );
});

test("copies are apart from their originals, and bounded together", () => {
  const document = { a: { b: [1] } };
  const patched = applyJsonPatch(document, [
    { op: "add", path: "/a/b/-", value: 2 },
    { op: "copy", from: "/a", path: "/c" },
    { op: "add", path: "/a/b/-", value: 3 },
    { op: "add", path: "/c/__proto__", value: { polluted: true } },
  ]) as { a: unknown; c: { b: unknown } };
  assert.deepEqual(patched.a, { b: [1, 2, 3] });
  assert.deepEqual(patched.c.b, [1, 2]);
  assert.deepEqual(document, { a: { b: [1] } });
  assert.equal(({} as { polluted?: unknown }).polluted, undefined);
  const doubling = Array.from({ length: 60 }, (_, index) => ({
    op: "copy",
    from: "/a",
    path: `/a/x${index}`,
  }));
  assert.throws(() => applyJsonPatch(document, doubling), { code: 413 });
});

test("a patch makes nothing that is too deep", () => {
  const deeper = [
    { op: "add", path: "/b", value: {} },
    { op: "move", from: "/a", path: "/b/a" },
    { op: "move", from: "/b", path: "/a" },
  ];
  const patch = Array.from({ length: 3000 }, () => deeper).flat();
  assert.throws(() => applyJsonPatch({ a: {} }, patch), { message: "exceeded max depth" });
});
