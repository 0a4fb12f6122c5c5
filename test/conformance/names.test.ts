import assert from "node:assert/strict";
import { test } from "node:test";
import { knownGaps } from "./known-gaps.ts";
import { conformanceNames, groupOf } from "./names.ts";
import { conformance } from "./suite.ts";

test("names are those of the list, each once", () => {
  const names = conformanceNames.map(({ name }) => name);
  assert.equal(new Set(names).size, names.length);
  for (const { name, since } of conformanceNames) {
    assert.match(name, /^\[sig-[a-z-]+\] .+ \[Conformance\]$/);
    assert.match(since, /^v1\.\d+$/);
    assert.notEqual(groupOf(name), "");
  }
  for (const name of Object.keys(knownGaps)) assert.ok(names.includes(name), name);
});

test("a test needs a name of the list", () => {
  const body = () => Promise.resolve();
  assert.throws(
    () => conformance("[sig-none] makes up names [Conformance]", body),
    /no behaviour has this name/,
  );
});
