import assert from "node:assert/strict";
import { test } from "node:test";
import { encodeOwners, type Owner, readOwners, withoutSurplus } from "./managed-fields.ts";

test("updaters are folded oldest first, with those of their own version only", () => {
  const owners = Array.from({ length: 13 }, (_each, index): Owner => ({
    manager: `m${index}`,
    operation: "Update",
    apiVersion: index % 3 === 0 ? "a/v1beta1" : "a/v1",
    subresource: "",
    time: `2026-01-01T00:00:${10 + index}Z`,
    fields: { [`f:x${index}`]: {} },
  }));
  const entries = encodeOwners(withoutSurplus(owners)).map(({ manager, apiVersion, time, fieldsV1 }) => [
    `${manager} ${apiVersion} ${time}`,
    Object.keys(fieldsV1 as object).join(" "),
  ]);
  // m0 and m1 are the first of their versions; m2, m3 and m4 are folded into them.
  assert.deepEqual(entries.slice(0, 3), [
    ["ancient-changes a/v1beta1 2026-01-01T00:00:13Z", "f:x0 f:x3"],
    ["ancient-changes a/v1 2026-01-01T00:00:14Z", "f:x1 f:x2 f:x4"],
    ["m5 a/v1 2026-01-01T00:00:15Z", "f:x5"],
  ]);
  assert.equal(entries.length, 10);
});

test("however many there are, all that they own is in the bucket", () => {
  const count = 10_000;
  const owners = Array.from({ length: count }, (_each, index): Owner => ({
    manager: `m${index}`,
    operation: "Update",
    apiVersion: "v1",
    subresource: "",
    time: undefined,
    fields: { "f:data": { [`f:x${index}`]: {} } },
  }));
  const left = withoutSurplus(owners);
  assert.equal(left.length, 10);
  const [bucket] = left.filter(({ manager }) => manager === "ancient-changes");
  assert.equal(Object.keys(bucket!.fields["f:data"] as object).length, count - 9);
});

test("a bucket that is there already takes what is folded", () => {
  const owner = (manager: string, second: number): Owner => ({
    manager,
    operation: "Update",
    apiVersion: "v1",
    subresource: "",
    time: `2026-01-01T00:00:${10 + second}Z`,
    fields: { [`f:${manager}`]: {} },
  });
  const owners = [
    ...Array.from({ length: 10 }, (_each, index) => owner(`m${index}`, index)),
    owner("ancient-changes", 30),
  ];
  const folded = encodeOwners(withoutSurplus(owners));
  assert.equal(folded.length, 10);
  const buckets = folded.filter(({ manager }) => manager === "ancient-changes");
  assert.deepEqual(
    buckets.map(({ time, fieldsV1 }) => [time, fieldsV1]),
    [["2026-01-01T00:00:11Z", { "f:ancient-changes": {}, "f:m1": {} }]],
  );
});

const entry = (change: object) => ({
  manager: "me",
  operation: "Update",
  apiVersion: "v1",
  fieldsType: "FieldsV1",
  fieldsV1: { "f:spec": {} },
  ...change,
});

test("entries of a client count together or not at all", () => {
  assert.equal(readOwners([entry({})])?.length, 1);
  const wrong = [
    { operation: "Patch" },
    { apiVersion: "" },
    { fieldsType: "FieldsV2" },
    { fieldsV1: { spec: {} } },
    { fieldsV1: { "f:spec": 1 } },
    { fieldsV1: { "k:[]": {} } },
    { fieldsV1: { "v:x": {} } },
    { fieldsV1: { "i:x": {} } },
  ];
  for (const change of wrong)
    assert.equal(readOwners([entry({}), entry(change)]), undefined, JSON.stringify(change));
});

test("elements of kinds that nobody knows are left out; of entries with one identity the last counts", () => {
  const strange = { "f:spec": { ".": {}, "x:y": { anything: 1 }, "f:a": {} } };
  const read = readOwners([entry({}), entry({ fieldsV1: strange })]);
  assert.deepEqual(
    read?.map(({ fields }) => fields),
    [{ "f:spec": { ".": {}, "f:a": {} } }],
  );
});
