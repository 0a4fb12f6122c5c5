import assert from "node:assert/strict";
import { test } from "node:test";
import { int32, list, map, ref, string, struct } from "../schema.ts";
import { disabledValues } from "./gated-values.ts";

const Inner = struct("t.v1.ChoiceInner", {
  how: string(1).oneOf("old", "fresh", "newest").gateValues("Fresh", "fresh").gateValues("Newest", "newest"),
});
const Outer = struct("t.v1.ChoiceOuter", { list: list(1, Inner), map: map(2, Inner), inner: ref(3, Inner) });
const Plain = struct("t.v1.ChoicePlain", { count: int32(1) });

const given = { list: [{ how: "old" }, { how: "fresh" }], map: { k: { how: "newest" } }, inner: {} };
const told = (object: object, on: readonly string[], old?: object) =>
  disabledValues(Outer, object, (name) => on.includes(name), old).map(({ path, detail }) => [path, detail]);

test("values whose gate is off are none that there are", () => {
  assert.deepEqual(told(given, []), [
    ["list[1].how", 'supported values: "old"'],
    ["map[k].how", 'supported values: "old"'],
  ]);
  assert.deepEqual(told(given, ["Fresh"]), [["map[k].how", 'supported values: "fresh", "old"']]);
  assert.deepEqual(told(given, ["Fresh", "Newest"]), []);
  assert.deepEqual(
    disabledValues(Plain, { count: 1 }, () => false),
    [],
  );
});

test("what the old object uses may stay", () => {
  assert.deepEqual(told(given, [], { inner: { how: "fresh" } }), [["map[k].how", 'supported values: "old"']]);
});
