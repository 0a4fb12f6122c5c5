import assert from "node:assert/strict";
import { test } from "node:test";
import { resources } from "#api/registry";
import { seededRandom } from "#base/random";
import { fuzzObject } from "./fuzz.ts";
import { decodeJson } from "./json.ts";
import { tableOf } from "./table.ts";
import type { AnyObject } from "../schema.ts";

const NOW = Date.UTC(2026, 0, 1, 1);
const object: AnyObject = {
  kind: "Thing",
  apiVersion: "v1",
  metadata: { name: "a", uid: "u", resourceVersion: "1", creationTimestamp: "2026-01-01T00:00:00Z" },
};

test("columns make definitions and cells; dates become ages", () => {
  const columns = [
    { name: "Name", type: "string", format: "name", cell: ({ metadata }: AnyObject) => metadata.name },
    { name: "Ready", type: "integer", priority: 1, doc: "How many.", cell: () => undefined },
    { name: "Since", type: "date", cell: ({ metadata }: AnyObject) => metadata.creationTimestamp },
    { name: "Never", type: "date", cell: () => undefined },
  ] as const;
  const table = tableOf({ columns }, [object], { now: NOW, metadata: { resourceVersion: "9" } });
  assert.deepEqual(table.metadata, { resourceVersion: "9" });
  assert.deepEqual(table.columnDefinitions[1], {
    name: "Ready",
    type: "integer",
    format: "",
    description: "How many.",
    priority: 1,
  });
  assert.deepEqual(table.rows[0]!.cells, ["a", null, "60m", "<unknown>"]);
  assert.deepEqual(table.rows[0]!.object, {
    kind: "PartialObjectMetadata",
    apiVersion: "meta.k8s.io/v1",
    metadata: object.metadata,
  });
});

test("what a row carries, and what later events leave out", () => {
  const of = { columns: [] };
  assert.equal(tableOf(of, [object], { now: NOW, includeObject: "None" }).rows[0]!.object, null);
  assert.equal(tableOf(of, [object], { now: NOW, includeObject: "Object" }).rows[0]!.object, object);
  assert.deepEqual(tableOf(of, [object], { now: NOW, rowsOnly: true }).columnDefinitions, []);
  const { columnDefinitions, rows } = tableOf(of, [object], { now: NOW });
  assert.deepEqual(
    columnDefinitions.map(({ name }) => name),
    ["Name", "Created At"],
  );
  assert.deepEqual(rows[0]!.cells, ["a", "2026-01-01T00:00:00Z"]);
});

test("every kind has a row for an object with all its fields", () => {
  for (const of of resources) {
    const full = decodeJson<AnyObject>(of, fuzzObject(of, seededRandom(1), 10));
    const { columnDefinitions, rows } = tableOf(of, [full], { now: NOW });
    assert.equal(rows[0]!.cells.length, columnDefinitions.length, of.kind);
  }
});
