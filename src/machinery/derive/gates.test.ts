import assert from "node:assert/strict";
import { test } from "node:test";
import { int32, list, map, ref, string, struct } from "../schema.ts";
import { dropDisabled } from "./gates.ts";

const Inner = struct("t.v1.GatedInner", { name: string(1), fresh: int32(2).gate("Fresh") });
const Outer = struct("t.v1.GatedOuter", {
  inner: ref(1, Inner),
  list: list(2, Inner),
  map: map(3, Inner),
  either: string(4).gate("Fresh", "Other"),
});

const given = {
  inner: { fresh: 1 },
  list: [{ name: "a" }, { fresh: 2 }],
  map: { k: { fresh: 3 } },
  either: "x",
};

test("what is behind gates that are all off goes", () => {
  assert.deepEqual(
    dropDisabled(Outer, given, () => false),
    { inner: {}, list: [{ name: "a" }, {}], map: { k: {} } },
  );
  assert.deepEqual(
    dropDisabled(Outer, given, (name) => name === "Other"),
    {
      inner: {},
      list: [{ name: "a" }, {}],
      map: { k: {} },
      either: "x",
    },
  );
  assert.equal(
    dropDisabled(Outer, given, () => true),
    given,
  );
  assert.equal(given.inner.fresh, 1, "the given object stays as it was");
});

test("what the old object uses may stay", () => {
  const old = { list: [{ fresh: 9 }] };
  assert.deepEqual(
    dropDisabled(Outer, given, () => false, old),
    {
      inner: { fresh: 1 },
      list: given.list,
      map: given.map,
    },
  );
});
