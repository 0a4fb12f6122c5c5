/** Bodies of requests for kinds. */
import type { Random } from "#base/random";
import type { Resource } from "#machinery/schema";
import { chance, pick } from "./choices.ts";
import { ODD_JSON, brokenText, jsonOf } from "./odd-values.ts";
import { objectOf } from "./odd-objects.ts";
import { patchOf } from "./patches.ts";
import { broken, protobufOf } from "./protobuf.ts";
import { oddWire } from "./wire.ts";

const text = new TextEncoder();

export interface Body {
  readonly bytes: Uint8Array;
  readonly type: string | undefined;
}

const TYPES = [
  "application/json",
  "application/yaml",
  "application/vnd.kubernetes.protobuf",
  "application/json-patch+json",
  "application/merge-patch+json",
  "application/strategic-merge-patch+json",
  "application/apply-patch+yaml",
  "application/apply-patch+cbor",
  "application/cbor",
  "text/plain",
  "",
  "application/json; charset=utf-16",
  "application/json;;;",
  "*/*",
  "x",
  ",",
  "APPLICATION/JSON",
];

export function bodyOf(random: Random, kind: Resource, method: string): Body {
  const type = chance(random, 0.1) ? pick(random, TYPES) : undefined;
  if (chance(random, 0.07))
    return { bytes: text.encode(pick(random, ODD_JSON)), type: type ?? defaultType(random, method) };
  if (method === "PATCH") return patchOf(random, kind, type);
  if (method === "DELETE")
    return {
      bytes: text.encode(jsonOf(pick(random, DELETE_OPTIONS), random)),
      type: type ?? "application/json",
    };
  const object = objectOf(random, kind);
  const as = random.next();
  if (as < 0.15) return { bytes: broken(protobufOf(kind, object), random), type: type ?? TYPES[2] };
  if (as < 0.19) return { bytes: oddWire(random, kind), type: type ?? TYPES[2] };
  if (as < 0.25) return { bytes: text.encode(jsonOf(object, random)), type: type ?? "application/yaml" };
  return { bytes: text.encode(brokenText(jsonOf(object, random), random)), type: type ?? "application/json" };
}

const defaultType = (random: Random, method: string): string =>
  method === "PATCH" ? pick(random, TYPES.slice(3, 8)) : "application/json";

const DELETE_OPTIONS: readonly unknown[] = [
  {},
  null,
  { gracePeriodSeconds: -1 },
  { gracePeriodSeconds: 0 },
  { gracePeriodSeconds: 2n ** 63n },
  { preconditions: { uid: "x" } },
  { preconditions: { resourceVersion: "1" } },
  { preconditions: null },
  { propagationPolicy: "x" },
  { orphanDependents: true, propagationPolicy: "Orphan" },
  { dryRun: ["All"] },
  { dryRun: ["x"] },
  { dryRun: "All" },
  { kind: "DeleteOptions", apiVersion: "v1" },
  { kind: "Pod", apiVersion: "v1" },
  { kind: "DeleteOptions", apiVersion: "apps/v1" },
  [],
  "x",
];
