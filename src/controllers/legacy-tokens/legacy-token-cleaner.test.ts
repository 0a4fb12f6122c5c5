import assert from "node:assert/strict";
import { test } from "node:test";
import type { Secret } from "#api/core-v1/secret";
import { parseTime } from "#machinery/time";
import { planToken } from "./legacy-token-cleaner.ts";

const DAY_MS = 24 * 3600 * 1000;
const NOW = parseTime("2026-06-01T00:00:00Z");

const secret = (creationTimestamp: string, used?: string, invalid?: string) =>
  ({
    metadata: {
      creationTimestamp,
      labels: {
        ...(used === undefined ? {} : { "kubernetes.io/legacy-token-last-used": used }),
        ...(invalid === undefined ? {} : { "kubernetes.io/legacy-token-invalid-since": invalid }),
      },
    },
  }) as unknown as Secret;

const OLD = "2020-01-01T00:00:00Z";
const wait = (days: number) => ({ type: "wait", afterMs: days * DAY_MS });

const TABLE: readonly (readonly [string, Secret, string | undefined, object])[] = [
  ["nothing is known of use", secret(OLD), undefined, wait(1)],
  ["use is known for less than a year", secret(OLD), "2026-05-31", wait(364)],
  ["it is young", secret("2025-06-02T00:00:00Z"), "2020-01-01", wait(1)],
  ["it was used within a year", secret(OLD, "2025-06-11"), "2020-01-01", wait(10)],
  ["nobody has ever used it", secret(OLD), "2020-01-01", { type: "mark", day: "2026-06-01" }],
  ["it was used long ago", secret(OLD, "2025-06-01"), "2020-01-01", { type: "mark", day: "2026-06-01" }],
  ["it is invalid for less than a year", secret(OLD, undefined, "2025-06-02"), "2020-01-01", wait(1)],
  ["it is invalid for a year", secret(OLD, "2024-01-01", "2025-06-01"), "2020-01-01", { type: "delete" }],
];

for (const [name, token, since, plan] of TABLE) {
  test(`a generated token: ${name}`, () => {
    const sinceMs = since === undefined ? undefined : parseTime(`${since}T00:00:00Z`);
    assert.deepEqual(planToken(token, sinceMs, NOW), plan);
  });
}
