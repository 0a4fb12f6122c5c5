/** Patches of all four sorts. */
import type { Random } from "#base/random";
import type { Resource } from "#machinery/schema";
import { chance, pick } from "./choices.ts";
import { ODD_VALUES, brokenText, jsonOf } from "./odd-values.ts";
import { objectOf } from "./odd-objects.ts";
import { POINTERS } from "./pointers.ts";
import type { Body } from "./bodies.ts";

const text = new TextEncoder();

export function patchOf(random: Random, kind: Resource, type: string | undefined): Body {
  const chosen =
    type ??
    pick(random, [
      "application/json-patch+json",
      "application/merge-patch+json",
      "application/strategic-merge-patch+json",
      "application/apply-patch+yaml",
    ]);
  if (chosen === "application/json-patch+json") {
    const ops = Array.from({ length: chance(random, 0.02) ? 12_000 : random.below(6) }, () => ({
      op: pick(random, ["add", "remove", "replace", "move", "copy", "test", "x", null, 1]),
      path: pick(random, POINTERS),
      from: pick(random, POINTERS),
      value: chance(random, 0.5) ? pick(random, ODD_VALUES)() : {},
    }));
    const bomb = Array.from({ length: 40 }, (_, index) => ({
      op: "copy",
      from: "/metadata",
      path: `/metadata/x${index}`,
    }));
    return { bytes: text.encode(jsonOf(chance(random, 0.05) ? bomb : ops, random)), type: chosen };
  }
  const object = objectOf(random, kind);
  const made = chance(random, 0.3)
    ? { metadata: { annotations: { a: String(random.below(9)) } }, ...directive(random) }
    : object;
  return { bytes: text.encode(brokenText(jsonOf(made, random), random)), type: chosen };
}

const directive = (random: Random): object =>
  pick<object>(random, [
    {},
    { $patch: "delete" },
    { $patch: "replace", spec: {} },
    { $patch: "x" },
    { spec: { $retainKeys: ["a"] } },
    { spec: { $retainKeys: 1 } },
    { spec: { containers: [{ $patch: "delete" }] } },
    { spec: { containers: [{ $patch: "delete", name: "web" }] } },
    { spec: { containers: [{ $patch: "replace" }] } },
    { spec: { "$setElementOrder/containers": [{ name: "x" }, { name: "web" }] } },
    { spec: { "$setElementOrder/containers": "x" } },
    { metadata: { "$deleteFromPrimitiveList/finalizers": ["a"] } },
    { metadata: { "$deleteFromPrimitiveList/finalizers": {} } },
    { spec: null },
    { metadata: null },
    { metadata: { managedFields: [{}] } },
    {
      metadata: {
        managedFields: [
          {
            manager: "a",
            operation: "Apply",
            fieldsType: "FieldsV1",
            fieldsV1: { "f:x": 1, "k:{": {}, "i:-1": {} },
            apiVersion: "v1",
          },
        ],
      },
    },
    { data: { a: null } },
    { spec: { replicas: null } },
    { spec: { replicas: 2n ** 40n } },
  ]);
