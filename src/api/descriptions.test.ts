import { test } from "node:test";
import assert from "node:assert/strict";
import { resources } from "#api/registry";
import type { Struct, Type } from "#machinery/schema";

/** Names of fields that a client sees and that say nothing of themselves. */
function undescribed(schema: Struct, seen: Set<Struct>): string[] {
  if (seen.has(schema)) return [];
  seen.add(schema);
  return Object.entries(schema.fields).flatMap(([name, { doc, inline, hidden, type }]) => {
    const here = doc === "" && !inline && !hidden && !schema.rules.json ? [`${schema.name}.${name}`] : [];
    const inner = structOf(type);
    return inner ? [...here, ...undescribed(inner, seen)] : here;
  });
}

function structOf(type: Type): Struct | undefined {
  if (type.kind === "struct") return type;
  if (type.kind === "lazy") return type.struct();
  if (type.kind === "list") return structOf(type.item);
  return type.kind === "map" ? structOf(type.value) : undefined;
}

test("every field of every kind that is served says what it means", () => {
  const seen = new Set<Struct>();
  const served = resources.filter(({ servedByDefault }) => servedByDefault);
  assert.deepEqual(
    served.flatMap(({ schema }) => undescribed(schema, seen)),
    [],
  );
  assert.ok(seen.size > 400, `${seen.size} structs`);
});
